"""Concept Entanglement on the real host: numbers from the recorded maps, drawn and reported; the capture's branch."""

from types import SimpleNamespace

import pytest
import torch

ATTRIBUTION = "a photo of the face of a doctor and gender"
WORDS = "photo, doctor, gender"


def capture(bench, **kw):
    kw = {"attribution_prompt": ATTRIBUTION, "words": WORDS, **kw}
    return bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, **kw).result


def measure(bench, attention, latent, **kw):
    return bench.node["FairConceptEntanglement"].execute(attention, latent, **kw).result


@pytest.fixture(scope="module")
def sampled(bench):
    """Two pictures with three words recorded."""
    with torch.inference_mode():
        model, attention = capture(bench)
        positive = bench.encode("two people in a garden")
        samples = bench.sample(model, positive, batch=2, steps=2)
        plain = bench.sample(bench.model, positive, batch=2, steps=2)
        return SimpleNamespace(attention=attention, latent={"samples": samples}, positive=positive, plain=plain)


def test_iou_is_that_of_the_summed_maps(bench, sampled):
    store = sampled.attention.runs[-1].store
    total = 0
    for block in store.blocks:
        if block.part != "middle":
            maps = store.mean(block)
            total = total + torch.nn.functional.interpolate(maps, (64, 64), mode="bilinear", align_corners=False)
    masks = total > torch.quantile(total.flatten(-2), 0.7, dim=-1)[..., None, None]
    doctor, gender = masks[:, 1], masks[:, 2]
    expected = (doctor & gender).sum((1, 2)) / (doctor | gender).sum((1, 2))
    miou, _, text, _ = measure(bench, sampled.attention, sampled.latent, demographic="Gender")
    assert miou == pytest.approx(float(expected.mean()), abs=1e-6)
    for number, value in enumerate(expected.tolist(), 1):
        assert f"image {number}: {value:.3f}" in text
    assert torch.equal(sampled.latent["samples"], sampled.plain)


def test_report_names_chance_control_and_every_block(bench, sampled):
    _, _, text, _ = measure(bench, sampled.attention, sampled.latent, control="photo")
    assert "chance level of independent masks: 0.176" in text and 'control, "photo" and "doctor": 0.' in text
    assert text.count("put.") == 15 and "middle.0" in text
    _, _, text, _ = measure(bench, sampled.attention, sampled.latent, percentile=50.0)
    assert "strongest 50%" in text and "chance level of independent masks: 0.333" in text and "control" not in text


def test_a_concept_overlaps_itself_completely(bench, sampled):
    miou, overlap, _, curve = measure(bench, sampled.attention, sampled.latent, demographic="doctor")
    assert miou == 1 and overlap.shape == (2, 384, 384, 3) and curve.shape[0] == 1
    red = (overlap[0] - torch.tensor([230, 60, 60]) / 255).abs().amax(-1) < 0.3
    assert red[120:].sum() == 0  # below the labels nothing is in the first concept's own colour


def test_chosen_blocks(bench, sampled):
    one, *_ = measure(bench, sampled.attention, sampled.latent, blocks="output.9")
    _, _, text, _ = measure(bench, sampled.attention, sampled.latent)
    assert f"output.9 {one:.3f}" in text


def test_refusals_name_the_words_there_are(bench, sampled):
    name = r"Concept Entanglement \(IoU\)"
    with pytest.raises(
        ValueError, match=rf"{name}: 'race' was not recorded; the attention holds photo, doctor, gender"
    ):
        measure(bench, sampled.attention, sampled.latent, demographic="race")
    with pytest.raises(ValueError, match=rf"{name}: name two recorded words"):
        measure(bench, sampled.attention, sampled.latent, demographic=" ")
    with pytest.raises(ValueError, match=rf"{name}, latent: this latent was not sampled with this capture"):
        measure(bench, sampled.attention, {"samples": sampled.latent["samples"] + 1})
    with pytest.raises(ValueError, match=rf"{name}, blocks: this model has no output.2"):
        measure(bench, sampled.attention, sampled.latent, blocks="output.2")


def test_unconditional_branch_records_the_negative_conditioning(bench, sampled):
    """The same text as positive, watched conditionally, gives the same maps at the first step."""
    model, unconditional = capture(bench, branch="unconditional")
    guided = bench.sample(model, sampled.positive, steps=1)
    turned, conditional = capture(bench)
    args = (
        turned,
        3,
        1,
        5.0,
        "euler",
        "normal",
        bench.negative,
        sampled.positive,
        {"samples": torch.zeros(1, 4, 8, 8)},
    )
    bench.host.nodes.common_ksampler(*args)
    store, other = unconditional.runs[-1].store, conditional.runs[-1].store
    assert len(store.blocks) == 16 and guided.isfinite().all()
    assert all(torch.allclose(store.mean(b), other.mean(b), atol=1e-5) for b in store.blocks)


def test_biasmaps_convention_is_one_choice(bench, sampled):
    """It wins over what is set, and measures what the separate settings measure."""
    model, named = capture(bench, convention="BiasMap (released code)", start_percent=0.5, blocks="output.3", heads="0")
    turned, spelt = capture(bench, branch="unconditional")
    latents = [{"samples": bench.sample(m, sampled.positive, steps=2)} for m in (model, turned)]
    assert torch.equal(*(latent["samples"] for latent in latents)) and len(named.runs[-1].store.blocks) == 16
    both = [measure(bench, a, latent)[2] for a, latent in zip((named, spelt), latents, strict=True)]
    assert both[0] == both[1] and both[0] != measure(bench, sampled.attention, sampled.latent)[2]
    with pytest.raises(ValueError, match=r"convention: BiasMap .* knows no word of the prompt.*choose as set"):
        capture(bench, attribution_prompt="", prompt="a doctor", words="doctor", convention="BiasMap (released code)")


def test_unconditional_branch_needs_an_attribution_prompt(bench):
    with pytest.raises(ValueError, match="Capture Cross-Attention, branch: unconditional knows no word of the prompt"):
        capture(bench, attribution_prompt="", prompt="a doctor", words="doctor", branch="unconditional")


def test_nothing_recorded_is_said(bench, sampled):
    model, attention = capture(bench, branch="unconditional")
    latent = {"samples": bench.sample(model, sampled.positive, cfg=1.0, steps=1)}
    with pytest.raises(ValueError, match="the run recorded no map. At cfg 1"):
        measure(bench, attention, latent)
