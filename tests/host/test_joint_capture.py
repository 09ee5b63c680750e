"""Capture on transformers: the picture stays bit-identical, the maps equal an explicit softmax over text and picture."""

import pytest
import safetensors.torch
import torch

from fair_attention.host import hosts, random_dit, random_dit_files
from fair_attention.tests.host.joint_bench import FAMILIES, LENGTH, WIDTH, WORDS, JointBench, conditioning, text


@pytest.fixture(scope="module", params=list(FAMILIES))
def bench(request, host):
    if not random_dit.known(request.param):
        pytest.skip("this ComfyUI does not know the family")
    with torch.inference_mode():
        return JointBench(host, request.param)


@pytest.mark.parametrize("cfg", [1.0, 4.0])
def test_maps_are_those_of_an_explicit_softmax(bench, cfg):
    if bench.family.startswith("PixArt") and cfg == 1.0:
        pytest.skip("its attention is not told which rows are whose; the oracle takes them to be two")
    run = bench.check(lambda model: bench.sample(model, cfg=cfg))
    assert run.steps == {0, 1, 2}


def test_the_text_alone(bench):
    """The same softmax without the picture's keys: over all words of the text a place's shares have the sum 1."""
    run = bench.check(steps_of(bench, 2), transformer_softmax="the text alone")
    everything = bench.record()
    bench.sample(everything[0], steps=2)
    block = run.store.blocks[0]
    larger = run.store.mean(block) > everything[1].runs[-1].store.mean(block)
    assert bool(larger.all()) != bench.family.startswith("PixArt")  # there the text is alone as it is


def steps_of(bench, steps):
    return lambda model: bench.sample(model, steps=steps)


def test_batches(bench):
    run = bench.check(lambda model: bench.sample(model, bench.latent(3), steps=2))
    maps = run.store.mean(run.store.blocks[0])
    assert maps.shape[0] == 3 and (maps[0] - maps[1]).abs().max() > 1e-4


def test_a_batch_of_three_is_three_singles(bench):
    """Two steps: small random models make of a rounding of the first one what would be seen later on."""
    model, attention = bench.record()
    bench.sample(model, bench.latent(3), steps=2)
    together = attention.runs[-1].store
    for image in range(3):
        bench.sample(model, bench.latent(1), noise=[image], steps=2)
        alone = attention.runs[-1].store
        for block in together.blocks:
            assert torch.allclose(together.mean(block)[image], alone.mean(block)[0], atol=1e-4)


def test_memory_does_not_grow_with_the_steps(bench):
    model, attention = bench.record()
    for steps in (1, 5):
        bench.sample(model, steps=steps)
    one, five = (run.store.bytes() for run in attention.runs)
    assert one == five > 0


def test_sizes_that_patches_do_not_divide(bench):
    """The model fills the picture up to whole patches. (PixArt and Lumina do not.)"""
    if bench.family.startswith("PixArt"):
        pytest.skip("this model takes even sizes only")
    run = bench.check(lambda model: bench.sample(model, bench.latent(1, (9, 11)), steps=2))
    patch = 1 if bench.family == "Flux 2" else 2
    assert run.store.grid(run.store.blocks[0]) == (-(-9 // patch), -(-11 // patch))


def test_one_block_and_one_head(bench):
    name = bench.blocks[-1]
    model, attention = bench.record(blocks=name, heads="1")
    bench.sample(model, steps=1)
    one = attention.runs[-1].store
    assert [str(block) for block in one.blocks] == [name]
    model, attention = bench.record(blocks=name)
    bench.sample(model, steps=1)
    assert (one.mean(one.blocks[0]) - attention.runs[-1].store.mean(one.blocks[0])).abs().max() > 1e-4
    with pytest.raises(ValueError, match=rf"heads: {name} has heads 0 to \d+, no 99"):
        bench.record(blocks=name, heads="0, 99")
    with pytest.raises(ValueError, match=r"this model has no output.3; it has .*" + name):
        bench.record(blocks="output.3")


def test_nothing_stays_behind_when_a_forward_fails(bench):
    def failing(*_, **__):
        raise RuntimeError("stop here")

    model, _ = bench.record()
    last = list(bench.model.model.diffusion_model.children())[-1]
    handle = last.register_forward_pre_hook(failing)
    try:
        with pytest.raises(RuntimeError, match="stop here"):
            bench.sample(model, steps=1)
    finally:
        handle.remove()
    modules = list(bench.model.model.diffusion_model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in modules)


def test_what_a_transformer_cannot_be_asked_is_refused(bench):
    node = bench.node["FairAttentionCapture"]
    with pytest.raises(
        ValueError, match=r"attribution_prompt: MODEL is a transformer .* leave attribution_prompt empty"
    ):
        node.execute(bench.model, None, prompt="a doctor", attribution_prompt="gender")
    with pytest.raises(ValueError, match=r"keep_queries: MODEL is a transformer .* leave keep_queries at 0"):
        bench.record(keep_queries=10)


def test_a_text_of_another_width_is_refused(bench):
    other = torch.zeros(1, LENGTH, 7)
    tokens = type(bench.tokens)(bench.tokens.prompt, other, bench.tokens.groups, bench.tokens.words)
    with pytest.raises(ValueError, match=f"texts are 7 wide, the model reads texts {WIDTH} wide"):
        bench.node["FairAttentionCapture"].execute(bench.model, None, tokens)


@pytest.fixture(scope="module")
def flux(host):
    with torch.inference_mode():
        return JointBench(host, "Flux dev")


def test_a_picture_referred_to_stands_behind(flux):
    """Flux Kontext: another picture's tokens follow, and share in the attention."""
    reference = torch.randn(1, 16, 6, 6, generator=torch.Generator().manual_seed(4))
    positive = [[flux.context, {**flux.positive[0][1], "reference_latents": [reference]}]]
    run = flux.check(lambda model: flux.sample(model, steps=2, cfg=1.0, positive=positive))
    assert run.store.grid(run.store.blocks[0]) == (4, 6)


def test_empty_places_that_a_text_s_mask_hides_have_no_share(host):
    """Qwen-Image: the model is told which of the text's tokens are none. (ComfyUI 0.3.75 tells it and looks all the same.)"""
    qwen = JointBench(host, "Qwen-Image")
    mask = torch.ones(1, LENGTH, dtype=torch.long)
    mask[:, WORDS[2].positions[0] :] = 0
    positive = [[qwen.context, {**qwen.positive[0][1], "attention_mask": mask}]]
    run = qwen.check(lambda model: qwen.sample(model, steps=2, positive=positive))
    garden = max(float(run.store.mean(block)[:, 2].max()) for block in run.store.blocks)
    assert (garden == 0) == (hosts.version() == hosts.NEWEST)


def test_texts_of_other_lengths_are_no_matter(flux):
    """Of two prompts that are combined, the one that holds the words is recorded."""
    other = conditioning(text(5, 2 * LENGTH))
    flux.check(lambda model: flux.sample(model, steps=2, positive=flux.positive))
    model, attention = flux.record()
    flux.sample(model, steps=2, positive=[*other, *flux.positive])
    run = attention.runs[-1]
    assert run.notes == [] and tuple(map(str, run.store.blocks)) == flux.blocks and run.steps == {0, 1}


def test_maps_of_an_area_lie_where_it_lies(flux):
    """The prompt for the right half, another for all: latent 8 x 12, so 4 x 6 tokens."""
    own = [[flux.context, {**flux.positive[0][1], "area": (8, 6, 0, 6), "strength": 1.0}]]
    model, attention = flux.record()
    positive = [*own, *conditioning(text(5))]
    assert torch.equal(
        flux.sample(model, steps=2, positive=positive), flux.sample(flux.model, steps=2, positive=positive)
    )
    store = attention.runs[-1].store
    for block in store.blocks:
        maps = store.mean(block)
        assert maps.shape[-2:] == (4, 6) and maps[..., :3].max() == 0 and maps[..., 3:].min() > 0


@pytest.mark.skipif(hosts.version() != hosts.NEWEST, reason="ComfyUI 0.3.75 calls no additive patches in a Flux")
def test_other_patches_of_the_attention_are_seen(flux):
    """A mask that hides the first word's token from the picture, put in by another pack before ours or after."""

    def hiding(q, k, v, pe=None, attn_mask=None, extra_options=None, **_):
        mask = torch.zeros(1, 1, 1, k.shape[2])
        mask[..., WORDS[0].positions[0]] = -torch.inf
        return {"attn_mask": mask.expand(1, 1, q.shape[2], -1)}

    theirs = flux.model.clone()
    theirs.set_model_attn1_patch(hiding)
    for before in (True, False):
        model, attention = flux.record(theirs if before else None)
        if not before:
            model.set_model_attn1_patch(hiding)
        assert torch.equal(flux.sample(model, steps=2), flux.sample(theirs, steps=2))
        store = attention.runs[-1].store
        for block in store.blocks:
            maps = store.mean(block)[0]
            assert maps[0].max() == 0 and maps[1].min() > 0


@pytest.mark.skipif(
    hosts.version() != hosts.NEWEST, reason="ComfyUI 0.3.75 takes every Flux to be of the published width"
)
def test_a_model_of_the_stock_loader_is_known(host):
    folder = host.base / "models" / "diffusion_models"
    folder.mkdir(exist_ok=True)
    made = random_dit.built("Flux", random_dit_files.FLUX, seed=0).model.diffusion_model
    safetensors.torch.save_file(made.state_dict(), folder / "joint-flux.safetensors")
    loaded = host.nodes.UNETLoader().load_unet("joint-flux.safetensors", "default")[0]
    bench = JointBench(host, "Flux dev")
    model, attention = bench.record(loaded)
    assert torch.equal(bench.sample(model, steps=1), bench.sample(loaded, steps=1))
    assert set(map(str, attention.runs[-1].store.blocks)) == {"double_blocks.0", "single_blocks.0", "single_blocks.1"}


def test_a_transformer_that_cannot_be_read_is_refused_by_name(host):
    from comfy.ldm.aura.mmdit import MMDiT

    bench = JointBench(host, "SD 3 / 3.5")
    model = bench.model.clone()
    model.add_object_patch(
        "diffusion_model", MMDiT(n_layers=1, n_double_layers=1, dim=64, n_heads=1, operations=torch.nn)
    )
    model.patch_model()
    try:
        with pytest.raises(ValueError, match=r"MODEL is a MMDiT, whose attention to words cannot be read. Use .* Flux"):
            bench.record(model)
    finally:
        model.unpatch_model()
