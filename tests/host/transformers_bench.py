"""Small sampling runs of the transformer families (host/random_dit.py), with masks; shared by host tests."""

from types import SimpleNamespace

import torch
from torch import Tensor

from fair_attention.host import random_dit
from fair_attention.tests.host.conditions import Bench

SIDE, SIDES = 8, {"PixArt alpha": 40, "PixArt sigma": 40}  # cells of a latent a side; PixArt divides by the side in 64s
MORE_SAID = {
    "HiDream-I1": {"conditioning_llama3"}, "Hunyuan-DiT": {"conditioning_mt5xl", "attention_mask", "attention_mask_mt5xl"},
    "OmniGen 2": {"attention_mask"}, "Boogu-Image": {"attention_mask"},
}  # fmt: skip


class Speaking:
    """The tiny CLIP, saying of a text what a family's own encoders say beside its context."""

    def __init__(self, clip, more: set[str]):
        self.clip, self.more = clip, more
        self.tokenize = clip.tokenize

    def encode_from_tokens_scheduled(self, tokens):
        [[context, extras]] = self.clip.encode_from_tokens_scheduled(tokens)
        mask = torch.ones(1, context.shape[1], dtype=torch.long)
        said = {
            "conditioning_llama3": torch.stack([context, context.flip(-1)], 1), "conditioning_mt5xl": context.flip(1),
            "attention_mask": mask, "attention_mask_mt5xl": mask,
        }  # fmt: skip
        return [[context, {**extras, **{name: said[name] for name in self.more}}]]


class Family(Bench):
    """A bench (conditions.py) whose model is of a transformer family."""

    def __init__(self, host: SimpleNamespace, checkpoint, name: str):
        super().__init__(host, checkpoint)
        self.name, self.model = name, random_dit.build(name)
        self.clip = Speaking(self.clip, MORE_SAID[name]) if name in MORE_SAID else self.clip
        self.negative = self.encode("")
        latents = self.model.get_model_object("latent_format")
        self.channels, self.framed = latents.latent_channels, latents.latent_dimensions == 3
        self.side = 32 if self.channels == 3 else SIDES.get(name, SIDE)  # pixels are drawn in patches of 16

    def sample(
        self, model, positive, batch=1, seed=3, steps=4, cfg=5.0, sampler="euler", noise=None, frames=1, **_
    ) -> Tensor:
        side = [frames] * self.framed + [self.side, self.side]
        latent = {"samples": torch.zeros(batch, self.channels, *side)}
        if noise is not None:
            latent["batch_index"] = noise
        args = (model, seed, steps, cfg, sampler, "simple", positive, self.negative, latent)
        return self.host.nodes.common_ksampler(*args)[0]["samples"]
