"""Steering in full, one step, worked out by hand from predictions that are each asked for alone; models of eps and of v.

A step that ends at noise level 0 gives the denoised prediction itself, and the guidance is added to that one. So what
Fair Inference adds to the picture is, inside a person's mask,

    s (D_a - D_a')            of two attributes, each away from the other
    s (D_a - D_base)          of more than four; base: the prompt's own for "the prompt with the attribute inserted", the
                              negative's for "the attribute alone"
"""

import pytest
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.conditions import Bench, halves

PROMPT, NOUN = "a photo of two doctors", "doctors"
STRENGTH = 3.0
INSERTED, ALONE = "the prompt with the attribute inserted", "the attribute alone"
FIVES = ("young", "old", "tall", "short", "happy")
TWO, FIVE = ("gender", ""), ("own list", "\n".join(f"{word} 1 | {word} person" for word in FIVES))


@pytest.fixture(scope="module", params=["sd1", "sd2"])
def bench(request, host):
    name = f"exact-{request.param}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=request.param)
    with torch.inference_mode():
        return Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name))


def predicted(bench, text: str) -> torch.Tensor:
    """D(x, sigma) for this text alone, at the first noise level of seed 3."""
    return bench.sample(bench.model, bench.encode(text), steps=1, cfg=1.0)


@pytest.mark.parametrize("steer_by", [INSERTED, ALONE])
@pytest.mark.parametrize(("preset", "own"), [TWO, FIVE], ids=["two", "five"])
def test_what_is_added_is_the_direction_worked_out_by_hand(bench, preset, own, steer_by):
    tokens, positive = bench.align(PROMPT)
    target = bench.target(preset, own)
    model, attention = bench.fair(
        target, regions=bench.regions(tokens), masks=halves(), strength=STRENGTH, start_percent=0.0, end_percent=1.0,
        every=1, steering="in full", steer_by=steer_by,
    )  # fmt: skip
    added = bench.sample(model, positive, steps=1) - bench.sample(bench.model, positive, steps=1)
    people = attention.runs[-1].people[0]
    assert [p.label for p in people] == ["mask 1", "mask 2"] and people[0].attribute != people[1].attribute

    texts = [a.prompt if steer_by == ALONE else PROMPT.replace(NOUN, f"{a.word} {NOUN}") for a in target.attributes]
    said = [predicted(bench, text) for text in texts]
    base = predicted(bench, PROMPT if steer_by == INSERTED else "")
    # The middle columns are both people's: their masks' borders are soft.
    for person, columns in zip(people, (slice(0, 3), slice(5, 8)), strict=True):
        other = said[1 - person.attribute] if len(said) == 2 else base
        wanted = STRENGTH * (said[person.attribute] - other)
        assert wanted.abs().max() > 0.05
        assert torch.allclose(added[..., columns], wanted[..., columns], atol=2e-3 * float(wanted.abs().max()))
