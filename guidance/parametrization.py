"""Noise form and denoised form of a prediction, and the part of a run in which guidance acts.

Samplers of the k-diffusion family hold x = x0 + sigma * eps. Whatever a model was trained to predict (eps, v, x0), the
host hands out denoised = D(x, sigma), an estimate of x0, so eps is defined by

    eps = (x - D) / sigma        and a difference of predictions for one x obeys     D_a - D_b = -sigma (eps_a - eps_b)

Published guidance is written in eps: eps_hat = eps + gamma. In denoised form that is D_hat = D - sigma * gamma. Any
gamma that is linear in eps differences is therefore written with D differences in their place, sign included, and
simply added to D.

Flow matching mixes picture and noise, x = (1 - sigma) x0 + sigma n with sigma from 1 to 0, and predicts the velocity
v = n - x0; the host hands out D = x - sigma v. Then (x - D) / sigma = v: the same formulas, with velocities where eps stands
above. A difference held from one step to the next is held as the network predicts it, in eps or in v.
"""

import torch
from torch import Tensor


def full_precision(x: Tensor) -> Tensor:
    """float32 for half precision and float32, double for double."""
    return x if x.dtype == torch.float64 else x.float()


def per_image(value: Tensor | float, like: Tensor) -> Tensor:
    """A number or [B] -> [1 or B,1,1,...], to be multiplied with `like` [B,...]; dtype and device of `like`."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).reshape(-1, *[1] * (like.dim() - 1))


def to_eps(difference: Tensor, sigma: Tensor | float) -> Tensor:
    """D_a - D_b -> eps_a - eps_b = -(D_a - D_b) / sigma.   [B,...], sigma > 0, a number or [B]"""
    return -difference / per_image(sigma, difference)


def to_denoised(difference: Tensor, sigma: Tensor | float) -> Tensor:
    """eps_a - eps_b -> D_a - D_b = -sigma (eps_a - eps_b).   [B,...], sigma a number or [B]"""
    return -difference * per_image(sigma, difference)
