"""A second sampling of the same picture, as for a hires fix: everybody keeps what the first one gave."""

import pytest
import torch

from fair_attention.emoji_world.world import CHECKPOINT
from fair_attention.tests.host.conditions import Bench, halves

ALL = "all runs since ComfyUI started"


def second_pass(bench, model, positive, samples, seed, denoise=0.6, size=16):
    """The picture enlarged and sampled again from part of the way, with another noise seed."""
    latent = {"samples": torch.nn.functional.interpolate(samples, (size, size), mode="nearest-exact")}
    args = (model, seed, 5, 5.0, "euler", "normal", positive, bench.negative, latent)
    return bench.host.nodes.common_ksampler(*args, denoise=denoise)[0]["samples"]


def given(attention) -> list[list[int]]:
    return [[p.attribute for p in people] for people in attention.runs[-1].people]


@pytest.mark.parametrize("seed", range(10, 16))
def test_masked_people_keep_their_attributes_whatever_the_second_seed(bench, setting, seed):
    model, attention = bench.fair(bench.target(assignment="independent draws"), masks=halves())
    samples = bench.sample(model, setting.positive, batch=2)
    first = given(attention)
    second_pass(bench, model, setting.positive, samples, seed)
    assert given(attention) == first and all(map(len, first))
    said = [p.why for people in attention.runs[-1].people for p in people]
    assert said == [f"{('female', 'male')[k]}, as in the sampling before" for people in first for k in people]


def test_people_found_again_keep_their_attributes(host):
    """On the emoji world, whose people are where its attention says."""
    with torch.inference_mode():
        bench = Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(CHECKPOINT.name))
        tokens, positive = bench.align("a photo of three pilots")
        regions = bench.regions(tokens, weights="emoji world (calibrated)")
        model, attention = bench.fair(bench.target(), regions=regions, start_percent=0.6)
        samples = bench.sample(model, positive, batch=2, steps=10, cfg=1.5, pixels=128)
        first = given(attention)
        second_pass(bench, model, positive, samples, seed=99, denoise=0.5, size=16)
    assert given(attention) == first and all(len(people) == 3 for people in first)


def test_another_picture_is_dealt_anew(bench, setting):
    model, attention = bench.fair(bench.target(assignment="independent draws"), regions=setting.regions, masks=halves())
    samples = bench.sample(model, setting.positive)
    passes = bench.host.pack.nodes.passes
    found = attention.runs[-1]
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    assert passes.pass_before(attention, torch.nn.functional.interpolate(samples, (16, 16))) is found
    assert passes.pass_before(attention, samples + 0.3 * samples.std() * noise[..., :8, :8]) is found
    for other in (noise, torch.zeros(1, 4, 8, 8), torch.cat([samples, samples]), -samples):
        assert passes.pass_before(attention, other) is None
    second_pass(bench, model, setting.positive, samples, 11)
    again = torch.nn.functional.interpolate(samples, (16, 16), mode="nearest-exact")
    assert passes.pass_before(attention, again) is found  # a variation of the second pass, not a third one
    assert passes.pass_before(attention, attention.runs[-1].result) is attention.runs[-1]
    dealt = {
        tuple(given(attention)[0]) for seed in range(8) if bench.sample(model, setting.positive, seed=seed) is not None
    }
    assert len(dealt) > 1


def test_a_quota_over_all_runs_counts_a_person_once(bench, setting):
    target = bench.target(assignment="running quota", running_quota_over=ALL, quota_name="passes")
    model, attention = bench.fair(target, regions=setting.regions, masks=halves()[:1])
    samples = bench.sample(model, setting.positive)
    once = attention.runs[-1].tally
    second_pass(bench, model, setting.positive, samples, 11)
    assert (
        attention.runs[-1].tally == once
        and sum(int(word) for word in once.replace(",", "").split() if word.isdigit()) == 1
    )


def test_variations_of_a_source_picture_are_dealt_anew(bench, setting):
    """Image to image with several seeds: no pass is the one before another."""
    model, attention = bench.fair(bench.target(assignment="independent draws"), masks=halves())
    source = bench.sample(bench.model, setting.positive)
    dealt = set()
    for seed in range(8):
        second_pass(bench, model, setting.positive, source, seed, denoise=0.3)
        assert not any("as in the sampling before" in p.why for p in attention.runs[-1].people[0])
        dealt.add(tuple(given(attention)[0]))
    assert len(dealt) > 1
