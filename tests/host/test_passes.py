"""A second sampling of the same picture, as for a hires fix: everybody keeps what the first one gave."""

import pytest
import torch

from fair_attention.emoji_world.world import CHECKPOINT
from fair_attention.tests.host.conditions import Bench, halves
from fair_attention.tests.host.post_cfg import stopped

ALL = "all runs since ComfyUI started"
FULL = {"steering": "in full"}  # who gets which is the seed's choice alone
METHODS = ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]


def second_pass(bench, model, positive, samples, seed, denoise=0.6, size=16, method="nearest-exact", crop="disabled"):
    """The picture enlarged by the core node and sampled again from part of the way, with another noise seed."""
    pixels = size if isinstance(size, tuple) else (size, size)
    latent = bench.node["LatentUpscale"]().upscale({"samples": samples}, method, 8 * pixels[1], 8 * pixels[0], crop)[0]
    return again(bench, model, positive, latent["samples"], seed, denoise)


def again(bench, model, positive, samples, seed, denoise=0.6, steps=2):
    args = (model, seed, steps, 5.0, "euler", "normal", positive, bench.negative, {"samples": samples})
    return bench.host.nodes.common_ksampler(*args, denoise=denoise)[0]["samples"]


def given(attention) -> list[list[int]]:
    return [[p.attribute for p in people] for people in attention.runs[-1].people]


def kept(attention) -> bool:
    return all(p.status.value == "kept" for people in attention.runs[-1].people for p in people)


@pytest.mark.parametrize("seed", range(10, 12))
def test_masked_people_keep_their_attributes_whatever_the_second_seed(bench, setting, seed):
    model, attention = bench.fair(bench.target(assignment="independent draws"), **FULL, masks=halves())
    samples = bench.sample(model, setting.positive, batch=2)
    first = given(attention)
    second_pass(bench, model, setting.positive, samples, seed)
    assert given(attention) == first and all(map(len, first))
    said = [p.why for people in attention.runs[-1].people for p in people]
    assert said == [f"{('female', 'male')[k]}, as in the sampling before" for people in first for k in people]


@pytest.mark.parametrize("denoise", [0.5, 0.3])
def test_people_found_keep_their_attributes(host, denoise):
    """On the emoji world, whose people are where its attention says: found again in a warm-up, or known without one."""
    with torch.inference_mode():
        bench = Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(CHECKPOINT.name))
        tokens, positive = bench.align("a photo of three pilots")
        regions = bench.regions(tokens, weights="emoji world (calibrated)")
        model, attention = bench.fair(bench.target(), **FULL, regions=regions, start_percent=0.6)
        samples = bench.sample(model, positive, batch=2, steps=10, cfg=1.5, pixels=128)
        first = given(attention)
        again(bench, model, positive, samples, seed=99, denoise=denoise, steps=5)
    assert given(attention) == first and all(len(people) == 3 for people in first) and kept(attention)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("size", "crop"), [(16, "disabled"), (12, "disabled"), ((16, 8), "center")])
def test_an_exact_resize_is_the_same_picture(bench, setting, method, size, crop):
    model, attention = bench.fair(bench.target(assignment="independent draws"), **FULL, masks=halves())
    samples = bench.sample(model, setting.positive, batch=2)
    pixels = size if isinstance(size, tuple) else (size, size)
    latent = bench.node["LatentUpscale"]().upscale({"samples": samples}, method, 8 * pixels[1], 8 * pixels[0], crop)[0]
    passes = bench.host.pack.guidance.fair.second_pass
    passes.remember(attention)
    before = passes.people_before([attention], latent["samples"], bench.host.comfy.utils.common_upscale)
    assert [[p.attribute for p in people] for people in before] == given(attention)
    halfway = latent["samples"].half()  # --fp16-intermediates
    assert None not in passes.people_before([attention], halfway, bench.host.comfy.utils.common_upscale)


def test_a_crop_takes_the_people_s_places_along(bench, setting):
    """The left half of a picture twice as wide as high: its middle, cut out, begins with the left half's right half."""
    passes, run_record = bench.host.pack.guidance.fair.second_pass, bench.host.pack.guidance.run_record
    left = torch.zeros(32, 64)
    left[:, :32] = 1
    samples = torch.randn(1, 4, 8, 16, generator=torch.Generator().manual_seed(0))
    person = run_record.Person(0, "doctor", left, 0, run_record.Status.ASSIGNED, "female", "by indexed quota, seed 0")
    capture = run_record.Recording(
        bench.host.pack.attention.records.Watch(()), pictures=[run_record.Picture(samples[0].half(), (person,))]
    )
    latent = bench.node["LatentUpscale"]().upscale({"samples": samples}, "bilinear", 128, 128, "center")[0]
    ((found,),) = passes.people_before([capture], latent["samples"], bench.host.comfy.utils.common_upscale)
    assert found.mask.shape == (64, 64)
    assert found.mask[:, :30].min() == 1 and found.mask[:, 34:].max() == 0


def test_each_image_of_a_batch_is_known_by_itself(bench, setting):
    """One picked out of the batch and enlarged; two in another order; one beside a picture that is new."""
    model, attention = bench.fair(bench.target(assignment="independent draws", seed=2), **FULL, masks=halves())
    samples = bench.sample(model, setting.positive, batch=4)
    first = given(attention)
    assert len({tuple(people) for people in first}) > 1
    for number in range(4):
        second_pass(bench, model, setting.positive, samples[number : number + 1], seed=50)
        assert given(attention) == [first[number]] and kept(attention)
    again(bench, model, setting.positive, samples[[3, 1]], seed=51)
    assert given(attention) == [first[3], first[1]]
    new = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    again(bench, model, setting.positive, torch.cat([new, samples[2:3]]), seed=52)
    old, known = attention.runs[-1].people
    assert [p.attribute for p in known] == first[2] and all(p.status.value != "kept" for p in old)


def test_a_picture_that_is_only_alike_is_dealt_anew(bench, setting):
    """Two pictures of one prompt can be as alike as a picture and its second pass; no measure tells them apart."""
    model, attention = bench.fair(bench.target(assignment="independent draws"), **FULL, masks=halves())
    samples = bench.sample(model, setting.positive)
    passes = bench.host.pack.guidance.fair.second_pass
    passes.remember(attention)
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    near = samples + 0.1 * samples.std() * noise[..., :8, :8]  # cosine .995
    large = torch.nn.functional.interpolate(samples, (16, 16), mode="bilinear")
    others = (noise, near, torch.zeros(1, 4, 8, 8), -samples, large + 0.1 * samples.std() * noise)
    assert [passes.people_before([attention], other, bench.host.comfy.utils.common_upscale) for other in others] == [
        [None]
    ] * 5
    assert None not in passes.people_before([attention], large, bench.host.comfy.utils.common_upscale)
    seen = set()
    for seed in range(8):
        again(bench, model, setting.positive, near, seed, denoise=0.3)
        assert not any(p.status.value == "kept" for p in attention.runs[-1].people[0])
        seen.add(tuple(given(attention)[0]))
    assert len(seen) > 1


def test_a_ninth_second_pass_and_one_after_failures(bench, setting):
    """Eight runs are kept with their maps; who was in a picture is known longer, and failed runs take nobody's place."""
    model, attention = bench.fair(bench.target(assignment="independent draws"), **FULL, masks=halves())
    samples = bench.sample(model, setting.positive, batch=2)
    first = given(attention)
    for seed in range(9):
        second_pass(bench, model, setting.positive, samples, seed, denoise=0.3)
        assert given(attention) == first and kept(attention)
    assert len(attention.runs) == attention.kept
    broken = stopped(model, RuntimeError("stop"))
    finished = [run for run in attention.runs if run.result is not None]
    for seed in range(9):
        with pytest.raises(RuntimeError, match="stop"):
            bench.sample(broken, setting.positive, seed=seed, steps=1)
    assert [run for run in attention.runs if run.result is not None] == finished[1:]
    second_pass(bench, model, setting.positive, samples, 20, denoise=0.3)
    assert given(attention) == first and kept(attention)


def test_what_is_remembered_has_an_end(bench, setting, monkeypatch):
    passes = bench.host.pack.guidance.fair.second_pass
    model, attention = bench.fair(bench.target(), **FULL, masks=halves())
    monkeypatch.setattr(passes, "KEPT_BYTES", 2 * (2 * 4 * 8 * 8 + 2 * 4 * 64 * 64))  # two pictures of two people
    for seed in range(4):
        bench.sample(model, setting.positive, seed=seed)
    passes.remember(attention)
    assert len(attention.pictures) == 2
    last = [attention.runs[i].result[0].half() for i in (-2, -1)]
    assert all(torch.equal(p.latent, x) for p, x in zip(attention.pictures, last, strict=True))


def changed(samples: torch.Tensor, size: int = 16) -> torch.Tensor:
    """As decoding, enlarging and encoding do: nothing of it is exact."""
    noise = torch.randn(samples.shape[0], 4, size, size, generator=torch.Generator().manual_seed(5))
    large = torch.nn.functional.interpolate(samples, (size, size), mode="bilinear")
    return large + 0.3 * samples.std() * noise


def test_people_of_another_fair_inference(bench, setting):
    """A second pass over decoded pictures, where the user says whose people they are."""
    first, before = bench.fair(bench.target(assignment="independent draws", seed=2), **FULL, masks=halves())
    samples = bench.sample(first, setting.positive, batch=4)
    dealt = given(before)
    second, after = bench.fair(bench.target(seed=77), **FULL, regions=setting.regions, masks=halves(), people_of=before)
    again(bench, second, setting.positive, changed(samples), seed=5)
    assert given(after) == dealt and kept(after)
    for number in range(4):  # picked out of the batch: the most similar one
        again(bench, second, setting.positive, changed(samples[number : number + 1]), seed=5)
        assert given(after) == [dealt[number]]
    unmasked, after = bench.fair(bench.target(), **FULL, regions=setting.regions, people_of=before)
    again(bench, unmasked, setting.positive, changed(samples), seed=5)  # no warm-up is left, and none is needed
    assert given(after) == dealt and kept(after)


def test_people_of_speaks_of_attributes_by_name_and_deals_another_axis_anew(bench, setting):
    first, before = bench.fair(bench.target(), **FULL, masks=halves())
    samples = bench.sample(first, setting.positive)
    turned, after = bench.fair(bench.target("own list", "male 1\nfemale 1"), **FULL, masks=halves(), people_of=before)
    again(bench, turned, setting.positive, changed(samples), seed=5)
    names = [[p.name for p in a.runs[-1].people[0]] for a in (before, after)]
    assert names[0] == names[1] and [1 - k for k in given(before)[0]] == given(after)[0]
    aged, after = bench.fair(bench.target("age"), **FULL, regions=setting.regions, people_of=before)
    again(bench, aged, setting.positive, changed(samples), seed=5)
    assert len(given(after)[0]) == 2 and None not in given(after)[0] and not kept(after)


def test_people_of_an_attention_without_people_is_refused(bench, setting):
    _, before = bench.fair(bench.target(), **FULL, masks=halves())
    model, _ = bench.fair(bench.target(), **FULL, masks=halves(), people_of=before)
    with pytest.raises(
        ValueError, match="Fair Inference, people_of: nobody was given an attribute with that attention"
    ):
        bench.sample(model, setting.positive)


def test_a_quota_over_all_runs_counts_a_person_once(bench, setting):
    target = bench.target(assignment="running quota", running_quota_over=ALL, quota_name="passes")
    model, attention = bench.fair(target, **FULL, regions=setting.regions, masks=halves()[:1])
    samples = bench.sample(model, setting.positive)
    once = attention.runs[-1].tally
    second_pass(bench, model, setting.positive, samples, 11)
    assert (
        attention.runs[-1].tally == once
        and sum(int(word) for word in once.replace(",", "").split() if word.isdigit()) == 1
    )


def test_variations_of_a_source_picture_are_dealt_anew(bench, setting):
    """Image to image with several seeds: no pass is the one before another."""
    model, attention = bench.fair(bench.target(assignment="independent draws"), **FULL, masks=halves())
    source = bench.sample(bench.model, setting.positive)
    dealt = set()
    for seed in range(8):
        second_pass(bench, model, setting.positive, source, seed, denoise=0.3)
        assert not any(p.status.value == "kept" for p in attention.runs[-1].people[0])
        dealt.add(tuple(given(attention)[0]))
    assert len(dealt) > 1


def split(bench, model, positive, at, steps=6, batch=2):
    """One schedule over two samplers (KSamplerAdvanced): the first leaves its noise in, the second adds none."""
    node, latent = bench.node["KSamplerAdvanced"](), {"samples": torch.zeros(batch, 4, 8, 8)}
    common = (3, steps, 5.0, "euler", "normal", positive, bench.negative)
    (half,) = node.sample(model, "enable", *common, latent, 0, at, "enable")
    (whole,) = node.sample(model, "disable", *common, half, at, 10000, "disable")
    return half["samples"], whole["samples"]


@pytest.fixture(scope="module")
def plain_of_two(bench, setting):
    """The plain pictures of the schedule that is split below."""
    with torch.inference_mode():
        return bench.sample(bench.model, setting.positive, steps=6, batch=2)


@pytest.fixture(scope="module", params=[(p, m) for p in ("soft", "blended") for m in (False, True)], ids=str)
def unsplit(request, bench, setting):
    """(preservation, whether by masks, settings, the pictures of a single sampler, who was given what)"""
    preservation, masked = request.param
    settings = {
        "regions": setting.regions,
        "every": 1,
        "start_percent": 0.3,
        "end_percent": 0.7,
        "strength": 30.0,
        **FULL,
    }
    settings |= {"preservation": preservation, "masks": halves() if masked else None}
    with torch.inference_mode():
        model, attention = bench.fair(bench.target(assignment="independent draws"), **settings)
        whole = bench.sample(model, setting.positive, steps=6, batch=2)
    return preservation, masked, settings, whole, given(attention)


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_schedule_split_over_two_samplers_is_the_one_of_a_single_sampler(bench, setting, unsplit, plain_of_two, at):
    """Before people are found, while they are steered, and after the last steered step."""
    (preservation, masked, settings, whole, wanted), plain = unsplit, plain_of_two
    model, attention = bench.fair(bench.target(assignment="independent draws"), **settings)
    _, parts = split(bench, model, setting.positive, at)
    assert given(attention) == wanted and any(wanted)
    assert torch.allclose(parts, whole, atol=4e-3)
    assert not masked or (whole - plain).abs().max() > 0.1
    if preservation == "blended":
        latent = {"samples": parts}
        unedited = bench.node["FairUneditedLatent"].execute(attention, latent).result[0]["samples"]
        assert torch.allclose(unedited, plain, atol=1e-4)
    text = bench.node["FairReport"].execute(attention, {"samples": parts}).result[0]
    assert ("In this sampling nobody was steered" in text) == (at == 5), text


def test_sigmas_split_by_the_core_node(bench, setting):
    """SamplerCustomAdvanced with SplitSigmas, a guider each."""
    from fair_attention.tests.host.composition.case import call

    model, attention = bench.fair(bench.target(), **FULL, regions=setting.regions, every=1, start_percent=0.3)
    whole = bench.sample(model, setting.positive, steps=6)
    wanted = given(attention)
    sigmas = call(bench, "BasicScheduler", model=model, scheduler="normal", steps=6, denoise=1.0)
    node = bench.node["SplitSigmas"]
    high, low = getattr(node.execute(sigmas, 3), "result", None) or node.execute(sigmas, 3)
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    for noise, part in ((call(bench, "RandomNoise", noise_seed=3), high), (call(bench, "DisableNoise"), low)):
        latent = call(
            bench, "SamplerCustomAdvanced", noise=noise, sigmas=part, latent_image=latent,
            guider=call(bench, "CFGGuider", model=model, positive=setting.positive, negative=bench.negative, cfg=5.0),
            sampler=call(bench, "KSamplerSelect", sampler_name="euler"),
        )  # fmt: skip
    assert given(attention) == wanted and torch.allclose(latent["samples"], whole, atol=2e-3)


def test_a_split_schedule_keeps_its_people_by_need_too(bench, setting):
    """The first sampler reads who is to get what; the second goes on with it."""
    model, attention = bench.fair(bench.target(), regions=setting.regions, masks=halves(), every=1, start_percent=0.3)
    bench.sample(model, setting.positive, steps=6, batch=2)
    wanted = given(attention)
    split(bench, model, setting.positive, 3)
    assert given(attention) == wanted and kept(attention)
    everybody = [p for people in attention.runs[-1].people for p in people]
    assert len({id(p.steered) for p in everybody}) == 4
    assert all(
        [s.axis for s in p.steered] == ["gender", "skin tone"] for p in everybody
    )  # steered, held; each said once
