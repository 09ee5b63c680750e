"""SoftIoU Energy Guidance on the real host: nothing stays behind after success, error and cancel; broken gradients."""

import math

import pytest
import torch

from fair_attention.tests.host.energy_bench import EnergyBench, overlaps
from fair_attention.tests.host.post_cfg import watched


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return EnergyBench(host, tiny_checkpoint)


def test_weights_are_the_very_same_objects_and_a_plain_run_is_as_before(bench):
    unet = bench.model.model.diffusion_model
    weights = [*unet.parameters(), *unet.buffers()]
    model, _ = bench.guide()
    assert not torch.equal(bench.sample(model, bench.positive, steps=3), bench.plain)
    assert all(a is b for a, b in zip([*unet.parameters(), *unet.buffers()], weights, strict=True))
    assert not any(m._forward_hooks for m in unet.modules())
    assert torch.equal(bench.sample(bench.model, bench.positive, steps=3), bench.plain)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("failure", ["error", "interrupt", "error in the pass", "interrupt in the pass"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, host, monkeypatch, failure, shared):
    """Where the sampler's own call carries the gradient, and where a pass of its own does."""
    if not shared:
        monkeypatch.setattr(host.pack.nodes.energy.shared_pass.SharedForward, "_may_be_split", lambda *_: False)
    interrupt = host.comfy.model_management.InterruptProcessingException
    error = interrupt if "interrupt" in failure else RuntimeError
    unet = bench.model.model.diffusion_model
    weights = [*unet.parameters(), *unet.buffers()]
    model, attention = bench.guide()
    broken = model.clone()
    calls = {True: 0, False: 0}  # by whether gradients are taken

    def fail(h, skipped, options):
        inside = torch.is_grad_enabled()
        calls[inside] += 1
        if inside if "in the pass" in failure else calls[False] > 12:  # in the second step's prediction
            raise error("stop")
        return h, skipped

    broken.set_model_output_block_patch(fail)
    with pytest.raises(error):
        bench.sample(broken, bench.positive, steps=3)
    assert calls[True] == 1 if "in the pass" in failure else calls[True] > 0
    assert all(a is b for a, b in zip([*unet.parameters(), *unet.buffers()], weights, strict=True))
    assert not any(m._forward_hooks for m in unet.modules())
    assert attention.runs[-1].result is None
    assert torch.equal(bench.sample(bench.model, bench.positive, steps=3), bench.plain)


@pytest.mark.parametrize("images", [1, 2])
def test_a_gradient_that_is_not_finite_is_left_out_counted_and_reported(bench, host, monkeypatch, caplog, images):
    """The first image's; the second of a batch is guided all the same."""
    plain = bench.sample(bench.model, bench.positive, steps=3, batch=images)
    energy_run = host.pack.nodes.energy.run
    real = energy_run.energy_correction

    def poisoned(gradient, *settings):
        gradient[0, 0, 0, 0] = math.nan
        return real(gradient, *settings)

    monkeypatch.setattr(energy_run, "energy_correction", poisoned)
    model, attention = bench.guide()
    result = bench.sample(model, bench.positive, steps=3, batch=images)
    assert torch.allclose(result[0], plain[0], atol=5e-3, rtol=1e-3) and result.isfinite().all()
    assert images == 1 or (result[1] - plain[1]).abs().max() > 1e-3
    assert caplog.text.count("a gradient was not finite") == 1
    text, _ = bench.node["FairReport"].execute(attention, {"samples": result}).result
    assert f"guided: {3 * (images - 1)} of {3 * images} predictions" in text
    assert "not guided, gradient not finite: 3" in text


def test_a_pass_of_its_own_is_no_prediction_to_whoever_watches_them(bench, host, monkeypatch):
    """A watcher that took it for one would record, or keep for later, what the sampler has not asked for."""
    monkeypatch.setattr(host.pack.nodes.energy.shared_pass.SharedForward, "_may_be_split", lambda *_: False)
    asked = []

    def watch(executor, *args, **kwargs):
        asked.append(1)
        return executor(*args, **kwargs)

    guided, attention = bench.guide()
    model = guided.clone()
    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, "test", watch)
    assert torch.equal(bench.sample(model, bench.positive, steps=2), bench.sample(guided, bench.positive, steps=2))
    assert len(attention.runs[0].energy) == 2 and len(asked) == 2


def test_a_guidance_that_asks_again_at_another_noise_level_does_not_change_the_gradient(bench, host):
    """As time-step guidance does, within one prediction, of the same latent and prompt; here it uses no answer."""
    answers = []

    def ask(args):
        model, options = args["model"], args["model_options"]
        given = host.comfy.samplers.calc_cond_batch(model, [args["cond"]], args["input"], 0.5 * args["sigma"], options)
        answers.extend(given)

    alone, plainly = bench.guide()
    beside, disturbed = bench.guide(model=watched(bench.model, ask))
    wanted = bench.sample(alone, bench.positive, steps=2)
    assert torch.equal(bench.sample(beside, bench.positive, steps=2), wanted)
    assert len(answers) == 2 and torch.equal(overlaps(disturbed), overlaps(plainly))


def test_a_sampler_that_says_nothing_of_its_schedule_is_guided_at_every_prediction(bench, host):
    """There is no step from which on a gradient could last for the next ones; -1 stands for none."""

    def loop(executor, guider, sigmas, extra_args, *rest):
        options = extra_args["model_options"]
        inner = {k: v for k, v in options["transformer_options"].items() if k != "sample_sigmas"}
        return executor(
            guider, sigmas, {**extra_args, "model_options": {**options, "transformer_options": inner}}, *rest
        )

    model, attention = bench.guide(every=3)
    model = model.clone()
    model.add_wrapper_with_key(host.comfy.patcher_extension.WrappersMP.SAMPLER_SAMPLE, "test", loop)
    bench.sample(model, bench.positive, steps=3)
    assert [(s.step, s.outcome) for s in attention.runs[-1].energy] == [(-1, ("guided",))] * 3
