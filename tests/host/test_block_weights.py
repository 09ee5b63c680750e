"""Weights for blocks that the model, or what was recorded of it, does not have."""

import pytest
import torch

from fair_attention.tests.host.conditions import halves


def test_fair_inference_refuses_blocks_the_model_lacks(bench):
    tokens, _ = bench.align()
    regions = bench.regions(tokens, weights="custom", custom_weights="output.2 1, output.3 1, middle.7 0.5, input.9 0")
    message = r"Fair Inference, regions: .* middle.7, output.2, which this model .* input.1, .* custom_weights"
    for masks in (None, halves()):
        with pytest.raises(ValueError, match=message):
            bench.fair(bench.target(), regions=regions, masks=masks)


def test_locate_regions_refuses_blocks_that_were_not_recorded(bench):
    tokens, positive = bench.align()
    model, attention = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, tokens).result
    latent = {"samples": bench.sample(model, positive, steps=1)}
    regions = bench.regions(tokens, weights="custom", custom_weights="output.2 1")
    with pytest.raises(
        ValueError, match=r"Locate Regions, regions: .* output.2, which the attention does not have; .*input.1, "
    ):
        bench.node["FairLocateRegions"].execute(attention, latent, regions)


def test_uniform_counts_every_block_alike(bench):
    tokens, positive = bench.align()
    model, attention = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, tokens).result
    latent = {"samples": bench.sample(model, positive, steps=1)}
    every = ", ".join(f"{block} 1" for block in attention.runs[-1].store.blocks)
    named = bench.regions(tokens, weights="custom", custom_weights=every)
    located = [
        bench.node["FairLocateRegions"].execute(attention, latent, r).result for r in (bench.regions(tokens), named)
    ]
    assert torch.equal(located[0][0], located[1][0]) and torch.equal(located[0][1], located[1][1])
