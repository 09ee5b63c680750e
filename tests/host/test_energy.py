"""SoftIoU Energy Guidance on the real host: the gradient is right, off is off, nothing stays behind, all samplers."""

import math
from types import SimpleNamespace

import pytest
import torch

from fair_attention.tests.host import tiny
from fair_attention.tests.host.conditions import Bench, halves

ATTRIBUTION = "a photo of the face of a doctor and gender"
STRONG = 10.0


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return Bench(host, tiny_checkpoint)


@pytest.fixture(scope="module")
def setting(bench):
    """The conditioning of a prompt without any concept word, and the plain picture of seed 3."""
    energy = bench.host.pack.guidance.energy
    energy.PRESETS["smooth"] = energy.EnergyPreset(smooth, energy.clip, stop_at_chance=False, branch="conditional")
    with torch.inference_mode():
        positive = bench.encode("two people in a garden")
        return SimpleNamespace(positive=positive, plain=bench.sample(bench.model, positive, steps=3))


def guide(bench, model=None, text=ATTRIBUTION, pairs="gender ~ doctor", **kw):
    """(patched model, attention): guidance through the whole run by an energy that never stops pushing."""
    kw = {"strength": STRONG, "end_percent": 1.0, "preset": "smooth", "branch": "conditional", **kw}
    kw = {"blocks": "quarter resolution and below", "longest_gradient": 0.0, **kw}
    return bench.node["FairSoftIoUGuidance"].execute(model or bench.model, bench.clip, text, pairs, **kw).result


def smooth(maps: torch.Tensor) -> torch.Tensor:
    """A soft mask without a threshold that gradients leave out, so that finite differences see the same function."""
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    return torch.sigmoid(((maps - low) / (high - low) - 0.5) / 0.2)


def at_first_prediction(bench, host, positive, look):
    """Sample one step and call look(guider, x, sigma, options, denoised) inside it, where our own wrapper is called."""
    seen = []

    def predict(executor, x, timestep, model_options=None, seed=None):
        denoised = executor(x, timestep, model_options, seed)
        seen.append(look(executor.class_obj, x, timestep, model_options, denoised))
        return denoised

    model = bench.model.clone()
    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.PREDICT_NOISE, "test", predict)
    bench.sample(model, positive, steps=1)
    return seen[0]


@pytest.fixture(scope="module")
def terms(bench, host):
    """The energy of the node's own words and blocks, with the smooth mask."""
    with torch.inference_mode():
        energy, energy_pass = host.pack.nodes.energy, host.pack.nodes.energy_pass
        words, pairs = energy.read_pairs(bench.clip, ATTRIBUTION, "gender ~ doctor")
        blocks = energy.energy_blocks(bench.model, energy.ALL)
        context = energy.own_context(bench.clip, ATTRIBUTION)
        return energy_pass.EnergyTerms(words, pairs, context, blocks, smooth, False)


def test_gradient_agrees_with_finite_differences(bench, host, setting, terms):
    energy_pass = host.pack.nodes.energy_pass

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

    numeric, analytic = at_first_prediction(bench, host, setting.positive, look)
    assert analytic > 0 and numeric == pytest.approx(analytic, rel=0.01)


def test_denoised_form_equals_the_published_eps_form(bench, host, setting, terms):
    """One Euler step to sigma 0 gives denoised itself: it moves as eps += lambda sqrt(1 - abar) dE/dz would move it."""
    energy_run = host.pack.nodes.energy_run
    plan = energy_run.EnergyPlan(terms, ("gender ~ doctor",), torch.ones_like, STRONG)
    capture = host.pack.nodes.types.Capture(host.pack.nodes.types.Watch(()))
    model = host.pack.nodes.energy.install(bench.model.clone(), plan, capture)

    def look(guider, x, sigma, options, denoised):
        gradient, _ = energy_run.EnergyPass(terms)(guider.inner_model, guider.conds["positive"], x, sigma, options)
        return x.clone(), float(sigma[0]), gradient, denoised

    x, sigma, gradient, denoised = at_first_prediction(bench, host, setting.positive, look)
    abar = 1 / (1 + sigma**2)
    eps = (x - denoised) / sigma
    eps = eps + STRONG * math.sqrt(1 - abar) * math.sqrt(1 + sigma**2) * gradient  # dE/dz, z = x / sqrt(1 + sigma^2)
    expected = (x - sigma * eps) / bench.model.get_model_object("latent_format").scale_factor
    assert torch.allclose(bench.sample(model, setting.positive, steps=1), expected, atol=1e-3, rtol=1e-4)


def test_lambda_zero_is_the_plain_picture_bit_for_bit(bench, setting):
    model, attention = guide(bench, strength=0.0)
    assert torch.equal(bench.sample(model, setting.positive, steps=3), setting.plain)
    assert attention.runs[-1].energy == []


def overlaps(attention) -> torch.Tensor:
    """[predictions,images] of the first pair."""
    return torch.stack([s.overlap[0] for s in attention.runs[-1].energy])


def test_overlap_falls_along_the_run(bench, setting):
    runs = {}
    for strength in (1e-6, 100.0):
        model, attention = guide(bench, strength=strength, longest_gradient=1.0)
        assert bench.sample(model, setting.positive, batch=2, pixels=128).isfinite().all()
        assert [s.step for s in attention.runs[-1].energy] == [0, 1, 2, 3]
        runs[strength] = overlaps(attention)
    free, pushed = runs.values()
    assert torch.allclose(pushed[0], free[0], atol=1e-6)
    assert (pushed[1:] < free[1:] - 0.02).all() and (pushed[-1] < pushed[0]).all()


def test_weights_are_the_very_same_objects_and_a_plain_run_is_as_before(bench, setting):
    unet = bench.model.model.diffusion_model
    weights = [*unet.parameters(), *unet.buffers()]
    model, _ = guide(bench)
    assert not torch.equal(bench.sample(model, setting.positive, steps=3), setting.plain)
    assert all(a is b for a, b in zip([*unet.parameters(), *unet.buffers()], weights, strict=True))
    assert not any(m._forward_hooks for m in unet.modules())
    assert torch.equal(bench.sample(bench.model, setting.positive, steps=3), setting.plain)


def test_an_image_of_a_batch_equals_the_image_alone(bench, setting, host, monkeypatch):
    model, attention = guide(bench, pairs="gender ~ doctor, face ~ doctor")
    batch = bench.sample(model, setting.positive, batch=3, noise=[0, 1, 2], steps=2)
    assert attention.runs[-1].pairs == ("gender ~ doctor", "face ~ doctor")
    assert attention.runs[-1].energy[0].overlap.shape == (2, 3)
    alone = bench.sample(model, setting.positive, noise=[1], steps=2)
    assert torch.allclose(batch[1:2], alone, atol=5e-3, rtol=1e-3)
    monkeypatch.setattr(host.pack.nodes.energy_pass, "images_at_once", lambda *_: 2)
    chunked = bench.sample(model, setting.positive, batch=3, noise=[0, 1, 2], steps=2)
    assert torch.allclose(batch, chunked, atol=5e-3, rtol=1e-3)


@pytest.mark.parametrize("sampler, cfg", [("euler", 1.0), ("heun", 5.0), ("dpmpp_2m", 5.0), ("euler_ancestral", 5.0)])
def test_samplers(bench, setting, sampler, cfg):
    model, attention = guide(bench)
    guided = bench.sample(model, setting.positive, sampler=sampler, cfg=cfg, steps=2)
    plain = bench.sample(bench.model, setting.positive, sampler=sampler, cfg=cfg, steps=2)
    assert guided.isfinite().all() and (guided - plain).abs().max() > 1e-3
    assert {s.step for s in attention.runs[-1].energy} == {0, 1}


def test_unconditional_branch_at_cfg_1_leaves_a_capture_alone(bench, setting):
    """The pass runs the negative conditioning itself; who records the sampling does not see it."""
    model, attention = guide(bench, preset="paper", branch="as the preset says")
    model, seen = bench.node["FairAttentionCapture"].execute(
        model, bench.clip, attribution_prompt=ATTRIBUTION, words="doctor", branch="unconditional"
    ).result  # fmt: skip
    assert bench.sample(model, setting.positive, cfg=1.0, steps=2).isfinite().all()
    assert len(attention.runs[-1].energy) == 2 and seen.runs[-1].store.blocks == []


def test_window(bench, setting):
    model, attention = guide(bench, start_percent=0.4, end_percent=1.0)
    bench.sample(model, setting.positive, steps=3)
    assert attention.runs[-1].energy and attention.runs[-1].energy[0].step > 0


def test_a_foreign_attention_replacement_stays_active(bench, setting):
    calls = []

    def replacement(q, k, v, options):
        calls.append((options["block"], torch.is_grad_enabled()))
        heads = options["n_heads"]
        q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    model = bench.model.clone()
    for number in (1, 2, 4, 5, 7, 8):
        model.set_model_attn2_replace(replacement, "input", number)
    guided, attention = guide(bench, model=model)
    bench.sample(guided, setting.positive, steps=1)
    assert (("input", 7), True) in calls and (("input", 7), False) in calls
    assert attention.runs[-1].energy[0].outcome == ("guided",)


def test_areas_and_several_conditionings(bench, host, setting):
    """Each conditioning has its own energy; gradients are put together as predictions are."""
    left = bench.node["ConditioningSetArea"]().append(bench.encode("a cat"), 64, 128, 0, 0, 1.0)[0]
    model, attention = guide(bench)
    guided = bench.sample(model, [*setting.positive, *left], steps=2, pixels=128)
    assert guided.isfinite().all() and [s.outcome for s in attention.runs[-1].energy] == [("guided",)] * 2


@pytest.mark.parametrize("fair_first", [True, False])
def test_composes_with_fair_inference(bench, fair_first):
    tokens, positive = bench.align()
    target, regions = bench.target(), bench.regions(tokens)
    fair_kw = {"regions": regions, "masks": halves(), "every": 1}
    if fair_first:
        model, people = bench.fair(target, **fair_kw)
        model, attention = guide(bench, model=model)
    else:
        model, attention = guide(bench)
        model, people = bench.fair(target, model=model, **fair_kw)
    both = bench.sample(model, positive, steps=3)
    fair = bench.sample(bench.fair(target, **fair_kw)[0], positive, steps=3)
    only = bench.sample(guide(bench)[0], positive, steps=3)
    assert both.isfinite().all()
    assert (both - fair).abs().max() > 1e-3 and (both - only).abs().max() > 1e-3
    assert len(attention.runs[-1].energy) == 3 and len(people.runs[-1].people[0]) == 2


def test_both_orders_with_fair_inference_give_the_same_picture(bench):
    tokens, positive = bench.align()
    kw = {"regions": bench.regions(tokens), "masks": halves(), "every": 1}
    one, _ = bench.fair(bench.target(), model=guide(bench)[0], **kw)
    other, _ = guide(bench, model=bench.fair(bench.target(), **kw)[0])
    assert torch.allclose(bench.sample(one, positive, steps=3), bench.sample(other, positive, steps=3), atol=1e-4)


@pytest.mark.parametrize("failure", ["error", "interrupt", "inside the pass"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, host, setting, failure):
    interrupt = host.comfy.model_management.InterruptProcessingException
    error = interrupt if failure == "interrupt" else RuntimeError
    unet = bench.model.model.diffusion_model
    weights = [*unet.parameters(), *unet.buffers()]
    model, attention = guide(bench)
    broken = model.clone()
    calls = {True: 0, False: 0}  # by whether gradients are taken

    def fail(h, skipped, options):
        inside = torch.is_grad_enabled()
        calls[inside] += 1
        if inside if failure == "inside the pass" else calls[False] > 12:  # in the second step's prediction
            raise error("stop")
        return h, skipped

    broken.set_model_output_block_patch(fail)
    with pytest.raises(error):
        bench.sample(broken, setting.positive, steps=3)
    assert calls[True] == 1 if failure == "inside the pass" else calls[True] > 0
    assert all(a is b for a, b in zip([*unet.parameters(), *unet.buffers()], weights, strict=True))
    assert not any(m._forward_hooks for m in unet.modules())
    assert attention.runs[-1].result is None
    assert torch.equal(bench.sample(bench.model, setting.positive, steps=3), setting.plain)


def test_a_gradient_that_is_not_finite_is_left_out_counted_and_reported(bench, host, setting, monkeypatch, caplog):
    energy_pass = host.pack.nodes.energy_pass
    real = energy_pass.EnergyPass.__call__

    def poisoned(self, model, conds, x, sigma, options):
        gradient, found = real(self, model, conds, x, sigma, options)
        gradient[0, 0, 0, 0] = math.nan
        return gradient, found

    monkeypatch.setattr(energy_pass.EnergyPass, "__call__", poisoned)
    model, attention = guide(bench)
    result = bench.sample(model, setting.positive, steps=3)
    assert torch.equal(result, setting.plain)
    assert caplog.text.count("a gradient was not finite") == 1
    text, _ = bench.node["FairReport"].execute(attention, {"samples": result}).result
    assert "guided: 0 of 3 predictions" in text and "not guided, gradient not finite: 3" in text


def test_report_and_curve(bench, setting):
    model, attention = guide(bench, pairs="gender ~ doctor\nface ~ doctor")
    latent = {"samples": bench.sample(model, setting.positive, steps=2, batch=2)}
    text, picture = bench.node["FairReport"].execute(attention, latent).result
    assert "gender ~ doctor: SoftIoU (chance level)" in text and "guided: 4 of 4 predictions of images" in text
    assert picture.shape[0] == 1 and picture.std() > 0.05


def test_corrected_preset_pushes_above_chance_only(bench, setting):
    kw = {"preset": "corrected", "branch": "as the preset says", "longest_gradient": 1.0}
    outcomes = []
    for pairs in ("gender ~ doctor", "photo ~ face"):
        model, attention = guide(bench, pairs=pairs, **kw)
        assert bench.sample(model, setting.positive, steps=2, batch=2, pixels=128).isfinite().all()
        for step in attention.runs[-1].energy:
            above = (step.overlap > step.chance)[0].tolist()
            assert step.outcome == tuple("guided" if a else "no gradient (at or below chance)" for a in above)
            outcomes += step.outcome
    assert len(set(outcomes)) == 2  # both were seen


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights_cast_by_the_host(bench, host, tiny_name, setting, dtype):
    path = host.folder_paths.get_full_path("checkpoints", tiny_name)
    half = host.comfy.sd.load_checkpoint_guess_config(
        path, output_vae=False, output_clip=False, model_options={"dtype": dtype}
    )[0]
    assert next(half.model.diffusion_model.parameters()).dtype == dtype
    model, attention = guide(bench, model=half)
    guided = bench.sample(model, setting.positive, steps=2)
    assert guided.isfinite().all() and not torch.equal(guided, bench.sample(half, setting.positive, steps=2))
    assert attention.runs[-1].energy[0].outcome == ("guided",)


def test_blocks_of_a_quarter_of_the_resolution_and_below(bench, host):
    energy = host.pack.nodes.energy
    names = ("input.7", "input.8", "middle.0", "output.3", "output.4", "output.5")
    assert {str(b) for b in energy.energy_blocks(bench.model, energy.QUARTER)} == set(names)
    assert len(energy.energy_blocks(bench.model, energy.ALL)) == 15


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_other_families(host, setting, family):
    """SD 2.x predicts v, SDXL has several layers a block: the same correction of the denoised prediction."""
    name = f"energy-{family}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=family)
    bench = Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name))
    positive, results = bench.encode("two people in a garden"), {}
    for strength in (1e-6, 100.0):
        model, attention = guide(bench, strength=strength, longest_gradient=1.0)
        assert bench.sample(model, positive, steps=2, pixels=128).isfinite().all()
        results[strength] = overlaps(attention)
    assert results[100.0][1] < results[1e-6][1]


def test_refusals_name_node_input_and_remedy(bench, setting, host):
    name = "SoftIoU Energy Guidance"
    with pytest.raises(ValueError, match=rf"{name}, concept_pairs: 'race' is not in the prompt.*attribution_prompt"):
        guide(bench, pairs="race ~ doctor")
    for pairs in ("gender doctor", "gender ~ ", "doctor ~ Doctor", "a ~ b ~ c"):
        with pytest.raises(ValueError, match=rf"{name}, concept_pairs: .* is no pair; write two different concepts"):
            guide(bench, pairs=pairs)
    with pytest.raises(ValueError, match=rf"{name}, concept_pairs: ' , ' holds no pair"):
        guide(bench, pairs=" , ")
    with pytest.raises(ValueError, match=rf"{name}, attribution_prompt: it is empty"):
        guide(bench, text=" ")
    with pytest.raises(ValueError, match=rf"{name}: end_percent 0.2 must lie after start_percent 0.5"):
        guide(bench, start_percent=0.5, end_percent=0.2)
    dit = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    with pytest.raises(ValueError, match=rf"{name}: MODEL is a Linear, which has no U-Net cross-attention"):
        guide(bench, model=dit)


def test_a_sampler_without_negative_is_refused_for_the_unconditional_branch(bench, host, setting):
    model, _ = guide(bench, branch="unconditional")
    guider = host.comfy.samplers.CFGGuider(model)
    guider.inner_set_conds({"positive": setting.positive})
    noise = torch.randn(1, 4, 8, 8)
    with pytest.raises(ValueError, match="branch: this sampler has no unconditional conditioning"):
        guider.sample(
            noise, torch.zeros_like(noise), host.comfy.samplers.sampler_object("euler"), torch.tensor([1.0, 0.0])
        )
