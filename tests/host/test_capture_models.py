"""Capture on the real host: half precision, other model layouts, other packs; several captures and samplers; failures."""

import copy

import pytest
import torch

from fair_attention.host import tiny
from fair_attention.tests.host.capture_bench import PROMPT, CaptureBench, agrees
from fair_attention.tests.host.oracle import Expectation, Oracle


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return CaptureBench(host, tiny_checkpoint)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("way", ["weights", "compute"])
def test_half_precision(bench, host, tiny_name, dtype, way):
    """Half weights cast by the host, and a U-Net that computes in half precision."""
    if way == "compute":
        model = bench.model.clone()
        model.set_model_compute_dtype(dtype)
    else:
        path = host.folder_paths.get_full_path("checkpoints", tiny_name)
        options = {"dtype": dtype}
        load = host.comfy.sd.load_checkpoint_guess_config
        model = load(path, output_vae=False, output_clip=False, model_options=options)[0]
    half = copy.copy(bench)
    half.model = model
    half.check(lambda m: bench.sample(m, bench.encode(PROMPT), steps=2), model=model)


@pytest.fixture(scope="module", params=["sd2", "sdxl"])
def relative(request, host, tiny_name):
    """The bench on a model of another layout."""
    name = f"tiny-{request.param}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=request.param)
    with torch.inference_mode():
        return CaptureBench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name))


def test_other_layouts(relative):
    run = relative.check(lambda m: relative.sample(m, relative.encode(PROMPT), steps=2, batch=2))
    name = type(relative.model.model.model_config).__name__
    assert name in ("TinySD20", "TinySDXL")
    assert len(run.store.blocks) == (16 if name == "TinySD20" else 17)
    assert (relative.model.model.model_type.name == "V_PREDICTION") == (name == "TinySD20")


@pytest.mark.parametrize("theirs_first", [True, False])
def test_another_packs_attn2_replacement(bench, theirs_first):
    """Before ours or after it, on every block: the picture is theirs, and so are the maps."""
    oracle = Oracle(bench.model.model.diffusion_model)

    def replacement(*args):  # a function, not the oracle's method: 0.3.75 copies what a patch is bound to
        return oracle.replacement(*args)

    def replaced(model):
        model = model.clone()
        for part, numbers in (("input", (1, 2, 4, 5, 7, 8)), ("middle", (0,)), ("output", range(3, 12))):
            for number in numbers:
                model.set_model_attn2_replace(replacement, part, number)
        return model

    plain = bench.sample(replaced(bench.model), bench.encode(PROMPT), steps=2)
    oracle.calls.clear()
    model, attention = bench.record(model=replaced(bench.model) if theirs_first else bench.model)
    result = bench.sample(model if theirs_first else replaced(model), bench.encode(PROMPT), steps=2)
    assert torch.equal(result, plain)
    agrees(attention.runs[-1], attention.watch, oracle, Expectation(text=attention.watch.context))


def test_another_pack_that_hands_the_text_on_by_name(bench):
    def by_name(executor, x, timesteps, context, y=None, control=None, transformer_options=None, **kwargs):
        named = {"context": context, "y": y, "control": control, "transformer_options": transformer_options}
        return executor(x, timesteps, **named, **kwargs)

    model, positive = bench.model.clone(), bench.encode(PROMPT)
    kind = bench.host.comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL
    model.add_wrapper_with_key(kind, "another pack", by_name)
    run = bench.check(lambda patched: bench.sample(patched, positive, steps=2), model=model)
    assert run.steps == {0, 1}


def test_two_samplers_on_one_patched_model(bench):
    """Hires fix: each latent finds its own run."""
    model, attention = bench.record()
    positive = bench.encode(PROMPT)
    small = bench.sample(model, positive, steps=2)
    large = torch.nn.functional.interpolate(small, scale_factor=2)
    args = (model, 5, 3, 5.0, "euler", "normal", positive, bench.negative, {"samples": large})
    large = bench.host.nodes.common_ksampler(*args, denoise=0.6)[0]["samples"]
    sizes = [bench.overlays(attention, latent)[1].shape for latent in (small, large)]
    assert sizes == [(3, 64, 64), (3, 128, 128)]


def test_two_captures_on_one_model(bench):
    model, first = bench.record(words="doctors")
    model, second = bench.record(model=model, words="flowers")
    bench.sample(model, bench.encode(PROMPT), steps=2)
    alone = bench.record(words="flowers")
    bench.sample(alone[0], bench.encode(PROMPT), steps=2)
    block = alone[1].runs[-1].store.blocks[0]
    assert torch.equal(second.runs[-1].store.mean(block), alone[1].runs[-1].store.mean(block))
    assert first.runs[-1].store.labels == ("doctors",)


def test_latents_that_were_not_sampled_with_the_capture_are_refused(bench):
    model, attention = bench.record()
    positive = bench.encode(PROMPT)
    with pytest.raises(ValueError, match="Cross-Attention Heatmaps: nothing was recorded yet"):
        bench.overlays(attention, torch.zeros(1, 4, 8, 8))
    mine = bench.sample(model, positive, steps=2)
    other = bench.sample(bench.model, positive, steps=2, seed=4)
    bench.overlays(attention, mine)
    for latent in (other, mine[..., :4], mine + 0.5):
        with pytest.raises(ValueError, match="latent: this latent was not sampled with this capture"):
            bench.overlays(attention, latent)
    with pytest.raises(ValueError, match="Cross-Attention Heatmaps, image: got 2, but the latent holds 1"):
        bench.node["FairAttentionHeatmaps"].execute(attention, {"samples": mine}, torch.zeros(2, 64, 64, 3))
    with pytest.raises(ValueError, match="Locate Regions, latent: this latent was not sampled with this capture"):
        bench.node["FairLocateRegions"].execute(attention, {"samples": other}, bench.regions(bench.align()[0]))


@pytest.mark.parametrize("failure", ["interrupt", "in a hook"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, host, monkeypatch, failure):
    """Cancelled in the second step, or failing inside our own hook."""
    positive = bench.encode(PROMPT)
    plain = bench.sample(bench.model, positive, steps=3)
    model, attention = bench.record()
    if failure == "interrupt":
        error = host.comfy.model_management.InterruptProcessingException
        calls = []

        def cancel(h, options):
            calls.append(1)
            if len(calls) == 5:
                raise error
            return h

        broken = model.clone()
        broken.set_model_input_block_patch(cancel)
    else:
        error, broken = RuntimeError, model

        def full(*_):
            raise RuntimeError("out of memory")

        monkeypatch.setattr(host.pack.attention.capture, "word_maps", full)
    with pytest.raises(error):
        bench.sample(broken, positive, steps=3)
    monkeypatch.undo()
    unet = bench.model.model.diffusion_model
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in unet.modules())
    assert attention.runs[-1].result is None and not attention.runs[-1].store.blocks  # no memory is held for it
    assert torch.equal(bench.sample(bench.model, positive, steps=3), plain)
    assert torch.equal(bench.sample(model, positive, steps=3), plain)
    assert attention.runs[-1].steps == {0, 1, 2}
