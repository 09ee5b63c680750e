"""Semantic guidance (SEGA; Brack et al., NeurIPS 2023) on the whole latent, and Fair Diffusion's use of it.

Written with denoised predictions D (see `parametrization`): a difference D_a - D_u stands for -sigma (eps_a - eps_u), and the
momentum, which outlives a step, is kept in eps units. Fair Diffusion (Friedrich et al., 2023) takes a pair of concepts,
"female person" and "male person", and for each picture increases one and decreases the other.

    d_c   = +- s_c (eps_c - eps_u)              minus for a concept that is decreased
    d_c  <- d_c 1[ |d_c| >= q_tau(|d_c|) ]      quantile over the plane, for each sample and channel
    d_c   = 0 from the cool-down on
    gamma = sum_c w_c d_c                       w_c >= 0, not normalised
    gamma <- gamma + s_m nu;   nu <- beta nu + (1 - beta) gamma          in warm-up too; nu = 0 at first
    eps   = eps_u + g (eps_p - eps_u) + gamma   once all concepts are past their warm-up
    eps   = ... + sum_c w_c d_c / sum_c w_c     over those past it, without momentum, while only some are

Shapes: predictions [B,C,h,w], one row an image. No function mixes the images of a batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..fair.directions import OPPOSED
from ..parametrization import full_precision, per_image


@dataclass(frozen=True)
class Concept:
    """SEGA's settings of one concept. scale: s_c. threshold: tau_c, 0 keeps everything. weight: w_c.

    start, end: the warm-up and the cool-down as parts of the run, 0 ... 1: SEGA's 10 of 50 steps are 0.2, and no
    cool-down is 1.
    """

    scale: float = 4.0
    threshold: float = 0.95
    weight: float = 1.0
    start: float = 0.2
    end: float = 1.0


@dataclass(frozen=True)
class Sega:
    """towards: of the concept that a picture is to show. away: of each that it is not. momentum, beta: s_m and beta."""

    towards: Concept
    away: Concept
    momentum: float = 0.3
    beta: float = 0.6


README = Sega(Concept(), Concept())  # Fair Diffusion's example; BiasMap uses it too
SCRIPT = Sega(Concept(start=0.1), Concept(start=0.1), momentum=0.5)  # the script behind the paper's pictures


def concept_term(concept: Tensor, uncond: Tensor, scale: float, threshold: float, decrease: bool = False) -> Tensor:
    """d_c = +- s_c (D_c - D_u), its weakest cells zero.   [B,C,h,w] -> [B,C,h,w]

    The quantile is over the whole plane, linear between its neighbours (`torch.quantile`).
    """
    d = (-scale if decrease else scale) * (concept - uncond)
    if threshold <= 0:
        return d
    size = full_precision(d).abs()
    limit = torch.quantile(size.flatten(2), threshold, dim=2)
    return d * (size >= limit[..., None, None]).to(d.dtype)


def away_weight(weight: float, concepts: int) -> float:
    """w of each of the concepts that a picture is not to show: shared among them. One, as published: w itself.

    Our decision for sets of more than two; above four, as when two sets are crossed, nothing is decreased: 0.
    """
    return weight / (concepts - 1) if 2 <= concepts <= OPPOSED else 0.0


def guidance(terms: Sequence[tuple[Tensor, float]], like: Tensor) -> Tensor:
    """gamma = sum_c max(w_c, 0) d_c.   terms: (d_c [B,C,h,w], w_c); none: zeros like `like`."""
    total = torch.zeros_like(like)
    for d, weight in terms:
        total = total + max(weight, 0.0) * d
    return total


def partial_guidance(terms: Sequence[tuple[Tensor, float]], like: Tensor) -> Tensor:
    """sum_c w_c d_c / sum_c w_c over the concepts past their warm-up, while others are not.   Weights all 0: zeros."""
    total = sum(max(weight, 0.0) for _, weight in terms)
    return guidance([(d, weight / total) for d, weight in terms], like) if total else torch.zeros_like(like)


def needed(given: Sequence[int], concepts: int) -> tuple[int, ...]:
    """Which concepts have to be predicted: all of a set whose values are decreased for each other, else those given."""
    return tuple(range(concepts)) if away_weight(1.0, concepts) else tuple(sorted(set(given)))


def pictures_terms(
    predictions: Mapping[int, Tensor],
    uncond: Tensor,
    given: Sequence[int],
    concepts: int,
    sega: Sega,
    acting: tuple[bool, bool],
) -> list[tuple[Tensor, float]]:
    """(d_c, w_c) of every concept, for pictures of which each goes towards its own.

    predictions: D of the concepts that are `needed` [B,C,h,w]. given[b]: which of all `concepts` picture b is to show.
    acting: whether the concept towards which, and those away from which, are before their cool-down.
    """
    found = []
    if acting[0]:
        wanted = torch.stack([predictions[k][image] for image, k in enumerate(given)])
        d = concept_term(wanted, uncond, sega.towards.scale, sega.towards.threshold)
        found.append((d, sega.towards.weight))
    share = away_weight(sega.away.weight, concepts)
    if acting[1] and share:
        for k, prediction in sorted(predictions.items()):
            other = per_image(torch.tensor([float(k != g) for g in given]), prediction)
            d = concept_term(prediction, uncond, sega.away.scale, sega.away.threshold, decrease=True)
            found.append((d * other, share))
    return found


def is_off(sega: Sega, concepts: int) -> bool:
    """Whether these settings move nothing: no scale or no weight on either side."""
    share = away_weight(sega.away.weight, concepts)
    return not (sega.towards.scale * max(sega.towards.weight, 0.0) or sega.away.scale * max(share, 0.0))


def in_words(sega: Sega) -> str:
    """The settings, for a report."""

    def side(c: Concept) -> str:
        return f"scale {c.scale:g}, threshold {c.threshold:g}, weight {c.weight:g}, {c.start:g} to {c.end:g} of the sampling"

    away = "" if sega.away == sega.towards else f"; away from the others: {side(sega.away)}"
    return f"Fair Diffusion: {side(sega.towards)}{away}; momentum {sega.momentum:g}, beta {sega.beta:g}"
