"""No sampling ends without a change of the picture and without a reason in the report."""

import re

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fair_attention.tests.host.conditions import halves

PLAIN = "Nobody was changed: the picture is the plain one: "
PROMPTS = ("a photo of three doctors", "a photo of two female doctors", "doctors and nurses in a garden")


def report(bench, attention, latent) -> str:
    return bench.node["FairReport"].execute(attention, {"samples": latent}).result[0]


def masks_of(kind: str) -> torch.Tensor | None:
    return {"none": None, "empty": torch.zeros(2, 64, 64), "one": halves()[:1], "two": halves(), "2-D": halves()[0]}[
        kind
    ]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    window=st.sampled_from([(0.0, 1.0), (0.2, 0.9), (0.05, 0.2), (0.35, 0.6), (0.9, 1.0)]),
    steps=st.integers(1, 4),
    strength=st.sampled_from([0.0, 6.0]),
    prompt=st.sampled_from(PROMPTS),
    masks=st.sampled_from(["none", "empty", "one", "two", "2-D"]),
    limited=st.sampled_from([None, (0.0, 0.3), (0.3, 1.0)]),
    preservation=st.sampled_from(["soft", "blended"]),
    steering=st.sampled_from(["by need", "in full"]),
)
def test_fair_inference_changes_the_picture_or_says_why_not(
    bench, window, steps, strength, prompt, masks, limited, preservation, steering
):
    tokens, positive = bench.align(prompt)
    if limited:
        positive = bench.node["ConditioningSetTimestepRange"]().set_range(positive, *limited)[0]
        positive = positive + bench.encode("a garden")
    regions, start = bench.regions(tokens), window[0]
    given = {"strength": strength, "start_percent": start, "end_percent": window[1], "every": 1, "steering": steering}
    try:
        model, attention = bench.fair(
            bench.target(), regions=regions, masks=masks_of(masks), preservation=preservation, **given
        )
        latent = bench.sample(model, positive, steps=steps)
    except ValueError as error:
        assert str(error).startswith("Fair Inference") and len(str(error)) > 60
        return
    plain = bench.sample(bench.model, positive, steps=steps)
    text = report(bench, attention, latent)
    same = torch.equal(latent, plain)
    assert same == text.startswith(PLAIN), text
    if same:
        reason = text.splitlines()[0].removeprefix(PLAIN)
        assert len(reason) > 20 and reason.endswith(".")
        assert not re.search(r"of \d+ \(\d+%\)", text), "shares of people who were not steered"
        assert all(p.attribute is None for people in attention.runs[-1].people for p in people)
        assert torch.equal(
            bench.node["FairUneditedLatent"].execute(attention, {"samples": latent}).result[0]["samples"], plain
        )
    elif steering == "in full":  # by need, a person may have what it was given already
        assert (latent - plain).abs().max() > 1e-4


REASONS = {
    "strength": ({"strength": 0.0}, "strength is 0"),
    "window": ({"start_percent": 0.05, "end_percent": 0.2}, r"no step lies between start_percent 0.05 and end_percent 0.2: "
               r"the 4 steps of this sampling begin at 0%, 33%, 67%, 100% of the noise schedule"),
    "one step": ({"steps": 1}, r"no step lies between .*: its only step begins at 0%"),
    "stated": ({"prompt": "a photo of two female doctors"}, r"the prompt already states the gender of everybody it names "
               r"\(doctors: female\).* edit_fixed"),
    "empty masks": ({"masks": torch.zeros(2, 64, 64)}, "the masks are empty"),
    "nobody": ({"tau": 0.95, "rho": 1.0}, "nobody was found.* lower tau or rho in Block Voting"),
    "limited": ({"masks": halves(), "limited": (0.0, 0.1)}, "limited to a range of steps, and is not in force between"),
}  # fmt: skip


@pytest.mark.parametrize("name", REASONS)
def test_each_reason_is_named(bench, name):
    given, reason = dict(REASONS[name][0]), REASONS[name][1]
    tokens, positive = bench.align(given.pop("prompt", "a photo of three doctors"))
    regions = bench.regions(tokens, **{k: given.pop(k) for k in ("tau", "rho") if k in given})
    steps, limited = given.pop("steps", 4), given.pop("limited", None)
    if limited:
        positive = bench.node["ConditioningSetTimestepRange"]().set_range(positive, *limited)[0]
        positive = positive + bench.encode("a garden")
    target = bench.target(
        assignment="running quota", running_quota_over="all runs since ComfyUI started", quota_name=f"silence {name}"
    )
    model, attention = bench.fair(target, regions=regions, **given)
    latent = bench.sample(model, positive, steps=steps)
    assert torch.equal(latent, bench.sample(bench.model, positive, steps=steps))
    text = report(bench, attention, latent)
    assert re.match(PLAIN + ".*" + reason, text), text
    assert "quota" not in text  # nobody who was not steered is counted
    saved = bench.host.pack.nodes.storage
    tensors, facts = saved.to_tensors(attention.runs[-1], attention.watch)
    assert report(bench, saved.from_tensors(tensors, facts), latent) == text


def test_fewer_found_than_the_prompt_names_is_said(bench):
    tokens, positive = bench.align("a photo of five doctors")
    model, attention = bench.fair(bench.target(), regions=bench.regions(tokens), strength=8.0)
    latent = bench.sample(model, positive, batch=2)
    counts = [len(people) for people in attention.runs[-1].people]
    said = ", ".join(f"image {i}: {n}" for i, n in enumerate(counts, 1) if n < 5)
    assert min(counts) < 5 and f"fewer doctors were found than the 5 the prompt names ({said})" in report(
        bench, attention, latent
    )


def test_masks_without_regions_are_steered_by_the_attribute_alone_and_it_is_said(bench, setting):
    for regions, said in ((None, True), (setting.regions, False)):
        model, attention = bench.fair(bench.target(), masks=halves(), regions=regions)
        text = report(bench, attention, bench.sample(model, setting.positive))
        assert ("steered by the attribute alone" in text) == said


@pytest.mark.parametrize("given, reason", [
    ({"strength": 0.0}, "strength is 0"),
    ({"start_percent": 0.05, "end_percent": 0.2}, "no step lies between start_percent 0.05 and end_percent 0.2: the 4 steps"),
])  # fmt: skip
def test_energy_guidance_says_why_it_guided_nothing(bench, setting, given, reason):
    node = bench.node["FairSoftIoUGuidance"]
    model, attention = node.execute(bench.model, bench.clip, "a doctor and gender", "gender ~ doctor", **given).result
    latent = bench.sample(model, setting.positive)
    assert torch.equal(latent, setting.plain)
    assert report(bench, attention, latent).startswith(f"Nothing was guided: the picture is the plain one: {reason}")


def test_a_sampler_that_samples_nothing_and_a_latent_of_nan(bench, setting):
    model, attention = bench.fair(bench.target(), masks=halves())
    latent = {"samples": torch.randn(1, 4, 8, 8)}
    args = (model, 3, 4, 5.0, "euler", "normal", setting.positive, bench.negative, latent)
    samples = bench.host.nodes.common_ksampler(*args, denoise=0.0)[0]["samples"]
    with pytest.raises(ValueError, match=r"Fair Report: nothing was recorded yet.*denoise 0"):
        report(bench, attention, samples)
    samples = bench.sample(model, setting.positive)
    samples[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"Fair Report, latent: it holds values that are no numbers \(NaN"):
        report(bench, attention, samples)


def test_people_without_anybody_readable_have_a_chart(bench):
    read = bench.host.pack.metrics.readers.ReadAttributes("emoji world", {"gender": ("female", "male")}, ((), ()))
    result = bench.node["FairBiasMetrics"].execute(read).result
    assert "no readable face in 2 images" in result[3] and result[4].shape[0] == 1
