"""Masks on transformers under other guiders, over two samplings of one picture, and with a prompt for each half."""

import pytest
import torch

from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.transformers_bench import Family

PROMPT = "a photo of two doctors"


@pytest.fixture(scope="module", params=["Flux dev", "Qwen-Image"])
def bench(request, host, tiny_checkpoint) -> Family:
    with torch.inference_mode():
        return Family(host, tiny_checkpoint, request.param)


def guided(bench, model, positive, guidance: float):
    """As Flux is sampled mostly: Flux Guidance, a basic guider without a negative, SamplerCustomAdvanced."""

    def core(kind, *args, **kw):
        node = bench.node[kind]
        made = node.execute(*args, **kw) if hasattr(node, "execute") else getattr(node(), node.FUNCTION)(*args, **kw)
        return getattr(made, "result", made)[0]

    positive = core("FluxGuidance", positive, guidance)
    latent = {"samples": torch.zeros(1, bench.channels, *[1] * bench.framed, bench.side, bench.side)}
    noise, sigmas = core("RandomNoise", 3), core("BasicScheduler", model, "simple", 4, 1.0)
    sampler, guider = core("KSamplerSelect", "euler"), core("BasicGuider", model, positive)
    return core("SamplerCustomAdvanced", noise, guider, sampler, sigmas, latent)["samples"]


def test_a_guider_without_a_negative_samples_as_cfg_1(bench):
    positive = bench.encode(PROMPT)
    model, attention = bench.fair(bench.target(), masks=halves(), strength=2.0)
    fair, plain = (guided(bench, m, positive, 3.5) for m in (model, bench.model))
    assert attention.runs[-1].guided == "steered at steps 3 to 4 of 4"
    assert (fair - plain).abs().max() > 1e-3
    assert torch.equal(fair, bench.sample(model, positive, cfg=1.0))
    assert torch.equal(plain, bench.sample(bench.model, positive, cfg=1.0))


def test_the_report_names_the_guidance_that_is_in_the_predictions(bench):
    model, attention = bench.fair(bench.target(), masks=halves(), strength=4.0)
    guided(bench, model, bench.encode(PROMPT), 2.5)
    distilled = bench.name == "Flux dev"
    assert (
        "2.5 is in its predictions already: strength 4 pushes about as 10" in attention.runs[-1].settings
    ) == distilled


def test_people_keep_their_attributes_in_a_second_sampling_of_the_picture(bench):
    positive = bench.encode(PROMPT)
    model, attention = bench.fair(bench.target(), masks=halves())
    first = bench.sample(model, positive, batch=2)
    given = [[p.attribute for p in people] for people in attention.runs[-1].people]
    args = (model, 99, 4, 5.0, "euler", "simple", positive, bench.negative, {"samples": first})
    again = bench.host.nodes.common_ksampler(*args, denoise=0.6)[0]["samples"]
    people = attention.runs[-1].people
    assert again.shape == first.shape and [[p.attribute for p in image] for image in people] == given
    assert all(p.status.value == "kept" for image in people for p in image)


def test_a_prompt_for_each_half_is_kept_in_the_attribute_prompts(bench):
    """Areas and combined prompts: the attribute prompts ride with all of them, and without strength nothing changes."""
    area = bench.node["ConditioningSetArea"]().append(bench.encode("a garden"), 32, 64, 32, 0, 1.0)[0]
    both = bench.encode(PROMPT) + area
    model, attention = bench.fair(bench.target(), masks=halves())
    off, _ = bench.fair(bench.target(), masks=halves(), strength=0.0)
    plain = bench.sample(bench.model, both)
    assert torch.equal(bench.sample(off, both), plain)
    fair = bench.sample(model, both)
    assert fair.isfinite().all() and (fair - plain).abs().max() > 1e-3 and attention.runs[-1].why_plain == ""
