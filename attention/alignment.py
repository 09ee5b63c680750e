"""One region for all the words that denote the same people: soft AND, its fallback and its stability over steps.

The method is Linguistic Alignment of "Linguistic-aligned Attention Guidance" (ACM MM 2024). No formula of it is public:
these re-implement what is described, and their constants are ours.
A score V_s is what Block Voting gives for word s: [h, w], 0 to 1. All functions take one image at a time.
"""

from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor


class Aligned(NamedTuple):
    """Where a group of words agrees that its people are, and by which rule."""

    score: Tensor  # [h, w], 0 to 1
    region: Tensor  # [h, w], bool
    why: str  # the rule that applied, in a sentence


def soft_and(scores: Tensor, epsilon: float = 1e-4) -> Tensor:
    """S_g[x] = prod_{s in g} (V_s[x] + epsilon)^(1/|g|): the geometric mean of the words' scores.

    scores: [words, h, w] -> [h, w]. epsilon: keeps one word's zero from deciding alone. Raises ValueError for no words.
    """
    if scores.ndim != 3 or scores.shape[0] == 0:
        raise ValueError(f"scores must be [words, h, w] with at least one word, got {list(scores.shape)}")
    return (scores.float() + epsilon).log().mean(0).exp()


def iou(first: Tensor, second: Tensor) -> float:
    """|A and B| / |A or B| of two boolean regions of one shape; 0 if both are empty (nothing is agreed on)."""
    union = (first | second).sum().item()
    return (first & second).sum().item() / union if union else 0.0


def mean_pairwise_iou(regions: Tensor) -> float:
    """Mean IoU over all pairs of boolean regions [words, h, w]; 1 for a single word, which agrees with itself."""
    pairs = list(combinations(regions, 2))
    return sum(iou(first, second) for first, second in pairs) / len(pairs) if pairs else 1.0


def aligned_region(
    scores: Tensor,
    rho: float = 0.5,
    rho_aligned: float = 0.4,
    face: int | None = None,
    *,
    min_area: float = 0.01,
    min_iou: float = 0.05,
) -> Aligned:
    """The region of a group, R_g = 1[S_g >= rho_aligned], or what stands in for it where the words do not meet.

    scores: [words, h, w]; rho: threshold of each word's own region, R_s = 1[V_s >= rho]; face: index of the group's
    face-like word, if any. If R_g covers less than `min_area` of the map, or the R_s overlap by less than `min_iou` on
    average over their pairs, the soft AND says little: then R_g is the face word's R_s, or the union of all R_s.
    """
    score = soft_and(scores)
    region, own = score >= rho_aligned, scores >= rho
    area, agreement = region.sum().item() / region.numel(), mean_pairwise_iou(own)
    if area < min_area:
        reason = f"they agree on {area:.1%} of the picture only"
    elif agreement < min_iou:
        reason = f"their regions overlap by an IoU of {agreement:.2f} only"
    else:
        return Aligned(score, region, f"soft AND of {len(scores)} words")
    if face is not None:
        return Aligned(scores[face].float(), own[face], f"face word alone, not all {len(scores)} words: {reason}")
    return Aligned(scores.float().amax(0), own.any(0), f"union of {len(scores)} words: {reason}")


def blend(previous: Tensor | None, current: Tensor, keep: float = 0.8) -> Tensor:
    """Stability over steps, S <- keep * S_prev + (1 - keep) * S, both [h, w]; the first step has no previous."""
    return current if previous is None else torch.lerp(current, previous.to(current), keep)
