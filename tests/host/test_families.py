"""Stable Diffusion 2.x (predicts v) and SDXL (two text encoders, sizes, layers in a block): every node works there.

Tiny random models of those layouts through the stock loader; the maps themselves are held against an oracle, and the
gradient against the unguided run, where capture and energy guidance are tested.
"""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.conditions import Bench, halves

PROMPT = "a photo of two doctors in a garden"
CONCEPTS = "a photo of a doctor and gender"
BLOCKS = {"sd2": 16, "sdxl": 17}


@pytest.fixture(scope="module", params=list(BLOCKS))
def bench(request, host):
    name = f"family-{request.param}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=request.param)
    with torch.inference_mode():
        made = Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name))
    made.family = request.param
    return made


@pytest.fixture(scope="module")
def sampled(bench):
    """Two pictures with everything of ours on one model, and the same without."""
    with torch.inference_mode():
        tokens, positive = bench.align(PROMPT)
        regions = bench.regions(tokens)
        fair = {"regions": regions, "masks": halves(), "end_percent": 1.0}
        model, people = bench.fair(bench.target(), strength=5.0, **fair)
        guide = bench.node["FairSoftIoUGuidance"].execute
        model, energy = guide(model, bench.clip, CONCEPTS, "gender ~ doctor", end_percent=1.0, every=1).result
        capture = bench.node["FairAttentionCapture"].execute
        model, words = capture(model, bench.clip, tokens).result
        concepts = {"attribution_prompt": CONCEPTS, "words": "gender, doctor"}
        model, concepts = capture(model, bench.clip, **concepts).result
        latent = {"samples": bench.sample(model, positive, batch=2, steps=3)}
        return SimpleNamespace(
            tokens=tokens, positive=positive, regions=regions, people=people, energy=energy, words=words,
            concepts=concepts, latent=latent, image=bench.vae.decode(latent["samples"]),
            plain=bench.sample(bench.model, positive, batch=2, steps=3),
        )  # fmt: skip


def test_the_model_is_of_that_family(bench):
    model = bench.model.model
    assert (model.model_type.name == "V_PREDICTION") == (bench.family == "sd2")
    assert (model.adm_channels > 0) == (bench.family == "sdxl")


def test_words_are_found_and_recorded(bench, sampled):
    run = sampled.words.runs[-1]
    assert len(run.store.blocks) == BLOCKS[bench.family] and run.notes == []
    assert all(run.store.mean(block).isfinite().all() for block in run.store.blocks)


def test_heat_maps_and_regions(bench, sampled):
    pictures, maps = bench.node["FairAttentionHeatmaps"].execute(sampled.words, sampled.latent, sampled.image).result
    assert len(pictures) == len(maps) and maps.isfinite().all() and maps.max() > 0
    locate = bench.node["FairLocateRegions"].execute
    region, individuals, overlay, count = locate(sampled.words, sampled.latent, sampled.regions, sampled.image).result
    assert region.shape[0] == overlay.shape[0] == 2 and individuals.shape[0] == max(count, 1)


def test_weights_by_resolution_find_their_blocks(bench, sampled):
    regions = bench.regions(sampled.tokens, weights="by resolution (SD)")
    bench.node["FairLocateRegions"].execute(sampled.words, sampled.latent, regions)


def test_fair_inference_steers_each_person(bench, sampled):
    assert sampled.latent["samples"].isfinite().all()
    assert (sampled.latent["samples"] - sampled.plain).abs().max() > 1e-3
    assert [sorted(p.attribute for p in people) for people in sampled.people.runs[-1].people] == [[0, 1], [0, 1]]
    text, picture = bench.node["FairReport"].execute(sampled.people, sampled.latent, sampled.image).result
    assert "female: 2 of 4 (50%)" in text and picture.shape[0] == 2


def test_strength_zero_is_the_plain_picture_bit_for_bit(bench, sampled):
    model, _ = bench.fair(bench.target(), regions=sampled.regions, strength=0.0)
    guide = bench.node["FairSoftIoUGuidance"].execute
    model, _ = guide(model, bench.clip, CONCEPTS, "gender ~ doctor", strength=0.0).result
    assert torch.equal(bench.sample(model, sampled.positive, batch=2, steps=3), sampled.plain)


def test_energy_guidance_reports_each_step(bench, sampled):
    run = sampled.energy.runs[-1]
    assert [step.step for step in run.energy] == [0, 1, 2] and run.notes == []
    assert all(step.overlap.isfinite().all() for step in run.energy)
    text, _ = bench.node["FairReport"].execute(sampled.energy, sampled.latent).result
    assert "gender ~ doctor" in text


def test_entanglement(bench, sampled):
    measure = bench.node["FairConceptEntanglement"].execute
    miou, overlap, text, curve = measure(sampled.concepts, sampled.latent, image=sampled.image).result
    assert 0 <= miou <= 1 and overlap.shape[0] == 2 and curve.shape[0] == 1
    assert ("output.0.1" in text) == (bench.family == "sdxl")


def test_maps_are_saved_and_loaded(bench, sampled, host):
    bench.node["FairAttentionSave"].execute(sampled.words, sampled.latent, f"families/{bench.family}")
    (file,) = (host.base / "output" / "families").glob(f"{bench.family}*.safetensors")
    target = host.base / "input" / file.name
    target.write_bytes(file.read_bytes())
    loaded = bench.node["FairAttentionLoad"].execute(file.name).result[0]
    store, saved = loaded.runs[-1].store, sampled.words.runs[-1].store
    assert all(torch.allclose(store.mean(block), saved.mean(block), atol=1e-3) for block in saved.blocks)
