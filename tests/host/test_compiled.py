"""Models compiled by the core's TorchCompileModel: compiled code does not call hooks, so what is looked into runs uncompiled.

With the backend "eager", which traces as the others do and generates no code: minutes less. COMPILER=inductor runs them with it.
"""

import os

import pytest
import torch

from fair_attention.tests.host.conditions import PROMPT
from fair_attention.tests.host.energy_bench import EnergyBench

PART = "diffusion_model.output_blocks.3.1.transformer_blocks.0"  # as packs do that compile block by block


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


@pytest.fixture
def compiled():
    """(model, what of it is compiled) -> the same, compiled."""
    from comfy_api.torch_helpers import set_torch_compile_wrapper

    def compiled(model, what="diffusion_model"):
        model = model.clone()
        set_torch_compile_wrapper(model, backend=os.environ.get("COMPILER", "eager"), keys=[what])
        return model

    yield compiled
    torch._dynamo.reset()


def record(bench, model):
    return bench.node["FairAttentionCapture"].execute(model, bench.clip, None, PROMPT).result


def test_maps_are_those_of_the_model_uncompiled(bench, compiled):
    positive = bench.encode(PROMPT)
    other = compiled(bench.model)
    bench.sample(other, positive, steps=1)  # what is compiled now knows of no hook
    model, expected = record(bench, bench.model)
    plain = bench.sample(model, positive, steps=2)
    for model, attention in (record(bench, other), after(record(bench, bench.model), lambda m: compiled(m, PART))):
        assert torch.allclose(bench.sample(model, positive, steps=2), plain, atol=1e-4)
        stores = attention.runs[-1].store, expected.runs[-1].store
        assert [s.blocks for s in stores] == [stores[1].blocks] * 2 and len(stores[0].blocks) == 16
        for block in stores[0].blocks:
            assert torch.allclose(*(s.mean(block) for s in stores), atol=1e-5)


def after(recorded, compiled):
    return compiled(recorded[0]), recorded[1]


def test_energy_is_that_of_the_model_uncompiled(bench, compiled):
    expected = bench.sample(bench.guide()[0], bench.positive, steps=1)
    model, attention = bench.guide(compiled(bench.model, PART))
    assert torch.allclose(bench.sample(model, bench.positive, steps=1), expected, atol=1e-3)
    assert [s.outcome for s in attention.runs[-1].energy] == [("guided",)]


def test_people_are_found_and_steered_as_in_the_model_uncompiled(bench, compiled):
    tokens, positive = bench.align()
    given = {"regions": bench.regions(tokens), "start_percent": 0.6, "end_percent": 1.0, "strength": 30.0}
    models = [bench.fair(bench.target(), model=m, **given) for m in (bench.model, compiled(bench.model, PART))]
    expected, samples = (bench.sample(model, positive) for model, _ in models)
    moved = (expected - bench.sample(bench.model, positive)).abs().max()
    assert (samples - expected).abs().max() < 0.1 * moved
    whom = [[p.attribute for p in attention.runs[-1].people[0]] for _, attention in models]
    assert whom[0] == whom[1] != []
