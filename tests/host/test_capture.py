"""Capture on the real host: the picture stays bit-identical, the maps equal an explicit full softmax, nothing stays."""

from types import SimpleNamespace

import comfy.samplers
import pytest
import safetensors.torch
import torch

from fair_attention.tests.host import tiny
from fair_attention.tests.host.conditions import Bench
from fair_attention.tests.host.oracle import TOLERANCE, Expectation, Oracle, expected_maps, largest_difference

PROMPT = "three doctors next to flowers and doctors"
WORDS = "doctors, flowers, doctors#2"
LONG = "a very long text of nothing but words, " * 12


@pytest.fixture(scope="module")
def bench(host, tiny_checkpoint):
    return Bench(host, tiny_checkpoint)


def record(bench, model=None, prompt=PROMPT, words=WORDS, **kw):
    """(patched model, attention)"""
    return (
        bench.node["FairAttentionCapture"].execute(model or bench.model, bench.clip, None, prompt, words, **kw).result
    )


def check(bench, sample, model=None, want=None, **kw):
    """Sample plain and captured: same latent, and maps equal to the oracle's. sample: model -> latent. Gives the run."""
    patched, attention = record(bench, model, **kw)
    plain = sample(model or bench.model)
    with Oracle(bench.model.model.diffusion_model) as oracle:
        assert torch.equal(sample(patched), plain)
    run = attention.runs[-1]
    agrees(run, attention.watch, oracle, want or Expectation(text=attention.watch.context))
    return run


def agrees(run, watch, oracle, want):
    words = [w.positions for w in watch.words]
    expected = expected_maps(oracle, words, run.store.latent_size, want)
    assert largest_difference(run.store, expected) < TOLERANCE
    assert len(expected) >= 11 and run.notes == []


def guided(bench, guider_class, conds, set_cfg, model, pixels=64, sampler="euler"):
    """Sample two steps with a guider, as SamplerCustomAdvanced does."""
    guider = guider_class(model)
    guider.set_conds(*conds)
    set_cfg(guider)
    sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", 2)
    noise = torch.randn(1, 4, pixels // 8, pixels // 8, generator=torch.manual_seed(1))
    return guider.sample(noise, torch.zeros_like(noise), comfy.samplers.sampler_object(sampler), sigmas, seed=1)


# The picture stays as it is


@pytest.mark.parametrize("sampler", comfy.samplers.KSampler.SAMPLERS)
def test_every_sampler_gives_the_same_picture(bench, sampler):
    positive = bench.encode(PROMPT)
    try:
        plain = bench.sample(bench.model, positive, steps=3, sampler=sampler)
    except Exception as error:  # noqa: BLE001  whatever it is, it is not ours
        pytest.skip(f"{sampler} fails without us: {error}")
    model, attention = record(bench)
    assert torch.equal(bench.sample(model, positive, steps=3, sampler=sampler), plain)
    run = attention.runs[-1]
    assert len(run.store.blocks) == 16 and run.steps and run.notes == []


@pytest.mark.parametrize("scheduler", comfy.samplers.KSampler.SCHEDULERS)
def test_every_scheduler_has_its_steps_recorded(bench, scheduler):
    model, attention = record(bench, blocks="output.3")
    sampler = comfy.samplers.KSampler(model, 4, model.load_device, "euler", scheduler, 1.0, model.model_options)
    noise = torch.randn(1, 4, 8, 8, generator=torch.manual_seed(1))
    sampler.sample(noise, bench.encode(PROMPT), bench.negative, 4.0, torch.zeros_like(noise), disable_pbar=True)
    assert attention.runs[-1].steps == set(range(len(sampler.sigmas) - 1))


# The maps are right


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpm_2", "dpmpp_2s_ancestral", "dpmpp_sde", "uni_pc", "ddim"])
def test_the_first_call_of_each_step_is_kept(bench, sampler):
    run = check(bench, lambda m: bench.sample(m, bench.encode(PROMPT), steps=3, sampler=sampler))
    assert run.steps == {0, 1, 2}


@pytest.mark.parametrize("cfg", [1.0, 5.0])
@pytest.mark.parametrize("batch", [1, 3])
def test_cfg_and_batches(bench, cfg, batch):
    run = check(bench, lambda m: bench.sample(m, bench.encode(PROMPT), batch=batch, steps=2, cfg=cfg))
    maps = run.store.mean(run.store.blocks[0])
    assert maps.shape == (batch, 3, 8, 8)
    assert batch == 1 or not torch.equal(maps[0], maps[1])


@pytest.mark.parametrize(("height", "width"), [(64, 96), (72, 56), (40, 104)])
def test_sizes_that_are_not_square(bench, height, width):
    """Sides that do not halve evenly round up in the U-Net."""

    def sample(model):
        latent = {"samples": torch.zeros(1, 4, height // 8, width // 8)}
        args = (model, 3, 2, 5.0, "euler", "normal", bench.encode(PROMPT), bench.negative, latent)
        return bench.host.nodes.common_ksampler(*args)[0]["samples"]

    assert check(bench, sample).store.latent_size == (height // 8, width // 8)


def negated(bench, text, model, positive):
    """Sample two steps with this negative prompt."""
    noise = torch.zeros(1, 4, 8, 8)
    args = (model, 3, 2, 5.0, "euler", "normal", positive, bench.encode(text), {"samples": noise})
    return bench.host.nodes.common_ksampler(*args)[0]["samples"]


PROMPTS = {
    "weights": "three (doctors:1.3) next to ((flowers)) and doctors",
    "break": "three doctors BREAK next to flowers and doctors",
    "long": LONG + PROMPT,
    "embedding": "embedding:tinyword three doctors embedding:tinyword next to flowers and doctors",
}


@pytest.fixture(scope="module")
def embedding(host):
    """A textual inversion of two vectors, as a file the host finds."""
    path = host.base / "models" / "embeddings" / "tinyword.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({"emb_params": torch.randn(2, tiny.CONTEXT, generator=torch.manual_seed(2))}, path)


@pytest.mark.parametrize("negative", ["", LONG])
@pytest.mark.parametrize("kind", PROMPTS)
def test_prompts(bench, embedding, kind, negative):
    """Also against a negative prompt of another length: the shorter context is repeated, and folded back."""
    prompt = PROMPTS[kind]
    run = check(bench, lambda m: negated(bench, negative, m, bench.encode(prompt)), prompt=prompt)
    first = {"weights": 2, "break": 2, "long": 110, "embedding": 4}[kind]
    watch = record(bench, prompt=prompt)[1].watch
    doctors, _, second = (w.positions for w in watch.words)
    assert doctors[0] >= first and doctors[1] == second[0] and run.steps == {0, 1}


def test_a_short_prompt_against_a_long_negative(bench):
    check(bench, lambda m: negated(bench, LONG * 2, m, bench.encode(PROMPT)))


def test_special_tokens_occurrences_and_some_heads(bench):
    words = "<start>, <end>, doctors#1, doctors#2"
    model, attention = record(bench, words=words)
    positions = [w.positions for w in attention.watch.words]
    assert positions[0] == (0,) and positions[1] == (positions[3][0] + 1,) and positions[2] != positions[3]
    want = Expectation(text=attention.watch.context, heads=(0, 3))
    check(bench, lambda m: bench.sample(m, bench.encode(PROMPT), steps=2), want=want, words=words, heads="3, 0")


def test_a_window_of_steps(bench):
    model, attention = record(bench, start_percent=0.3, end_percent=0.7)
    bench.sample(model, bench.encode(PROMPT), steps=6)
    assert 0 < len(attention.runs[-1].steps) < 6 and 0 not in attention.runs[-1].steps


def test_memory_does_not_grow_with_the_steps(bench):
    model, attention = record(bench)
    for steps in (1, 6):
        bench.sample(model, bench.encode(PROMPT), steps=steps)
    one, six = (run.store.bytes() for run in attention.runs)
    assert one == six


# Conditionings


def combined(bench):
    return [*bench.encode("a cat on a mat"), *bench.encode(PROMPT)]


def concatenated(bench):
    return bench.node["ConditioningConcat"]().concat(bench.encode(PROMPT), bench.encode("a cat on a mat"))[0]


def masked(bench):
    mask = torch.zeros(1, 128, 128)
    mask[:, 64:, 64:] = 1
    set_mask = bench.node["ConditioningSetMask"]().append
    inside = set_mask(bench.encode(PROMPT), mask, "default", 1.0)[0]
    return [*inside, *bench.encode("a cat on a mat")]


def ranged(bench):
    limit = bench.node["ConditioningSetTimestepRange"]().set_range
    return [*limit(bench.encode(PROMPT), 0.0, 0.5)[0], *limit(bench.encode("a cat on a mat"), 0.5, 1.0)[0]]


@pytest.mark.parametrize("build", [combined, concatenated, masked, ranged], ids=lambda f: f.__name__)
def test_conditionings(bench, build):
    positive = build(bench)
    want = Expectation(text=record(bench)[1].watch.context, length=154 if build is concatenated else None)
    run = check(bench, lambda m: bench.sample(m, positive, steps=4, pixels=128), want=want)
    assert run.steps == ({0, 1} if build is ranged else {0, 1, 2, 3})


def in_corner(bench, conditioning):
    """Confined to the lower right quarter of 128 pixels."""
    return bench.node["ConditioningSetArea"]().append(conditioning, 64, 64, 64, 64, 1.0)[0]


def at_corner(bench):
    return Expectation(text=record(bench)[1].watch.context, origin=(8, 8))


def test_an_area_lies_where_it_is(bench):
    positive = [*in_corner(bench, bench.encode(PROMPT)), *bench.encode("a cat on a mat")]
    run = check(bench, lambda m: bench.sample(m, positive, steps=2, pixels=128), want=at_corner(bench))
    maps = run.store.mean(run.store.blocks[0])[0, 0]
    assert maps[8:, 8:].min() > 0 and maps[:8].abs().max() == 0


def test_a_mask_cut_to_its_bounds_is_an_area(bench):
    mask = torch.zeros(1, 128, 128)
    mask[:, 64:, 64:] = 1
    inside = bench.node["ConditioningSetMask"]().append(bench.encode(PROMPT), mask, "mask bounds", 1.0)[0]
    positive = [*inside, *bench.encode("a cat on a mat")]
    check(bench, lambda m: bench.sample(m, positive, steps=2, pixels=128), want=at_corner(bench))


def test_the_copy_made_for_a_negatives_area_is_placed_by_itself(bench):
    """The host then computes the positive twice, under one identifier: on the whole picture and on the area."""
    negative = [*in_corner(bench, bench.encode("a dog")), *bench.encode("")]

    def sample(model):
        latent = {"samples": torch.zeros(1, 4, 16, 16)}
        args = (model, 3, 2, 5.0, "euler", "normal", bench.encode(PROMPT), negative, latent)
        return bench.host.nodes.common_ksampler(*args)[0]["samples"]

    check(bench, sample, want=at_corner(bench))


# Guiders, models, other packs


@pytest.mark.parametrize("nested", [False, True])
def test_dual_cfg(bench, nested):
    """Index 0 is the negative there, 2 the positive."""
    from comfy_extras.nodes_custom_sampler import Guider_DualCFG

    conds = bench.encode(PROMPT), bench.encode("a cat on a mat"), bench.negative
    want = Expectation(kind=2, text=record(bench)[1].watch.context)
    check(bench, lambda m: guided(bench, Guider_DualCFG, conds, lambda g: g.set_cfg(5.0, 4.0, nested), m), want=want)


def test_perp_neg(bench):
    from comfy_extras.nodes_perpneg import Guider_PerpNeg

    conds = bench.encode(PROMPT), bench.encode("a dog"), bench.negative
    check(bench, lambda m: guided(bench, Guider_PerpNeg, conds, lambda g: g.set_cfg(5.0, 1.0), m))


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
    half = SimpleNamespace(**{**vars(bench), "model": model})
    check(half, lambda m: bench.sample(m, bench.encode(PROMPT), steps=2), model=model)


@pytest.fixture(scope="module", params=["sd2", "sdxl"])
def relative(request, host, tiny_name):
    """The bench on a model of another layout."""
    name = f"tiny-{request.param}.safetensors"
    tiny.save(host.base / "models" / "checkpoints" / name, family=request.param)
    with torch.inference_mode():
        return Bench(host, host.nodes.CheckpointLoaderSimple().load_checkpoint(name))


def test_other_layouts(relative):
    run = check(relative, lambda m: relative.sample(m, relative.encode(PROMPT), steps=2, batch=2))
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
    model, attention = record(bench, model=replaced(bench.model) if theirs_first else bench.model)
    result = bench.sample(model if theirs_first else replaced(model), bench.encode(PROMPT), steps=2)
    assert torch.equal(result, plain)
    agrees(attention.runs[-1], attention.watch, oracle, Expectation(text=attention.watch.context))


def test_two_samplers_on_one_patched_model(bench):
    """Hires fix: each latent finds its own run."""
    model, attention = record(bench)
    positive = bench.encode(PROMPT)
    small = bench.sample(model, positive, steps=2)
    large = torch.nn.functional.interpolate(small, scale_factor=2)
    args = (model, 5, 3, 5.0, "euler", "normal", positive, bench.negative, {"samples": large})
    large = bench.host.nodes.common_ksampler(*args, denoise=0.6)[0]["samples"]
    sizes = [overlays(bench, attention, latent)[1].shape for latent in (small, large)]
    assert sizes == [(3, 64, 64), (3, 128, 128)]


def test_two_captures_on_one_model(bench):
    model, first = record(bench, words="doctors")
    model, second = record(bench, model=model, words="flowers")
    bench.sample(model, bench.encode(PROMPT), steps=2)
    alone = record(bench, words="flowers")
    bench.sample(alone[0], bench.encode(PROMPT), steps=2)
    block = alone[1].runs[-1].store.blocks[0]
    assert torch.equal(second.runs[-1].store.mean(block), alone[1].runs[-1].store.mean(block))
    assert first.runs[-1].store.labels == ("doctors",)


# Words that are not in the prompt


@pytest.mark.parametrize("own", [True, False])
def test_open_vocabulary(bench, host, own, monkeypatch):
    """Both softmax conventions; the keys of the attribution prompt are projected once a run and block."""
    capture = host.pack.nodes.capture
    convention = capture.OWN if own else capture.PADDED
    text = "a nurse with a (hat:1.2)"
    context = bench.encode(text)[0][0]
    context = context[:, :7] if own else context  # start, five words, end
    projected = []
    for module in bench.model.model.diffusion_model.modules():
        if type(module).__name__ == "BasicTransformerBlock":
            to_k = module.attn2.to_k
            real = to_k.forward

            def counted(x, real=real):
                projected.append(x.shape == context.shape and torch.equal(x.float(), context.float()))
                return real(x)

            monkeypatch.setattr(to_k, "forward", counted)
    model, attention = record(
        bench, prompt="", words="nurse, hat", attribution_prompt=text, attribution_softmax=convention
    )
    bench.sample(model, bench.encode(PROMPT), steps=3)
    assert sum(projected) == 16
    monkeypatch.undo()
    assert attention.watch.attribution.shape == context.shape
    want = Expectation(attribution=context)
    settings = {"prompt": "", "words": "nurse, hat", "attribution_prompt": text, "attribution_softmax": convention}
    check(bench, lambda m: bench.sample(m, bench.encode(PROMPT), steps=2, batch=2), want=want, **settings)


# What the analysis takes, and what stays behind


def overlays(bench, attention, latent, **kw):
    """(pictures, maps) of the heat maps node."""
    return bench.node["FairAttentionHeatmaps"].execute(attention, {"samples": latent}, **kw).result


def test_latents_that_were_not_sampled_with_the_capture_are_refused(bench):
    model, attention = record(bench)
    positive = bench.encode(PROMPT)
    with pytest.raises(ValueError, match="Cross-Attention Heatmaps: nothing was recorded yet"):
        overlays(bench, attention, torch.zeros(1, 4, 8, 8))
    mine = bench.sample(model, positive, steps=2)
    other = bench.sample(bench.model, positive, steps=2, seed=4)
    overlays(bench, attention, mine)
    for latent in (other, mine[..., :4], mine + 0.5):
        with pytest.raises(ValueError, match="latent: this latent was not sampled with this capture"):
            overlays(bench, attention, latent)
    with pytest.raises(ValueError, match="Locate Regions, latent: this latent was not sampled with this capture"):
        bench.node["FairLocateRegions"].execute(attention, {"samples": other}, bench.regions(bench.align()[0]))


def test_another_prompt_than_the_sampled_one_is_refused(bench):
    model, attention = record(bench)
    with pytest.raises(ValueError, match="none of the sampler's positive conditionings was encoded from this prompt"):
        bench.sample(model, bench.encode("two cooks"), steps=1)
    assert attention.runs == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"words": "nurses"}, "words: 'nurses' is not in the prompt. Its words are: three, doctors"),
        ({"words": "doctors#3"}, r"words: 'doctors#3': 'doctors' occurs 2 time\(s\)"),
        ({"blocks": "output.2"}, "blocks: this model has no output.2; it has input.1"),
        ({"blocks": "down.1"}, "blocks: 'down.1' is no cross-attention block"),
        ({"heads": "8"}, "heads: input.1 has heads 0 to 7, no 8"),
        ({"heads": "first"}, "heads: 'first' is no list of heads"),
        ({"start_percent": 0.5, "end_percent": 0.5}, "end_percent 0.5 must lie after start_percent 0.5"),
        ({"prompt": ""}, "connect tokens"),
    ],
)
def test_refusals(bench, settings, message):
    with pytest.raises(ValueError, match=f"Capture Cross-Attention.*{message}"):
        record(bench, **settings)


@pytest.mark.parametrize("failure", ["interrupt", "in a hook"])
def test_a_failed_run_leaves_the_model_as_it_was(bench, host, monkeypatch, failure):
    """Cancelled in the second step, or failing inside our own hook."""
    positive = bench.encode(PROMPT)
    plain = bench.sample(bench.model, positive, steps=3)
    model, attention = record(bench)
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

        monkeypatch.setattr(host.pack.nodes.observe, "word_maps", full)
    with pytest.raises(error):
        bench.sample(broken, positive, steps=3)
    monkeypatch.undo()
    unet = bench.model.model.diffusion_model
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in unet.modules())
    assert attention.runs[-1].result is None
    assert torch.equal(bench.sample(bench.model, positive, steps=3), plain)
    assert torch.equal(bench.sample(model, positive, steps=3), plain)
    assert attention.runs[-1].steps == {0, 1, 2}
