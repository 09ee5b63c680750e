"""Fair Inference by words on transformers, each with its own text encoder: attribute prompts are encoded anew by the wired CLIP.

Most of these CLIPs pad nothing, so that an attribute prompt's text is longer than the sampled one.
"""

import pytest
import torch

from fair_attention.host import random_dit
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.text_bench import NODE, text_clip
from fair_attention.tests.host.transformers_bench import Family

PROMPT, STRENGTH = "a photo of two doctors", 4.0
CLIPS = {
    "Flux dev": "Flux", "Chroma": "PixArt, Chroma", "PixArt sigma": "PixArt, Chroma", "Qwen-Image": "Qwen-Image",
    "Z-Image": "Z-Image", "Lumina 2": "Lumina 2",
}  # fmt: skip


@pytest.fixture(scope="module", params=CLIPS)
def bench(request, host, tiny_checkpoint) -> Family:
    if not random_dit.known(request.param):
        pytest.skip("this ComfyUI does not know the family")
    with torch.inference_mode():
        made = Family(host, tiny_checkpoint, request.param)
        made.clip = text_clip(host, CLIPS[request.param])
        made.negative = made.encode("")
        made.tokens, made.positive = made.align(PROMPT)
    return made


def test_the_attribute_s_word_is_in_its_prompt(bench, host):
    """The people of an attribute prompt have tokens too, and the word before them has its own."""
    text = host.pack.nodes.sampling.clip_text
    said = "a photo of two female doctors"
    female, doctors = (text.named_words(bench.clip, said, word, NODE)[0].positions for word in ("female", "doctors"))
    (plain,) = text.named_words(bench.clip, PROMPT, "doctors", NODE)
    assert max(female) < min(doctors) and min(female) == min(plain.positions)
    assert max(doctors) < text.encode(bench.clip, said)[1].shape[1]


@pytest.mark.parametrize("cfg", [1.0, 5.0])
def test_people_are_steered_by_the_prompt_with_the_attribute(bench, cfg):
    """denoised - plain = s M (D_a - D_a'), D of "a photo of two female doctors" as the host samples it."""
    masks = {"masks": halves(), "regions": bench.regions(bench.tokens)}
    settings = {"start_percent": 0.0, "end_percent": 1.0, "every": 1, "steering": "in full"}
    model, attention = bench.fair(bench.target(), strength=STRENGTH, **masks, **settings)
    plain = bench.sample(bench.model, bench.positive, steps=1, cfg=cfg)
    added = bench.sample(model, bench.positive, steps=1, cfg=cfg) - plain
    said = [f"a photo of two {word} doctors" for word in ("female", "male")]
    alone = [bench.sample(bench.model, bench.encode(text), steps=1, cfg=1.0) for text in said]
    names = [a.name for a in bench.target().attributes]
    assert names == ["female", "male"]
    (people,) = attention.runs[-1].people
    third = 3 * bench.side // 8
    for person, columns in zip(people, (slice(0, third), slice(-third, None)), strict=True):
        wanted = STRENGTH * (alone[person.attribute] - alone[1 - person.attribute])
        assert wanted.abs().max() > 1e-3
        rounding = 2e-3 * wanted.abs().max() + 2e-6 * plain.abs().max()
        assert torch.allclose(added[..., columns], wanted[..., columns], atol=float(rounding))


def test_the_people_of_the_words_are_looked_for(bench):
    """Without masks: the words' columns are recorded until the warm-up ends; at strength 0 the picture is the plain one."""
    model, attention = bench.fair(
        bench.target(), strength=STRENGTH, regions=bench.regions(bench.tokens), end_percent=1.0
    )
    changed = bench.sample(model, bench.positive)
    run = attention.runs[-1]
    assert run.steps and all(torch.isfinite(run.store.mean(block)).all() for block in run.store.blocks)
    plain = bench.sample(bench.model, bench.positive)
    assert torch.equal(changed, plain) != bool(run.people[0])
    model, attention = bench.fair(bench.target(), strength=0.0, regions=bench.regions(bench.tokens))
    assert torch.equal(bench.sample(model, bench.positive), plain)
