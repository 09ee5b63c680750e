"""More stand-ins for packs of the community, each with the habit by which the real one collides with an observer.

momentum          Momentum Guidance, SMC-CFG: what it remembers of the last step lies in `model_options`
negpip            CLIP NegPip: a text has two tokens for each, first for the keys, second for the values; an attn2 patch
                  takes them apart
reference         Advanced-ControlNet's Reference: inside the U-Net's forward, another one of a picture with noise from the
                  global generator; what that one gives is mixed in
first_block_cache WaveSpeed: a forward's output comes from memory where its first block's is like that of the step before
tiled             TiledDiffusion: the model is asked tile by tile, under a decorator of inference mode
growing           GradualLatent: a sampler that enlarges the latent halfway
repeated          FreeInit: the sampler's loop runs twice in one sampling
couple            Attention Couple of ppm: the rows of all positives are summed into one
gligen, hypernetwork  core nodes, of random weights
"""

import math
from unittest import mock

import comfy.ldm.modules.attention as attention
import comfy.model_patcher
import comfy.samplers
import pytest
import torch
from comfy import gligen as core_gligen
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from fair_attention.host import hosts, tiny
from fair_attention.tests.host.composition.case import PIXELS, SEED, STEPS, call, empty, plainly
from fair_attention.tests.host.composition.community import BLOCKS, NEGATIVE
from fair_attention.tests.host.composition.core_nodes import models_file


def momentum(bench, model):
    def post_cfg(args):
        options, denoised = args["model_options"], args["denoised"]
        before = options.get("momentum")
        options["momentum"] = denoised.clone()
        return denoised if before is None else denoised + 0.5 * (denoised - before)

    model = model.clone()
    model.set_model_sampler_post_cfg_function(post_cfg)
    return model


def negpip_clip(clip):
    """A CLIP whose texts are twice as long: each token, and after it the one to take the value of; here the same."""
    clip = clip.clone()
    encode = clip.cond_stage_model.clip_l.encode_token_weights

    def twice(pairs):
        text, *rest = encode(pairs)
        return (text.repeat_interleave(2, 1), *rest)

    clip.patcher.add_object_patch("clip_l.encode_token_weights", twice)
    return clip


def negpip(bench, model):
    model = model.clone()
    model.set_model_attn2_patch(lambda n, context, value, options: (n, context[:, 0::2], value[:, 1::2]))
    return model


def reference(bench, model):
    def forward(executor, x, *args, **kwargs):
        picture = torch.full_like(x, 0.3) + torch.randn(x.shape).to(x)
        written = executor(picture, *args, **kwargs)
        return executor(x, *args, **kwargs) + 0.1 * written

    model = model.clone()
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "reference", forward)
    return model


def with_the_same_random_numbers(bench, model, positive: list) -> Tensor:
    torch.manual_seed(0)
    return plainly(bench, model, positive)


def with_a_box(bench, model, positive: list) -> Tensor:
    return plainly(bench, model, gligen(bench, positive))


def windows(bench, model):
    """Images 0-1-2 and 2-3 of a batch of four, the second with the image before it."""
    if hosts.version() != hosts.NEWEST:
        pytest.skip("0.3.75 cannot sample windows of a batch of images")
    settings = {
        "context_schedule": "standard_static",
        "fuse_method": "pyramid",
        "closed_loop": False,
        "freenoise": False,
    }
    sizes = {"context_length": 3, "context_overlap": 1, "context_stride": 1, "dim": 0}
    return call(bench, "ContextWindowsManual", model=model, **sizes, **settings)


def in_windows(bench, model, positive: list) -> Tensor:
    latent = {"samples": torch.zeros(4, 4, PIXELS // 8, PIXELS // 8)}
    return plainly(bench, windows(bench, model), positive, latent=latent)


class Enough(Exception):
    pass


def first_block_cache(bench, model):
    memory: dict = {}  # (what, shape) -> tensor
    unet = model.model.diffusion_model
    original = unet._forward

    def cached(x, *args, **kwargs):
        def look(module, inputs, output):
            if memory.pop(("first", x.shape), None) is not None:  # every other step counts as like the one before
                raise Enough
            memory["first", x.shape] = output.detach().clone()

        handle = unet.input_blocks[1][0].register_forward_hook(look)
        try:
            memory["last", x.shape] = original(x, *args, **kwargs).detach()
        except Enough:
            pass
        finally:
            handle.remove()
        return memory["last", x.shape].clone()

    def wrapper(apply_model, given):
        with mock.patch.object(unet, "_forward", cached):
            return apply_model(given["input"], given["timestep"], **given["c"])

    model = model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    return model


def tiled(bench, model, side: int = 8):
    @torch.inference_mode()
    def wrapper(apply_model, given):
        x, total = given["input"], torch.zeros_like(given["input"])
        for top in range(0, x.shape[-2], side):
            for left in range(0, x.shape[-1], side):
                tile = (..., slice(top, top + side), slice(left, left + side))
                total[tile] = apply_model(x[tile], given["timestep"], **given["c"])
        return total

    model = model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    return model


def decorated(bench, model):
    """The same decorator, and the whole picture."""

    @torch.inference_mode()
    def wrapper(apply_model, given):
        return apply_model(given["input"], given["timestep"], **given["c"])

    model = model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    return model


def growing(bench, model, positive: list) -> Tensor:
    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
        for step, (sigma, after) in enumerate(zip(sigmas, sigmas[1:], strict=False)):
            if step == 2:
                x = torch.nn.functional.interpolate(x, scale_factor=1.5, mode="bilinear")
            denoised = model(x, sigma * x.new_ones([x.shape[0]]), **(extra_args or {}))
            x = denoised + (x - denoised) / sigma * after
        return x

    return call(
        bench, "SamplerCustomAdvanced",
        noise=call(bench, "RandomNoise", noise_seed=SEED),
        guider=call(bench, "CFGGuider", model=model, positive=positive, negative=bench.negative, cfg=5.0),
        sampler=comfy.samplers.KSAMPLER(sample),
        sigmas=call(bench, "BasicScheduler", model=model, scheduler="normal", steps=STEPS + 1, denoise=1.0),
        latent_image=empty(),
    )["samples"]  # fmt: skip


def repeated(bench, model):
    """The second loop begins with the first one's result, noised anew."""

    def loop(executor, guider, sigmas, extra_args, callback, noise, latent_image=None, *rest):
        first = executor(guider, sigmas, {**extra_args}, callback, noise.clone(), latent_image, *rest)
        return executor(guider, sigmas, extra_args, callback, noise, first, *rest)

    model = model.clone()
    model.add_wrapper_with_key(WrappersMP.SAMPLER_SAMPLE, "repeated", loop)
    return model


def couple(bench, model):
    """The left half of the picture follows a prompt of its own."""
    text = bench.encode("a cat on a mat, " * 20)[0][0]
    model, seen = model.clone(), {}

    def attn2_patch(n, context, value, options):
        kinds = options["cond_or_uncond"]
        seen["images"], seen["rows"] = n.shape[0] // len(kinds), []
        length = math.lcm(context.shape[1], text.shape[1])
        region = text.to(context).repeat(seen["images"], length // text.shape[1], 1)
        queries, keys = [], []
        for kind, q, k in zip(kinds, n.chunk(len(kinds)), context.chunk(len(kinds)), strict=True):
            queries += [q] if kind == NEGATIVE else [q, q]
            keys.append(k.repeat(1, length // k.shape[1], 1))
            keys += [] if kind == NEGATIVE else [region]
            seen["rows"] += [NEGATIVE] if kind == NEGATIVE else [0, 0]
        return torch.cat(queries), torch.cat(keys), torch.cat(keys)

    def attn2_output_patch(n, options):
        height, width = options["activations_shape"][-2:]
        left = torch.zeros(height, width).to(n)
        left[:, : width // 2] = 1
        weights, others, positives = [1 - left, left], [], []
        for kind, rows in zip(seen["rows"], n.split(seen["images"]), strict=True):
            if kind == NEGATIVE:
                others.append(rows)
            else:  # one positive: this counts through the regions
                positives.append(rows * weights[len(positives)].flatten()[None, :, None])
        return torch.cat([*others, torch.stack(positives).sum(0)])

    model.set_model_attn2_patch(attn2_patch)
    model.set_model_attn2_output_patch(attn2_output_patch)
    return model


def randomised(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Made under inference mode, as the host's loaders do."""
    generator = torch.Generator().manual_seed(seed)
    state = {k: tiny.initial(k, v.shape, generator) + 0.5 * ("alpha" in k) for k, v in module.state_dict().items()}
    module.load_state_dict(state)
    return module


def gligen(bench, positive: list) -> list:
    """The positive with a box of its own, by random GLIGEN weights."""
    widths = [b.attn2.to_q.in_features for b in _blocks(bench)]
    gated = [attention_module(width) for width in widths]
    model = core_gligen.Gligen(gated, core_gligen.PositionNet(tiny.CONTEXT, tiny.CONTEXT), tiny.CONTEXT)
    model = randomised(model, 9)
    patcher = comfy.model_patcher.ModelPatcher(model, torch.device("cpu"), torch.device("cpu"))
    box = {"text": "a cat", "width": PIXELS // 2, "height": PIXELS // 2, "x": 0, "y": 0}
    return call(
        bench, "GLIGENTextBoxApply", conditioning_to=positive, clip=bench.clip, gligen_textbox_model=patcher, **box
    )


def attention_module(width: int) -> torch.nn.Module:
    return core_gligen.GatedSelfAttentionDense(width, tiny.CONTEXT, 8, width // 8)


def _blocks(bench) -> list:
    unet = bench.model.model.diffusion_model
    parts = {"input": unet.input_blocks, "middle": [unet.middle_block], "output": unet.output_blocks}
    found = [parts[part][number] for part, number in BLOCKS]
    return [m for module in found for m in module.modules() if isinstance(m, attention.BasicTransformerBlock)]


def hypernetwork(bench, model):
    def layers(seed: int, width: int) -> dict:
        generator = torch.Generator().manual_seed(seed)
        weight = 0.3 * torch.randn(width, width, generator=generator) / math.sqrt(width)
        return {"linear.0.weight": weight, "linear.0.bias": torch.zeros(width)}

    widths = {tiny.CONTEXT, *(b.attn1.to_k.in_features for b in _blocks(bench))}
    state = {width: (layers(width, width), layers(width + 1, width)) for width in widths}
    name = models_file(bench, "hypernetworks", "tiny.pt", lambda path: torch.save(state, path))
    return call(bench, "HypernetworkLoader", model=model, hypernetwork_name=name, strength=1.0)
