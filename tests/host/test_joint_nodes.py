"""What reads maps works on a transformer's: voting, regions, heat maps, entanglement, files. What needs gradients refuses it."""

import pytest
import torch

from fair_attention.host import random_dit
from fair_attention.tests.host.joint_bench import FAMILIES, JointBench


@pytest.fixture(scope="module", params=list(FAMILIES))
def bench(request, host):
    if not random_dit.known(request.param):
        pytest.skip("this ComfyUI does not know the family")
    with torch.inference_mode():
        made = JointBench(host, request.param)
        model, made.attention = made.record()
        made.sampled = {"samples": made.sample(model, made.latent(2), steps=2)}
    return made


def vote(bench, **kw):
    return bench.node["FairBlockVoting"].execute(bench.tokens, **kw).result[0]


@pytest.mark.parametrize("weights", ["by resolution (SD)", "uniform"])
def test_people_are_located(bench, weights):
    locate = bench.node["FairLocateRegions"].execute
    region, individuals, overlay, count = locate(bench.attention, bench.sampled, vote(bench, weights=weights)).result
    assert region.shape[0] == overlay.shape[0] == 2 and individuals.shape[0] == max(count, 1)
    assert 0 < region.mean() < 1


def test_blocks_are_weighted_by_the_host_s_names(bench):
    name = bench.blocks[-1]
    regions = vote(bench, weights="custom", custom_weights=f"{name} 1")
    locate = bench.node["FairLocateRegions"].execute
    alone = locate(bench.attention, bench.sampled, regions).result[0]
    every = locate(bench.attention, bench.sampled, vote(bench, weights="uniform")).result[0]
    assert not torch.equal(alone, every)


def test_heat_maps(bench):
    maps = bench.node["FairAttentionHeatmaps"].execute(bench.attention, bench.sampled).result[1]
    assert len(maps) == 2 * 3 and maps.isfinite().all() and maps.max() > 0.5


def test_entanglement(bench):
    report = bench.node["FairConceptEntanglement"].execute(bench.attention, bench.sampled, "smiling", "doctors").result
    assert any("mIoU" in str(value) for value in report)
    assert any(bench.blocks[0] in str(value) for value in report)


def test_maps_are_explored(bench):
    masks = (
        bench.node["FairExploreMaps"].execute(bench.attention, bench.sampled, words="doctors", threshold=0.5).result[0]
    )
    assert masks.shape[0] == 2 and 0 < masks.mean() < 1


def test_maps_go_through_a_file(bench):
    from fair_attention.nodes.storage import from_tensors, to_tensors

    run = bench.attention.runs[-1]
    back = from_tensors(*to_tensors(run, bench.attention.watch)).runs[-1]
    for block in run.store.blocks:
        assert torch.equal(back.store.mean(block), run.store.mean(block))


def test_what_needs_gradients_or_weights_of_a_u_net_refuses_it(bench):
    said = r"MODEL is a transformer \(.*\), whose attention this node can neither change nor differentiate"
    target = bench.node["FairTargetDistribution"].execute("gender", "", "indexed quota", 0).result[0]
    asked = {
        "SoftIoU Energy Guidance": ("FairSoftIoUGuidance", ("a doctor and gender", "gender ~ doctor")),
        r"Fair Diffusion \(SEGA\)": ("FairDiffusion", (target,)),
        r"Unified Concept Editing \(UCE\)": ("FairConceptEditing", (target, "doctor")),
    }
    for title, (node, given) in asked.items():
        with pytest.raises(ValueError, match=f"{title}: {said}"):
            bench.node[node].execute(bench.model, None, *given)
