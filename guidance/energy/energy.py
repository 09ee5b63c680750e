"""BiasMap's energy guidance: push the latent to where two concepts look at different places.

Published update, classifier guidance with log p = -E, in eps form on z (z = sqrt(abar) x0 + sqrt(1 - abar) eps):

    eps <- eps + lambda sqrt(1 - abar) dE/dz

The host's sampler holds x = x0 + sigma eps, that is z = x / sqrt(1 + sigma^2) and abar = 1 / (1 + sigma^2), so
sqrt(1 - abar) = sigma / sqrt(1 + sigma^2) and dE/dz = sqrt(1 + sigma^2) dE/dx. The factors cancel:

    eps <- eps + lambda sigma dE/dx
    denoised <- denoised - lambda sigma^2 dE/dx         as denoised = x - sigma eps

Norms in the gradient rules are those of dE/dz, as published. Each image of a batch has its own energy, norm and rule.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..parametrization import full_precision, per_image
from .soft_iou import chance_overlap, min_max, sinkhorn_topk, soft_iou, soft_top_mask

Rule = Callable[[Tensor], Tensor]  # norms [B] of dE/dz -> factors [B] for it


def clip(norm: Tensor, limit: float = 1.0) -> Tensor:
    """min(1, limit / ||g||): the direction is kept, the length at most `limit`. Our correction of the skip rule."""
    return (limit / norm.clamp_min(limit)).where(norm.isfinite(), torch.zeros_like(norm))


def skip(norm: Tensor, limit: float = 1.0) -> Tensor:
    """1 if ||g|| < limit, else 0. BiasMap code: a step with a large gradient is not corrected at all."""
    return (norm < limit).to(norm.dtype)


@dataclass(frozen=True)
class EnergyPreset:
    """soft_mask: attribution maps [...,h,w] -> masks. rule: what is done to the gradient's length.

    stop_at_chance: no push while the overlap is at or below that of independent masks. branch: whose queries the
    maps are made of. window: the shares of the sampling it guides, all their steps with a gradient of their own; None:
    whoever uses it decides. strength: lambda.
    """

    soft_mask: Callable[[Tensor], Tensor]
    rule: Rule
    stop_at_chance: bool
    branch: str
    window: tuple[float, float] | None = None
    strength: float = 100.0


PRESETS = {
    # the released method: the top 30 % of each row of the unnormalised map, unconditional queries, skip rule, all steps
    "paper": EnergyPreset(sinkhorn_topk, skip, stop_at_chance=False, branch="unconditional", window=(0.0, 1.0)),
    "corrected": EnergyPreset(lambda x: soft_top_mask(min_max(x)), clip, stop_at_chance=True, branch="conditional"),
}


class Energy(NamedTuple):
    """total: E per image [B], to be summed and differentiated. overlap, chance: per pair and image [pairs,B]."""

    total: Tensor
    overlap: Tensor
    chance: Tensor


def energy(
    pairs: Sequence[tuple[Tensor, Tensor]], soft_mask: Callable[[Tensor], Tensor], stop_at_chance: bool
) -> Energy:
    """E = sum over concept pairs of SoftIoU(m_a, m_b), m = soft_mask(map).   maps [B,h,w] -> E [B]

    With stop_at_chance each pair counts max(0, SoftIoU - chance), the chance level of masks of these areas held
    fixed: its gradient is SoftIoU's above chance and zero at or below it. float32 at least.
    """
    if not pairs:
        raise ValueError("there is no concept pair: give at least one, such as ('gender', 'doctor')")
    masks = [(soft_mask(a), soft_mask(b)) for a, b in pairs]
    overlap = torch.stack([soft_iou(a, b) for a, b in masks])
    chance = torch.stack([chance_overlap(a, b) for a, b in masks]).detach()
    counted = torch.relu(overlap - chance) if stop_at_chance else overlap
    return Energy(counted.sum(0), overlap.detach(), chance)


def gradient_norm(gradient_x: Tensor, sigma: Tensor | float) -> Tensor:
    """||dE/dz||_2 = sqrt(1 + sigma^2) ||dE/dx||_2 of each image.   [B,...] -> [B], float32 at least"""
    norm = torch.linalg.vector_norm(full_precision(gradient_x).flatten(1), dim=1)
    return norm * (1 + per_image(sigma, norm) ** 2).sqrt()


def held_gradient(gradient_x: Tensor, sigma: Tensor | float, now: Tensor | float) -> Tensor:
    """dE/dx [B,...] taken at noise level sigma, for use at `now`: the same dE/dz, so sqrt((1 + sigma^2) / (1 + now^2)).

    Our decision: neighbouring steps push nearly the same way, and z, unlike x, has one scale at every noise level.
    """
    before, after = (per_image(value, full_precision(gradient_x)) for value in (sigma, now))
    return gradient_x * ((1 + before**2) / (1 + after**2)).sqrt().to(gradient_x)


def energy_correction(gradient_x: Tensor, sigma: Tensor | float, strength: float, rule: Rule) -> tuple[Tensor, Tensor]:
    """-lambda sigma^2 dE/dx, shortened by the rule: what is added to the denoised prediction.

    gradient_x: dE/dx [B,C,h,w]. sigma: a number or [B]. Returns the correction, in the gradient's shape and dtype,
    and whether each image was corrected at all, bool [B]; an image whose gradient is not finite is not.
    """
    factor = rule(gradient_norm(gradient_x, sigma))
    finite = gradient_x.flatten(1).isfinite().all(1)
    used = finite & (factor > 0)
    gradient = full_precision(gradient_x)
    scale = strength * per_image(sigma, gradient) ** 2 * per_image(factor, gradient)
    correction = torch.where(used.reshape(scale.shape), -scale * gradient, 0.0)  # never 0 * nan
    return correction.to(gradient_x.dtype), used
