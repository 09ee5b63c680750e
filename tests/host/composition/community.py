"""Stand-ins for what packs of the community do to a model: the same hooks, the same habits, random weights.

image_prompt      IPAdapter Plus: one object a block in `patches_replace["attn2"]`; whatever it finds there is told
                  to `add`; keys of the image are picked from a pair by the numbers in `cond_or_uncond`
regional_prompts  Attention Couple: an attn2 patch that tiles the keys to a common length and repeats each positive
                  once a region, and an output patch that puts the regions together again
sage_attention    a kernel of low precision in `optimized_attention_override`, over whatever was there, no backward
step_cache        TeaCache, WaveSpeed: every other step a forward's output comes from memory
copying           any wrapper that hands on a copy of the options
"""

import math
from functools import lru_cache

import torch
from comfy.ldm.modules.attention import optimized_attention
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from fair_attention.host import tiny

PARTS = (("input", (1, 2, 4, 5, 7, 8)), ("middle", (0,)), ("output", tuple(range(3, 12))))
BLOCKS = tuple((part, number) for part, numbers in PARTS for number in numbers)
NEGATIVE = 1  # as these packs understand `cond_or_uncond`: 0 is the positive, 1 the negative


@lru_cache
def random_tensor(*shape: int, seed: int = 0) -> Tensor:
    with torch.inference_mode(False):
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) / math.sqrt(shape[-1])


class ImageAttention:
    """In place of one block's cross-attention: the text's, plus that of four tokens of each image prompt."""

    def __init__(self, number: int, weight: float):
        self.number, self.weights = number, [weight]

    def add(self, weight: float) -> None:
        self.weights.append(weight)

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, options: dict) -> Tensor:
        kinds, heads = options["cond_or_uncond"], options["n_heads"]
        out = optimized_attention(q, k, v, heads)
        images = q.shape[0] // len(kinds)
        for weight in self.weights:
            pair = [
                m.repeat(images, 1, 1) for m in (self.projected(q.shape[-1], image=True), self.projected(q.shape[-1]))
            ]
            keys = torch.cat([pair[kind] for kind in kinds]).to(q)
            out = out + weight * optimized_attention(q, keys, keys, heads)
        return out

    def projected(self, width: int, image: bool = False) -> Tensor:
        tokens = random_tensor(1, 4, tiny.CONTEXT, seed=1) * image
        return 8 * tokens @ random_tensor(width, tiny.CONTEXT, seed=2 + self.number).T


def image_prompt(bench, model):
    model = model.clone()
    options = model.model_options["transformer_options"] = {**model.model_options["transformer_options"]}
    replaced = options["patches_replace"] = {**options.get("patches_replace", {})}
    slots = replaced["attn2"] = {**replaced.get("attn2", {})}
    for number, key in enumerate(BLOCKS):
        if key in slots:
            slots[key].add(0.5)
        else:
            slots[key] = ImageAttention(number, 0.5)
    return model


def regional_prompts(bench, model):
    """The left half of the picture follows a prompt of its own, longer than the others."""
    text = bench.encode("a cat on a mat, " * 20)[0][0]
    model = model.clone()

    def attn2_patch(n, context, value, options):
        kinds = options["cond_or_uncond"]
        images, length = n.shape[0] // len(kinds), math.lcm(context.shape[1], text.shape[1])
        region = text.to(context).repeat(images, length // text.shape[1], 1)
        queries, keys = [], []
        for kind, q, k in zip(kinds, n.chunk(len(kinds)), context.chunk(len(kinds)), strict=True):
            queries += [q] if kind == NEGATIVE else [q, q]
            keys.append(k.repeat(1, length // k.shape[1], 1))
            keys += [] if kind == NEGATIVE else [region]
        return torch.cat(queries), torch.cat(keys), torch.cat(keys)

    def attn2_output_patch(n, options):
        kinds, (height, width) = options["cond_or_uncond"], options["activations_shape"][-2:]
        left = torch.zeros(height, width).to(n)
        left[:, : width // 2] = 1
        left = left.flatten()[None, :, None]
        rest = iter(n.chunk(sum(1 if kind == NEGATIVE else 2 for kind in kinds)))
        return torch.cat([next(rest) if k == NEGATIVE else next(rest) * (1 - left) + next(rest) * left for k in kinds])

    model.set_model_attn2_patch(attn2_patch)
    model.set_model_attn2_output_patch(attn2_output_patch)
    return model


def rounded(x: Tensor) -> Tensor:
    """To 8 bits."""
    step = x.abs().amax().clamp_min(1e-6) / 127
    return (x / step).round() * step


def sage_attention(bench, model):
    def override(function, q, k, v, *args, **kwargs):
        with torch.no_grad():
            return function(rounded(q), rounded(k), v, *args, **kwargs)

    model = model.clone()
    options = {**model.model_options["transformer_options"], "optimized_attention_override": override}
    model.model_options["transformer_options"] = options
    return model


def step_cache(bench, model):
    memory: dict[torch.Size, Tensor] = {}

    def forward(executor, x, *args, **kwargs):
        options = kwargs.get("transformer_options") or args[-1]
        step = int((options["sample_sigmas"] > options["sigmas"][0]).sum())
        if step % 2 and x.shape in memory:
            return memory[x.shape].clone()
        memory[x.shape] = executor(x, *args, **kwargs)
        return memory[x.shape].clone()

    model = model.clone()
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "step_cache", forward)
    return model


def copying(bench, model):
    """As many wrappers do that add an option of their own: the dictionary they were given stays as it is."""

    def forward(executor, *args, **kwargs):
        def copied(value):
            return {**value, "theirs": True} if isinstance(value, dict) and "uuids" in value else value

        return executor(*map(copied, args), **{name: copied(value) for name, value in kwargs.items()})

    model = model.clone()
    model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, f"copying.{id(forward)}", forward)
    return model
