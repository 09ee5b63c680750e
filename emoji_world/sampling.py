"""Sample the emoji model in this process, through the host's stock loader, text encoder, KSampler and VAE."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..host.in_process import use_host
from .model import register
from .world import CHECKPOINT, SIZE

# CFG multiplies the log-odds of whatever the prompt leaves open: at 2 a planted share of 0.85 is drawn as 0.97.
STEPS, CFG, SAMPLER, SCHEDULER = 20, 1.5, "euler", "normal"


@dataclass(frozen=True)
class Emoji:
    """The loaded checkpoint: the host's MODEL, CLIP and VAE."""

    model: Any
    clip: Any
    vae: Any


def load(checkpoint: Path = CHECKPOINT) -> Emoji:
    """Through the loader that CheckpointLoaderSimple calls."""
    use_host("--use-pytorch-cross-attention")
    import comfy.sd

    register()
    with torch.inference_mode():
        model, clip, vae, _ = comfy.sd.load_checkpoint_guess_config(str(checkpoint))
    return Emoji(model, clip, vae)


@torch.inference_mode()
def sample(emoji: Emoji, prompt: str, count: int, seed: int, steps: int = STEPS, cfg: float = CFG, model: Any = None,
           positive: list | None = None, size: int = SIZE) -> tuple[Tensor, Tensor]:  # fmt: skip
    """(latents [B,4,16,16], pictures [B,128,128,3]): a batch from one seed, as KSampler draws it; of `size` pixels a side.

    model: a patched clone instead of the checkpoint's own; positive: a conditioning instead of the encoded prompt.
    """
    import nodes

    encode = nodes.CLIPTextEncode().encode
    positive = positive or encode(emoji.clip, prompt)[0]
    latent = {"samples": torch.zeros(count, 4, size // 8, size // 8)}
    (out,) = nodes.common_ksampler(
        model or emoji.model, seed, steps, cfg, SAMPLER, SCHEDULER, positive, encode(emoji.clip, "")[0], latent
    )
    return out["samples"], emoji.vae.decode(out["samples"])
