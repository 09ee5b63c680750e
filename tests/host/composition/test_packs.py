"""SoftIoU beside other packs: they see what they see without it, and it reads what the sampler itself asks."""

import pytest
import torch
from comfy.patcher_extension import WrappersMP

from fair_attention.tests.host.composition import packs
from fair_attention.tests.host.energy_bench import EnergyBench, overlaps

FAINT = 1e-12  # a strength whose correction is far below rounding, while all is computed as at any other


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


def outcomes(attention) -> list:
    return [outcome for step in attention.runs[-1].energy for outcome in step.outcome]


@pytest.mark.parametrize("place", ["before", "after"])
def test_what_others_keep_in_the_options_stays_there(bench, place):
    plain = bench.sample(packs.momentum(bench, bench.model), bench.positive, steps=3)
    assert (plain - bench.plain).abs().max() > 0.01
    model = packs.momentum(bench, bench.model) if place == "before" else bench.model
    model, attention = bench.guide(model=model, strength=FAINT)
    model = packs.momentum(bench, model) if place == "after" else model
    drawn = bench.sample(model, bench.positive, steps=3)
    assert outcomes(attention) == ["guided"] * 3
    assert torch.allclose(drawn, plain, atol=1e-3, rtol=1e-3)


def test_the_options_are_as_before_after_each_prediction(bench):
    seen = []

    def look(executor, x, timestep, options=None, seed=None):
        before = {kind: dict(known) for kind, known in options["transformer_options"]["wrappers"].items()}
        out = executor(x, timestep, options, seed)
        after = options["transformer_options"]["wrappers"]
        seen.append(before == {kind: dict(known) for kind, known in after.items() if known or kind in before})
        return out

    model = bench.model.clone()
    model.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, "look", look)
    bench.sample(bench.guide(model=model)[0], bench.positive, steps=2)
    assert seen == [True, True]


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_random_numbers_of_a_forward_inside_ours_are_as_without_us(bench, place):
    torch.manual_seed(0)
    plain = bench.sample(packs.reference(bench, bench.model), bench.positive, steps=3)
    model = packs.reference(bench, bench.model) if place == "before" else bench.model
    model, attention = bench.guide(model=model, strength=FAINT)
    model = packs.reference(bench, model) if place == "after" else model
    torch.manual_seed(0)
    drawn = bench.sample(model, bench.positive, steps=3)
    assert outcomes(attention) == ["guided"] * 3
    assert torch.allclose(drawn, plain, atol=1e-3, rtol=1e-3)
    assert (plain - bench.plain).abs().max() > 0.01


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_energy_is_that_of_the_sampler_s_own_call(bench, place):
    """In the first step the latent is the same, and so is its energy, whatever else is asked beside."""
    _, wanted = model, attention = bench.guide()
    bench.sample(model, bench.positive, steps=1)
    model = packs.reference(bench, bench.model) if place == "before" else bench.model
    model, seen = bench.guide(model=model)
    bench.sample(packs.reference(bench, model) if place == "after" else model, bench.positive, steps=1)
    assert torch.allclose(overlaps(seen), overlaps(attention), atol=1e-4)


def test_a_step_cache_never_keeps_one_half_of_a_forward(bench):
    plain = bench.sample(packs.first_block_cache(bench, bench.model), bench.positive, steps=4)
    model, attention = bench.guide(model=packs.first_block_cache(bench, bench.model), strength=FAINT)
    drawn = bench.sample(model, bench.positive, steps=4)
    assert torch.allclose(drawn, plain, atol=1e-3, rtol=1e-3)
    run = attention.runs[-1]
    assert "guided" in outcomes(attention) and (len(run.energy) == 4 or "those steps were not guided" in run.notes[0])


def test_somebody_s_inference_mode_is_left(bench):
    _, plain = model, _ = bench.guide()
    wanted = bench.sample(model, bench.positive, steps=2)
    model, attention = bench.guide(model=packs.decorated(bench, bench.model))
    drawn = bench.sample(model, bench.positive, steps=2)
    assert outcomes(attention) == ["guided"] * 2
    assert torch.allclose(drawn, wanted, atol=1e-3, rtol=1e-3)


def test_tiles_are_refused(bench):
    model = packs.tiled(bench, bench.model)
    plain = bench.sample(model, bench.positive, steps=2, pixels=128)
    model, attention = bench.guide(model=model)
    assert torch.equal(bench.sample(model, bench.positive, steps=2, pixels=128), plain)
    run = attention.runs[-1]
    assert run.energy == [] and len(run.notes) == 1 and "tiles" in run.notes[0]


def test_a_window_of_the_batch_has_the_energies_of_its_own_images(bench):
    """Context windows 0-1-2 and 2-3 of four images: each image's energy is the one it has without them."""
    model, wanted = bench.guide()
    bench.sample(model, bench.positive, steps=1, batch=4)
    model, seen = bench.guide(model=packs.windows(bench, bench.model))
    drawn = bench.sample(model, bench.positive, steps=1, batch=4)
    assert drawn.isfinite().all() and outcomes(seen) == ["guided"] * 4
    assert torch.allclose(overlaps(seen), overlaps(wanted), atol=1e-4)
    assert len({round(float(v), 4) for v in overlaps(wanted)[0]}) == 4


def test_negpip_s_texts_give_the_maps_of_its_keys(bench, host):
    """Keys and values being the same tokens, everything is as without it."""
    model, wanted = bench.guide()
    plain = bench.sample(model, bench.positive, steps=2)
    other = EnergyBench.__new__(EnergyBench)
    other.__dict__.update(bench.__dict__, clip=packs.negpip_clip(bench.clip))
    other.negative = other.encode("")
    positive = other.encode("two people in a garden")
    assert positive[0][0].shape[1] == 2 * bench.positive[0][0].shape[1]
    model, seen = other.guide(model=packs.negpip(bench, bench.model))
    drawn = other.sample(model, positive, steps=2)
    assert torch.allclose(overlaps(seen), overlaps(wanted), atol=1e-4)
    assert torch.allclose(drawn, plain, atol=1e-3, rtol=1e-3)


def test_weights_that_patches_hold_let_gradients_through(bench):
    for model, positive in (
        (bench.model, packs.gligen(bench, bench.positive)),
        (packs.hypernetwork(bench, bench.model), bench.positive),
    ):
        plain = bench.sample(model, positive, steps=2)
        assert (plain - bench.sample(bench.model, bench.positive, steps=2)).abs().max() > 1e-3
        guided, attention = bench.guide(model=model)
        drawn = bench.sample(guided, positive, steps=2)
        assert outcomes(attention) == ["guided"] * 2 and drawn.isfinite().all()
        assert (drawn - plain).abs().max() > 1e-3
        assert torch.equal(bench.sample(model, positive, steps=2), plain)
