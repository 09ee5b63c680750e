"""Capture and Fair Inference beside other packs: only the sampler's own call is recorded, and steering fits its rows."""

import logging

import pytest
import torch
from comfy.patcher_extension import WrappersMP

from fair_attention.tests.host.capture_bench import CaptureBench
from fair_attention.tests.host.composition import packs
from fair_attention.tests.host.composition.case import call
from fair_attention.tests.host.composition.ours import PROMPT
from fair_attention.tests.host.conditions import halves

ATTRIBUTION = "a photo of the face of a doctor and gender"


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


@pytest.fixture(scope="module")
def aligned(bench):
    with torch.inference_mode():
        return bench.align(PROMPT)


def steered(bench, aligned, model=None, masks=True, **settings):
    """(model, attention) of Fair Inference, strong and through the whole run."""
    settings = {
        "strength": 5.0,
        "start_percent": 0.4,
        "end_percent": 1.0,
        "every": 1,
        "steering": "in full",
        **settings,
    }
    return bench.fair(
        bench.target(), model=model or bench.model, regions=bench.regions(aligned[0]), masks=halves() if masks else None, **settings,
    )  # fmt: skip


def captured(bench, aligned, model=None, **settings):
    settings = settings or {"tokens": aligned[0]}
    return bench.node["FairAttentionCapture"].execute(model or bench.model, bench.clip, **settings).result


def same_maps(one, other, tolerance=1e-5) -> bool:
    assert one.steps == other.steps and set(map(str, one.store.blocks)) == set(map(str, other.store.blocks))
    return all(torch.allclose(one.store.mean(b), other.store.mean(b), atol=tolerance) for b in one.store.blocks)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_forward_on_the_way_is_not_recorded(bench, aligned, place):
    model, wanted = captured(bench, aligned)
    bench.sample(model, aligned[1], steps=1)
    model = packs.reference(bench, bench.model) if place == "before" else bench.model
    model, seen = captured(bench, aligned, model)
    model = packs.reference(bench, model) if place == "after" else model
    bench.sample(model, aligned[1], steps=1)
    assert same_maps(seen.runs[-1], wanted.runs[-1]) and seen.runs[-1].notes == []


@pytest.mark.parametrize("given", ["tokens", "attribution"])
def test_negpip_s_keys_are_those_of_the_words(bench, aligned, given):
    other = CaptureBench.__new__(CaptureBench)
    other.__dict__.update(bench.__dict__, clip=packs.negpip_clip(bench.clip))
    other.negative = other.encode("a long negative prompt " * 20)
    runs = []
    for who, model in ((bench, bench.model), (other, packs.negpip(bench, bench.model))):
        tokens, positive = who.align(PROMPT)
        settings = (
            {"tokens": tokens} if given == "tokens" else {"attribution_prompt": ATTRIBUTION, "words": "doctor, gender"}
        )
        model, seen = captured(who, None, model, **settings)
        who.negative = who.encode("a long negative prompt " * 20)
        who.sample(model, positive, steps=2)
        runs.append(seen.runs[-1])
    bench.negative = bench.encode("")
    assert same_maps(*runs) and runs[1].notes == []


def test_a_tile_is_not_passed_off_as_the_picture(bench, aligned):
    model, seen = captured(bench, aligned, packs.tiled(bench, bench.model))
    plain = bench.sample(packs.tiled(bench, bench.model), aligned[1], steps=2, pixels=128)
    assert torch.equal(bench.sample(model, aligned[1], steps=2, pixels=128), plain)
    assert seen.runs[-1].store.blocks == [] and "tiles" in seen.runs[-1].notes[0]
    model, _ = steered(bench, aligned, packs.tiled(bench, bench.model), masks=False)
    with pytest.raises(ValueError, match="Fair Inference.*tiles.*connect masks"):
        bench.sample(model, aligned[1], steps=4, pixels=128)
    model, attention = steered(bench, aligned, packs.tiled(bench, bench.model), start_percent=0.0)
    drawn = bench.sample(model, aligned[1], steps=2, pixels=128)
    assert (drawn - plain).abs().max() > 0.01 and attention.runs[-1].notes == []


@pytest.mark.parametrize("images", [1, 4])
def test_windows_of_a_batch_are_recorded_as_the_batch_is(bench, aligned, images):
    runs = []
    for patch in (lambda bench, model: model, packs.windows):
        model, seen = captured(bench, aligned, patch(bench, bench.model))
        bench.sample(model, aligned[1], steps=1, batch=images)
        runs.append(seen.runs[-1])
    assert same_maps(*runs) and runs[1].notes == []


def test_people_of_a_windowed_batch_are_steered_each_by_its_own(bench, aligned):
    """In one step all windows see the same latent: what is added is what is added without them."""
    added = []
    for model in (bench.model, packs.windows(bench, bench.model)):
        plain = bench.sample(model, aligned[1], steps=1, batch=4)
        guided, attention = steered(bench, aligned, model, start_percent=0.0)
        added.append(bench.sample(guided, aligned[1], steps=1, batch=4) - plain)
        assert [[p.attribute for p in people] for people in attention.runs[-1].people] == [[0, 1], [0, 1]] * 2 or all(
            sorted(p.attribute for p in people) == [0, 1] for people in attention.runs[-1].people
        )
    assert added[0].abs().max() > 0.01 and torch.allclose(*added, atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("every", [1, 3])
def test_a_latent_that_grows_while_sampling_is_steered_at_every_size(bench, aligned, every):
    plain = packs.growing(bench, bench.model, aligned[1])
    model, attention = steered(bench, aligned, every=every, start_percent=0.0)
    drawn = packs.growing(bench, model, aligned[1])
    assert drawn.shape[-1] == 12 and (drawn - plain).abs().max() > 0.01
    model, seen = captured(bench, aligned)
    assert torch.equal(packs.growing(bench, model, aligned[1]), plain)
    assert seen.runs[-1].steps == {0, 1, 2, 3} and seen.runs[-1].notes == []


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_loop_that_runs_twice_is_recorded_as_its_last(bench, aligned, place):
    def look(executor, guider, sigmas, extra, callback, noise, latent=None, *rest):
        starts.append(None if latent is None else latent.clone())
        return executor(guider, sigmas, extra, callback, noise, latent, *rest)

    starts: list = []
    model = packs.repeated(bench, bench.model) if place == "before" else bench.model
    model, seen = captured(bench, aligned, model)
    model = packs.repeated(bench, model) if place == "after" else model
    model.add_wrapper_with_key(WrappersMP.SAMPLER_SAMPLE, "look", look)
    result = bench.sample(model, aligned[1], steps=2)
    assert len(starts) in (1, 2) and seen.runs[-1].steps == {0, 1}
    once, of_one = captured(bench, aligned)
    bench.sample(once, aligned[1], steps=2)
    run = seen.runs[-1]
    assert all(run.store.counts[b].max() == 2 for b in run.store.blocks)
    assert not same_maps(run, of_one.runs[-1])  # of the second loop, which began elsewhere
    assert result.isfinite().all()


@pytest.mark.parametrize("place", ["before", "after"])
def test_attention_couple_that_sums_all_positives(bench, aligned, place):
    """The region's prompt is the same beside each attribute, so that both people are steered towards theirs."""
    plain = bench.sample(packs.couple(bench, bench.model), aligned[1], steps=3)
    assert (plain - bench.sample(bench.model, aligned[1], steps=3)).abs().max() > 0.01
    model = packs.couple(bench, bench.model) if place == "before" else bench.model
    model, attention = steered(bench, aligned, model)
    model = packs.couple(bench, model) if place == "after" else model
    drawn = bench.sample(model, aligned[1], steps=3)
    assert (drawn - plain).abs().max() > 0.01 and attention.runs[-1].notes == []
    assert sorted(p.attribute for p in attention.runs[-1].people[0]) == [0, 1]


def test_a_refusal_that_a_sampler_swallows_is_in_the_log_and_in_the_report(bench, aligned, caplog):
    """Found by the attention, in a sampling that begins behind the warm-up."""
    model, attention = steered(bench, aligned, masks=False, start_percent=0.2)
    latent = {"samples": torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))}

    def regional(denoise):
        args = (model, 3, 4, 5.0, "euler", "normal", aligned[1], bench.negative, latent)
        try:
            return bench.host.nodes.common_ksampler(*args, denoise=denoise)[0]
        except ValueError:
            return latent

    with caplog.at_level(logging.ERROR):
        untouched = regional(0.5)
    assert untouched is latent and "sampling begins later" in caplog.text
    with pytest.raises(ValueError, match="refused: Fair Inference, start_percent: sampling begins later"):
        bench.node["FairReport"].execute(attention, latent)
    drawn = regional(1.0)
    text, _ = bench.node["FairReport"].execute(attention, drawn).result
    assert text.count("sampling before this one was refused") == 1 and attention.refused == []
    regional(0.5)
    text, _ = bench.node["FairReport"].execute(attention, drawn).result
    assert "a later sampling was refused: Fair Inference, start_percent" in text


def test_a_scheduled_prompt_that_ends_is_named(bench, aligned):
    """[three doctors:flowers:0.6]: behind the switch no prompt names the people."""
    tokens, positive = aligned
    first = call(bench, "ConditioningSetTimestepRange", conditioning=positive, start=0.0, end=0.6)
    other = call(bench, "ConditioningSetTimestepRange", conditioning=bench.encode("flowers"), start=0.6, end=1.0)
    model, attention = steered(bench, aligned, start_percent=0.2)
    latent = bench.sample(model, [*first, *other], steps=6)
    text, _ = bench.node["FairReport"].execute(attention, {"samples": latent}).result
    assert "was not in force" in text and "nobody was steered there" in text
