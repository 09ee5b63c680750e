"""Capture on the real host: several conditionings, areas and masks; guiders with conditionings of their own."""

import comfy.samplers
import pytest
import torch

from fair_attention.tests.host.capture_bench import PROMPT, CaptureBench
from fair_attention.tests.host.oracle import Expectation


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


def combined(bench):
    return [*bench.encode("a cat on a mat"), *bench.encode(PROMPT)]


def concatenated(bench):
    return bench.node["ConditioningConcat"]().concat(bench.encode(PROMPT), bench.encode("a cat on a mat"))[0]


def masked(bench):
    mask = torch.zeros(1, 128, 128)
    mask[:, 64:, 64:] = 1
    set_mask = bench.node["ConditioningSetMask"]().append
    inside = set_mask(bench.encode(PROMPT), mask, "default", 1.0)[0]
    return [*inside, *bench.encode("a cat on a mat")]


def ranged(bench):
    limit = bench.node["ConditioningSetTimestepRange"]().set_range
    return [*limit(bench.encode(PROMPT), 0.0, 0.5)[0], *limit(bench.encode("a cat on a mat"), 0.5, 1.0)[0]]


@pytest.mark.parametrize("build", [combined, concatenated, masked, ranged], ids=lambda f: f.__name__)
def test_conditionings(bench, build):
    positive = build(bench)
    want = Expectation(text=bench.record()[1].watch.context, length=154 if build is concatenated else None)
    run = bench.check(lambda m: bench.sample(m, positive, steps=4, pixels=128), want=want)
    assert run.steps == ({0, 1} if build is ranged else {0, 1, 2, 3})


def in_corner(bench, conditioning):
    """Confined to the lower right quarter of 128 pixels."""
    return bench.node["ConditioningSetArea"]().append(conditioning, 64, 64, 64, 64, 1.0)[0]


def at_corner(bench):
    return Expectation(text=bench.record()[1].watch.context, origin=(8, 8))


def test_an_area_lies_where_it_is(bench):
    positive = [*in_corner(bench, bench.encode(PROMPT)), *bench.encode("a cat on a mat")]
    run = bench.check(lambda m: bench.sample(m, positive, steps=2, pixels=128), want=at_corner(bench))
    maps = run.store.mean(run.store.blocks[0])[0, 0]
    assert maps[8:, 8:].min() > 0 and maps[:8].abs().max() == 0


def test_a_mask_cut_to_its_bounds_is_an_area(bench):
    mask = torch.zeros(1, 128, 128)
    mask[:, 64:, 64:] = 1
    inside = bench.node["ConditioningSetMask"]().append(bench.encode(PROMPT), mask, "mask bounds", 1.0)[0]
    positive = [*inside, *bench.encode("a cat on a mat")]
    bench.check(lambda m: bench.sample(m, positive, steps=2, pixels=128), want=at_corner(bench))


def test_the_copy_made_for_a_negatives_area_is_placed_by_itself(bench):
    """The host then computes the positive twice, under one identifier: on the whole picture and on the area."""
    negative = [*in_corner(bench, bench.encode("a dog")), *bench.encode("")]

    def sample(model):
        latent = {"samples": torch.zeros(1, 4, 16, 16)}
        args = (model, 3, 2, 5.0, "euler", "normal", bench.encode(PROMPT), negative, latent)
        return bench.host.nodes.common_ksampler(*args)[0]["samples"]

    bench.check(sample, want=at_corner(bench))


def guided(bench, guider_class, conds, set_cfg, model, pixels=64, sampler="euler"):
    """Sample two steps with a guider, as SamplerCustomAdvanced does."""
    guider = guider_class(model)
    guider.set_conds(*conds)
    set_cfg(guider)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", 2)
    noise = torch.randn(1, 4, pixels // 8, pixels // 8, generator=torch.manual_seed(1))
    return guider.sample(noise, torch.zeros_like(noise), comfy.samplers.sampler_object(sampler), sigmas, seed=1)


@pytest.mark.parametrize("nested", [False, True])
def test_dual_cfg(bench, nested):
    """Index 0 is the negative there, 2 the positive."""
    from comfy_extras.nodes_custom_sampler import Guider_DualCFG

    conds = bench.encode(PROMPT), bench.encode("a cat on a mat"), bench.negative
    want = Expectation(kind=2, text=bench.record()[1].watch.context)
    bench.check(lambda m: guided(bench, Guider_DualCFG, conds, lambda g: g.set_cfg(5.0, 4.0, nested), m), want=want)


def test_perp_neg(bench):
    from comfy_extras.nodes_perpneg import Guider_PerpNeg

    conds = bench.encode(PROMPT), bench.encode("a dog"), bench.negative
    bench.check(lambda m: guided(bench, Guider_PerpNeg, conds, lambda g: g.set_cfg(5.0, 1.0), m))
