"""Pictures whose latents have a frame axis: Qwen-Image and its like keep a picture as a video of one frame, [B,C,1,h,w].

Everything here works on [B,C,h,w]; what a sampler hands over is brought to it, and what it is handed back to its own shape.
"""

from torch import Tensor


def flat(latent: Tensor) -> Tensor:
    """[B,C,1,h,w] -> [B,C,h,w]; other latents as they are."""
    return latent.squeeze(2) if latent.dim() == 5 and latent.shape[2] == 1 else latent


def shaped_like(latent: Tensor, other: Tensor) -> Tensor:
    """[B,C,h,w] with a frame axis where `other` has one."""
    return latent.unsqueeze(2) if other.dim() == 5 and latent.dim() == 4 else latent


def over(mask: Tensor, latent: Tensor) -> Tensor:
    """A mask [B,h,w] as it is multiplied with this latent: [B,1,h,w], or [B,1,1,h,w]."""
    return mask.reshape(mask.shape[0], *[1] * (latent.dim() - 3), *mask.shape[-2:])
