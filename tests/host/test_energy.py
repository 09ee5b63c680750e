"""SoftIoU Energy Guidance on the real host: the gradient is right, off is off, images do not mix, overlap falls."""

import math

import pytest
import torch

from fair_attention.tests.host.energy_bench import STRONG, EnergyBench, overlaps


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


@pytest.mark.parametrize("pairs", ["gender ~ doctor", "gender ~ doctor, face ~ gender"])
def test_gradient_agrees_with_finite_differences(bench, host, pairs):
    energy_pass, terms = host.pack.nodes.energy.separate_pass, bench.terms(pairs)

    def look(guider, x, sigma, options, _):
        compute = energy_pass.EnergyPass(terms)
        conds = guider.conds["positive"]
        gradient, _ = compute(guider.inner_model, conds, x, sigma, options)
        direction = gradient / gradient.norm()
        step = 3e-3 * sigma[0]
        up, down = (
            compute(guider.inner_model, conds, x + sign * step * direction, sigma, options)[1].total for sign in (1, -1)
        )
        return float((up - down) / (2 * step)), float((gradient * direction).sum())

    numeric, analytic = bench.at_first_prediction(look)
    assert analytic > 0 and numeric == pytest.approx(analytic, rel=0.01)


def test_gradient_of_several_pairs_is_the_sum_of_theirs(bench, host):
    """Finite differences see one direction only; this sees every cell of the latent."""
    every = ("gender ~ doctor", "face ~ gender", "gender ~ doctor, face ~ gender")

    def look(guider, x, sigma, options, _):
        passes = (host.pack.nodes.energy.separate_pass.EnergyPass(bench.terms(pairs)) for pairs in every)
        return [p(guider.inner_model, guider.conds["positive"], x, sigma, options) for p in passes]

    (one, e_one), (other, e_other), (both, e_both) = bench.at_first_prediction(look)
    assert torch.allclose(both, one + other, atol=1e-5 * float(both.abs().max()))
    assert e_both.total.item() == pytest.approx(e_one.total.item() + e_other.total.item(), rel=1e-5)
    assert torch.equal(e_both.overlap, torch.cat([e_one.overlap, e_other.overlap]))


def test_denoised_form_equals_the_published_eps_form(bench, host):
    """One Euler step to sigma 0 gives denoised itself: it moves as eps += lambda sqrt(1 - abar) dE/dz would move it."""
    energy_run, terms = host.pack.nodes.energy.run, bench.terms()
    plan = energy_run.EnergyPlan(terms, ("gender ~ doctor",), torch.ones_like, STRONG)
    capture = host.pack.guidance.run_record.Recording(host.pack.attention.records.Watch(()))
    model = host.pack.nodes.soft_iou.install(bench.model.clone(), plan, capture)

    def look(guider, x, sigma, options, denoised):
        gradient, _ = energy_run.EnergyPass(terms)(guider.inner_model, guider.conds["positive"], x, sigma, options)
        return x.clone(), float(sigma[0]), gradient, denoised

    x, sigma, gradient, denoised = bench.at_first_prediction(look)
    abar = 1 / (1 + sigma**2)
    eps = (x - denoised) / sigma
    eps = eps + STRONG * math.sqrt(1 - abar) * math.sqrt(1 + sigma**2) * gradient  # dE/dz, z = x / sqrt(1 + sigma^2)
    expected = (x - sigma * eps) / bench.model.get_model_object("latent_format").scale_factor
    assert torch.allclose(bench.sample(model, bench.positive, steps=1), expected, atol=1e-3, rtol=1e-4)


def test_a_held_gradient_pushes_z_as_it_did_before(bench, host):
    """Steps 1 and 2 with `every` 3: -lambda sigma^2 times step 0's dE/dz, brought to x at the present noise level."""
    energy_run, terms = host.pack.nodes.energy.run, bench.terms()
    wrapper, first, corrections = host.comfy.patcher_extension.WrappersMP.PREDICT_NOISE, {}, []

    def outside(executor, x, timestep, options=None, seed=None):
        if not first:
            conds = executor.class_obj.conds["positive"]
            found = energy_run.EnergyPass(terms)(executor.class_obj.inner_model, conds, x, timestep, options)
            first.update(sigma=float(timestep[0]), gradient=found[0])
        denoised = executor(x, timestep, options, seed)
        corrections.append((float(timestep[0]), denoised - corrections.pop()))
        return denoised

    def inside(executor, *args):
        corrections.append(executor(*args))
        return corrections[-1]

    model = bench.model.clone()
    model.add_wrapper_with_key(wrapper, "outside", outside)
    plan = energy_run.EnergyPlan(terms, ("gender ~ doctor",), torch.ones_like, 1000 * STRONG, every=3)
    capture = host.pack.guidance.run_record.Recording(host.pack.attention.records.Watch(()))
    model = host.pack.nodes.soft_iou.install(model, plan, capture)
    model.add_wrapper_with_key(wrapper, "inside", inside)
    bench.sample(model, bench.positive, steps=3)
    assert [s.step for s in capture.runs[-1].energy] == [0] and len(corrections) == 3
    dz = first["gradient"] * math.sqrt(1 + first["sigma"] ** 2)
    for sigma, correction in corrections:
        expected = -1000 * STRONG * sigma**2 * dz / math.sqrt(1 + sigma**2)
        assert torch.allclose(correction, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


def test_lambda_zero_is_the_plain_picture_bit_for_bit(bench):
    model, attention = bench.guide(strength=0.0)
    assert torch.equal(bench.sample(model, bench.positive, steps=3), bench.plain)
    assert attention.runs[-1].energy == []


def test_overlap_falls_along_the_run(bench):
    runs = {}
    for strength in (1e-6, 100.0):
        model, attention = bench.guide(strength=strength, longest_gradient=1.0)
        assert bench.sample(model, bench.positive, batch=2, pixels=128).isfinite().all()
        assert [s.step for s in attention.runs[-1].energy] == [0, 1, 2, 3]
        runs[strength] = overlaps(attention)
    free, pushed = runs.values()
    assert torch.allclose(pushed[0], free[0], atol=1e-6)
    assert (pushed[1:] < free[1:] - 0.02).all() and (pushed[-1] < pushed[0]).all()


def test_an_image_of_a_batch_equals_the_image_alone(bench, host, monkeypatch):
    model, attention = bench.guide(pairs="gender ~ doctor, face ~ doctor")
    batch = bench.sample(model, bench.positive, batch=3, noise=[0, 1, 2], steps=2)
    assert attention.runs[-1].pairs == ("gender ~ doctor", "face ~ doctor")
    assert attention.runs[-1].energy[0].overlap.shape == (2, 3)
    alone = bench.sample(model, bench.positive, noise=[1], steps=2)
    assert torch.allclose(batch[1:2], alone, atol=5e-3, rtol=1e-3)
    for module in (host.pack.nodes.energy.separate_pass, host.pack.nodes.energy.shared_pass):
        monkeypatch.setattr(module, "images_at_once", lambda *_: 2)
    chunked = bench.sample(model, bench.positive, batch=3, noise=[0, 1, 2], steps=2)
    assert torch.allclose(batch, chunked, atol=5e-3, rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("way", ["weights", "compute"])
def test_half_precision(bench, host, tiny_name, dtype, way):
    """Half weights cast by the host, and a U-Net that computes in half precision; the energy is float32 all the same."""
    if way == "compute":
        half = bench.model.clone()
        half.set_model_compute_dtype(dtype)
    else:
        path = host.folder_paths.get_full_path("checkpoints", tiny_name)
        load, options = host.comfy.sd.load_checkpoint_guess_config, {"dtype": dtype}
        half = load(path, output_vae=False, output_clip=False, model_options=options)[0]
        assert next(half.model.diffusion_model.parameters()).dtype == dtype
    model, attention = bench.guide(model=half)
    guided = bench.sample(model, bench.positive, steps=2)
    assert guided.isfinite().all() and not torch.equal(guided, bench.sample(half, bench.positive, steps=2))
    for step in attention.runs[-1].energy:
        assert step.outcome == ("guided",) and step.overlap.dtype == torch.float32
    model, attention = bench.guide(strength=1e-6)
    bench.sample(model, bench.positive, steps=2)
    full = overlaps(attention)[0]
    model, attention = bench.guide(model=half, strength=1e-6)
    bench.sample(model, bench.positive, steps=2)
    assert torch.allclose(overlaps(attention)[0], full, atol=0.02)
