"""SoftIoU Energy Guidance in other people's graphs: samplers, model families, foreign patches, areas, Fair Inference."""

import pytest
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.energy_bench import EnergyBench, overlaps


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


@pytest.mark.parametrize("sampler, cfg", [("euler", 1.0), ("heun", 5.0), ("dpmpp_2m", 5.0), ("euler_ancestral", 5.0)])
def test_samplers(bench, sampler, cfg):
    model, attention = bench.guide()
    guided = bench.sample(model, bench.positive, sampler=sampler, cfg=cfg, steps=2)
    plain = bench.sample(bench.model, bench.positive, sampler=sampler, cfg=cfg, steps=2)
    assert guided.isfinite().all() and (guided - plain).abs().max() > 1e-3
    assert {s.step for s in attention.runs[-1].energy} == {0, 1}


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_other_families(host, family):
    """SD 2.x predicts v, SDXL has several layers a block: the same correction of the denoised prediction."""
    name = f"energy-{family}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=family)
    bench, results = EnergyBench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name)), {}
    for strength in (1e-6, 100.0):
        model, attention = bench.guide(strength=strength, longest_gradient=1.0)
        assert bench.sample(model, bench.positive, steps=2, pixels=128).isfinite().all()
        results[strength] = overlaps(attention)
    assert results[100.0][1] < results[1e-6][1]


def test_a_foreign_attention_replacement_stays_active(bench):
    calls = []

    def replacement(q, k, v, options):
        calls.append((options["block"], torch.is_grad_enabled()))
        heads = options["n_heads"]
        q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    model = bench.model.clone()
    for number in (1, 2, 4, 5, 7, 8):
        model.set_model_attn2_replace(replacement, "input", number)
    guided, attention = bench.guide(model=model)
    bench.sample(guided, bench.positive, steps=1)
    assert (("input", 7), True) in calls and (("input", 7), False) in calls
    assert attention.runs[-1].energy[0].outcome == ("guided",)


def test_areas_and_several_conditionings(bench, host):
    """Each conditioning has its own energy; gradients are put together as predictions are."""
    left = bench.node["ConditioningSetArea"]().append(bench.encode("a cat"), 64, 128, 0, 0, 1.0)[0]
    model, attention = bench.guide()
    guided = bench.sample(model, [*bench.positive, *left], steps=2, pixels=128)
    assert guided.isfinite().all() and [s.outcome for s in attention.runs[-1].energy] == [("guided",)] * 2


@pytest.mark.parametrize("fair_first", [True, False])
def test_composes_with_fair_inference(bench, fair_first):
    tokens, positive = bench.align()
    target, regions = bench.target(), bench.regions(tokens)
    fair_kw = {"regions": regions, "masks": halves(), "every": 1}
    if fair_first:
        model, people = bench.fair(target, **fair_kw)
        model, attention = bench.guide(model=model)
    else:
        model, attention = bench.guide()
        model, people = bench.fair(target, model=model, **fair_kw)
    both = bench.sample(model, positive, steps=3)
    fair = bench.sample(bench.fair(target, **fair_kw)[0], positive, steps=3)
    only = bench.sample(bench.guide()[0], positive, steps=3)
    assert both.isfinite().all()
    assert (both - fair).abs().max() > 1e-3 and (both - only).abs().max() > 1e-3
    assert len(attention.runs[-1].energy) == 3 and len(people.runs[-1].people[0]) == 2


def test_both_orders_with_fair_inference_give_the_same_picture(bench):
    tokens, positive = bench.align()
    kw = {"regions": bench.regions(tokens), "masks": halves(), "every": 1}
    one, _ = bench.fair(bench.target(), model=bench.guide()[0], **kw)
    other, _ = bench.guide(model=bench.fair(bench.target(), **kw)[0])
    assert torch.allclose(bench.sample(one, positive, steps=3), bench.sample(other, positive, steps=3), atol=1e-4)
