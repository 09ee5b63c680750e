"""One region for all the words that denote the same people: soft AND, and what stands in for it.

The method is Linguistic Alignment of "Linguistic-aligned Attention Guidance" (ACM MM 2024). No formula of it is public:
these re-implement what is described, and their constants are ours.
A score V_s is what Block Voting gives for word s: [h, w], 0 to 1. All functions take one image at a time.
"""

from itertools import combinations
from typing import NamedTuple

from torch import Tensor

from .maps import iou


class Aligned(NamedTuple):
    """Where a group of words agrees that its people are, and by which rule."""

    score: Tensor  # [h, w], 0 to 1
    region: Tensor  # [h, w], bool
    why: str  # the rule that applied, in a sentence
    fell_back: bool  # whether that is a rule for words that do not meet


def soft_and(scores: Tensor, epsilon: float = 1e-4) -> Tensor:
    """S_g[x] = prod_{s in g} (V_s[x] + epsilon)^(1/|g|): the geometric mean of the words' scores.

    scores: [words, h, w] -> [h, w]. epsilon: keeps one word's zero from deciding alone. Raises ValueError for no words.
    """
    if scores.ndim != 3 or scores.shape[0] == 0:
        raise ValueError(f"scores must be [words, h, w] with at least one word, got {list(scores.shape)}")
    return (scores.float() + epsilon).log().mean(0).exp()


def agreement(first: Tensor, second: Tensor) -> float:
    """The IoU of two boolean regions [h, w]; 0 if both are empty (nothing is agreed on)."""
    return iou(first, second).nan_to_num(0).item()


def mean_pairwise_iou(regions: Tensor) -> float:
    """Mean IoU over all pairs of boolean regions [words, h, w]; 1 for a single word, which agrees with itself."""
    pairs = list(combinations(regions, 2))
    return sum(agreement(first, second) for first, second in pairs) / len(pairs) if pairs else 1.0


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
    area, shared = region.sum().item() / region.numel(), mean_pairwise_iou(own)
    if area < min_area:
        reason = f"they agree on {area:.1%} of the picture only"
    elif shared < min_iou:
        reason = f"their regions overlap by an IoU of {shared:.2f} only"
    else:
        return Aligned(score, region, f"soft AND of {len(scores)} words", False)
    if face is not None:
        return Aligned(scores[face].float(), own[face], f"face word alone, not all {len(scores)} words: {reason}", True)
    return Aligned(scores.float().amax(0), own.any(0), f"union of {len(scores)} words: {reason}", True)
