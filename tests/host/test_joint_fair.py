"""Fair Inference that finds the people itself, on every family of transformers whose attention can be read."""

import pytest
import torch

from fair_attention.host import random_dit
from fair_attention.tests.host.joint_bench import FAMILIES
from fair_attention.tests.host.transformers_bench import Family

PROMPT = "a photo of two doctors in a garden"


@pytest.fixture(scope="module", params=list(FAMILIES))
def bench(request, host, tiny_checkpoint) -> Family:
    if not random_dit.known(request.param):
        pytest.skip("this ComfyUI does not know the family")
    with torch.inference_mode():
        made = Family(host, tiny_checkpoint, request.param)
        made.tokens, made.positive = made.align(PROMPT)
        made.plain = made.sample(made.model, made.positive, batch=2)
    return made


def fair(bench, **kw):
    settings = {"regions": bench.regions(bench.tokens), "steering": "in full", "strength": 5.0}
    return bench.fair(bench.target(seed=1), **{**settings, **kw})


def test_people_are_found_and_changed(bench):
    model, attention = fair(bench)
    changed = bench.sample(model, bench.positive, batch=2)
    run = attention.runs[-1]
    assert run.notes == [] and run.store.labels and all(len(found) >= 1 for found in run.people)
    assert all(p.attribute in (0, 1) for found in run.people for p in found)
    assert changed.isfinite().all() and (changed - bench.plain).abs().max() > 1e-3
    report = bench.node["FairReport"].execute(attention, {"samples": changed}).result[0]
    assert "doctors" in report


def test_the_warm_up_is_the_plain_picture(bench):
    """Its maps are those that capture alone records in the same steps, so that nobody is found elsewhere."""
    model, attention = fair(bench, start_percent=0.5)
    bench.sample(model, bench.positive, batch=2)
    alone, words = (
        bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, bench.tokens, end_percent=0.5).result
    )
    assert torch.equal(bench.sample(alone, bench.positive, batch=2), bench.plain)
    mine, theirs = attention.runs[-1].store, words.runs[-1].store
    assert mine.blocks == theirs.blocks and attention.runs[-1].steps == words.runs[-1].steps
    assert all(torch.allclose(mine.mean(b), theirs.mean(b), atol=1e-5) for b in mine.blocks)


def test_strength_0_is_the_plain_picture_bit_for_bit(bench):
    model, _ = fair(bench, strength=0.0)
    assert torch.equal(bench.sample(model, bench.positive, batch=2), bench.plain)


def test_a_block_that_is_not_there_is_refused(bench):
    regions = bench.regions(bench.tokens, weights="custom", custom_weights="output.3 1")
    with pytest.raises(ValueError, match=r"gives a weight to output.3, which this model does not have; it has \w+\.0"):
        fair(bench, regions=regions)
