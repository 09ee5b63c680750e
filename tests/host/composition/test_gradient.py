"""The energy's gradient is right beside code that writes into its features, and beside a kernel without backward."""

import pytest
import torch

from fair_attention.tests.host.composition import community
from fair_attention.tests.host.energy_bench import EnergyBench


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


def factor(h):
    return 1 + 0.2 * h.mean(1, keepdim=True)


def writing(h, skipped, options):
    half = h.shape[1] // 2
    h[:, half:] = h[:, half:] * factor(h)
    return h, skipped


def not_writing(h, skipped, options):
    first, second = h.chunk(2, 1)
    return torch.cat([first, second * factor(h)], 1), skipped


def gradient_of(bench, host, model):
    def look(guider, x, sigma, options, _):
        compute = host.pack.nodes.energy.separate_pass.EnergyPass(bench.terms())
        return compute(guider.inner_model, guider.conds["positive"], x, sigma, options)[0]

    before, bench.model = bench.model, model
    try:
        return bench.at_first_prediction(look)
    finally:
        bench.model = before


def test_features_that_are_written_to_give_the_gradient_of_features_that_are_not(bench, host):
    found = []
    for patch in (writing, not_writing):
        model = bench.model.clone()
        model.set_model_output_block_patch(patch)
        found.append(gradient_of(bench, host, model))
    assert found[1].abs().max() > 0
    assert torch.allclose(*found, atol=1e-5 * float(found[1].abs().max()))


def test_a_kernel_without_backward_leaves_the_gradient_whole(bench, host):
    plain = gradient_of(bench, host, bench.model)
    beside = gradient_of(bench, host, community.sage_attention(bench, bench.model))
    assert torch.allclose(beside, plain, atol=1e-5 * float(plain.abs().max()))


def test_an_override_that_keeps_gradients_is_kept(bench, host):
    def override(function, q, k, v, *args, **kwargs):
        return 0.5 * function(q, k, v, *args, **kwargs)

    model = bench.model.clone()
    model.model_options["transformer_options"]["optimized_attention_override"] = override
    plain, beside = (gradient_of(bench, host, m) for m in (bench.model, model))
    assert (beside - plain).abs().max() > 0.01 * plain.abs().max()
