"""The second emoji world's transformer, of random weights, as its exporter writes it: through the stock loader and nodes."""

import pytest
import torch
from safetensors.torch import save_file

from fair_attention.emoji_world.dit.aged import KNOWN, SIZE
from fair_attention.emoji_world.dit.export import tensors_of
from fair_attention.emoji_world.dit.model import PREFIX, SHIFT, flow, new_mmdit
from fair_attention.emoji_world.model import TextEncoder
from fair_attention.emoji_world.words import Words
from fair_attention.tests.host.graphs import stock_graph

NAME = "random-emoji-transformer.safetensors"
CAPTION = "two old dark female doctors with cats"


@pytest.fixture(scope="module")
def trained(host):
    """(the trainer's weights, the words): everything random, what training starts at zero too."""
    with torch.inference_mode(False):
        torch.manual_seed(3)
        words = Words(KNOWN)
        model = torch.nn.ModuleDict({"text": TextEncoder(len(words.tokens)), "mmdit": new_mmdit()})
        for name, p in model.named_parameters():
            if "adaLN" in name or name.startswith("mmdit.final_layer"):
                torch.nn.init.normal_(p, std=0.05)
        state = {k: v.detach().clone() for k, v in model.state_dict().items()}
        save_file(tensors_of(state, words.tokens), host.base / "models" / "checkpoints" / NAME)
        return model, words


@pytest.fixture(scope="module")
def opened(host, trained):
    with torch.inference_mode():
        return host.nodes.CheckpointLoaderSimple().load_checkpoint(NAME)


def ids_of(words: Words, caption: str) -> tuple[torch.Tensor, int]:
    pieces = [piece for word in caption.split() for piece in words.pieces[word]]
    row = [words.start, *pieces, *[words.end] * (76 - len(pieces))]
    return torch.tensor([row]), len(pieces) + 1


def test_the_stock_loader_opens_it(host, opened):
    model, _, vae = opened
    assert type(model.model.model_config).__name__ == "EmojiSD3"
    assert type(model.model.diffusion_model).__name__ == "OpenAISignatureMMDITWrapper"
    assert type(vae.first_stage_model).__name__ == "TAESD"
    assert model.model.model_sampling.shift == SHIFT
    assert (host.base / "models" / "checkpoints" / NAME).stat().st_size < 25e6


def test_the_host_encodes_captions_as_training_did(opened, trained):
    model, words = trained
    _, clip, _ = opened
    ids, end = ids_of(words, CAPTION)
    with torch.no_grad():
        ours = model["text"](ids)
    theirs, pooled = clip.encode_from_tokens(clip.tokenize(CAPTION), return_pooled=True)
    assert torch.allclose(theirs, ours, atol=0.05) and theirs.std() > 0.5
    assert torch.allclose(pooled, ours[:, end], atol=0.05)
    assert torch.equal(
        clip.encode_from_tokens(clip.tokenize("zebra")), clip.encode_from_tokens(clip.tokenize("quartz"))
    )


def test_the_host_predicts_what_training_did(opened):
    """The denoised prediction of the loaded model is x - sigma times the velocity of `flow` over the same weights."""
    model = opened[0].model
    diffusion = model.diffusion_model.float()
    weights = {k: v.float() for k, v in diffusion.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    x, context = torch.randn(2, 4, 32, 32, generator=generator), torch.randn(2, 77, 128, generator=generator)
    pooled, sigma = torch.randn(2, 128, generator=generator), torch.tensor([0.9, 0.3])
    velocity = flow(weights, x, sigma, context, pooled).velocity
    theirs = diffusion(x, 1000 * sigma, context=context, y=pooled, transformer_options={})
    assert torch.allclose(theirs, velocity, atol=1e-4) and velocity.std() > 0.01
    assert model.model_sampling.timestep(sigma) == pytest.approx([900, 300])
    denoised = model.model_sampling.calculate_denoised(sigma.view(2, 1, 1, 1), velocity, x)
    assert torch.allclose(denoised, x - sigma.view(2, 1, 1, 1) * velocity)


def test_bfloat16_is_near(opened):
    """Training multiplies in bfloat16."""
    weights = opened[0].model.diffusion_model.float().state_dict()
    generator = torch.Generator().manual_seed(0)
    x, context = torch.randn(1, 4, 32, 32, generator=generator), torch.randn(1, 77, 128, generator=generator)
    given = (x, torch.tensor([0.7]), context, context[:, 5])
    exact = flow(weights, *given)
    near = flow({k: v.bfloat16() for k, v in weights.items()}, *given)
    assert (near.velocity - exact.velocity).norm() < 0.05 * exact.velocity.norm()
    assert exact.maps[1].shape == (1, 256, 77) and len(exact.features) == 4
    assert (near.maps[1] - exact.maps[1]).abs().max() < 0.05 * exact.maps[1].max()


def test_it_samples_through_stock_nodes(run_prompt, opened):
    graph = stock_graph(NAME, steps=3)
    for node in graph.values():
        node["inputs"] |= {k: SIZE for k in ("width", "height") if k in node["inputs"]}
    run = run_prompt(graph)
    assert run.errors == []
    ((picture,),) = run.values["6"]
    assert picture.shape == (1, SIZE, SIZE, 3) and picture.std() > 0.02 and torch.isfinite(picture).all()


def test_weights_are_under_the_host_names(trained, host):
    from safetensors import safe_open

    with safe_open(host.base / "models" / "checkpoints" / NAME, "pt") as file:
        names = set(file.keys())
    assert f"{PREFIX}joint_blocks.3.context_block.attn.qkv.weight" in names
    assert not any("hints" in name for name in names)
