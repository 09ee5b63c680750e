"""Small sampling runs on the tiny model, shared by host tests."""

from types import SimpleNamespace

import torch

PROMPT = "a photo of three doctors"


class Bench:
    """The tiny model with our nodes at hand: align, vote, sample."""

    def __init__(self, host: SimpleNamespace, checkpoint):
        self.host = host
        self.model, self.clip, self.vae = checkpoint
        self.node = host.nodes.NODE_CLASS_MAPPINGS
        self.negative = self.encode("")

    def encode(self, text: str):
        return self.host.nodes.CLIPTextEncode().encode(self.clip, text)[0]

    def align(self, prompt: str = PROMPT, **kw):
        """(tokens, conditioning)"""
        return self.node["FairLinguisticAlignment"].execute(self.clip, prompt, **kw).result[:2]

    def regions(self, tokens, **kw):
        return self.node["FairBlockVoting"].execute(tokens, **{"weights": "uniform", **kw}).result[0]

    def target(self, preset="gender", attributes="", assignment="indexed quota", seed=0, **kw):
        return self.node["FairTargetDistribution"].execute(preset, attributes, assignment, seed, **kw).result[0]

    def fair(self, target, **kw):
        """(patched model, attention)"""
        return self.node["FairInference"].execute(kw.pop("model", self.model), self.clip, target, **kw).result

    def sample(self, model, positive, batch=1, seed=3, steps=4, cfg=5.0, sampler="euler", pixels=64, noise=None):
        latent = {"samples": torch.zeros(batch, 4, pixels // 8, pixels // 8)}
        if noise is not None:
            latent["batch_index"] = noise
        args = (model, seed, steps, cfg, sampler, "normal", positive, self.negative, latent)
        return self.host.nodes.common_ksampler(*args)[0]["samples"]


def halves(pixels: int = 64) -> torch.Tensor:
    """Two masks [2,h,w]: the left half and the right half."""
    masks = torch.zeros(2, pixels, pixels)
    masks[0, :, : pixels // 2] = 1
    masks[1, :, pixels // 2 :] = 1
    return masks
