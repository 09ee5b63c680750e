"""BiasMap's discovery metric: how much the places two concepts attend to coincide.

Attribution maps are [...,H,W], each by itself. Masks of independent concepts overlap too: always read an IoU beside
`chance_level` (0.176 for q = 70) and a control word's IoU. Below it the concepts avoid each other.
"""

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor

from ..attention.maps import iou

PERCENTILE = 70.0  # BiasMap code
Block = TypeVar("Block")


def percentile_mask(attribution: Tensor, q: float = PERCENTILE) -> Tensor:
    """1[ M > percentile_q(M) ], strictly, the percentile of each map by linear interpolation.   [...,H,W] -> bool

    q = 70 marks the strongest 30 % of a map without ties; a constant map marks nothing. Not torch.quantile, which
    refuses more than 16 million values (64 maps of 512 px).
    """
    if not 0 <= q <= 100:
        raise ValueError(f"percentile {q:g} is out of range: give 0 to 100")
    ordered = attribution.float().flatten(-2).sort(-1).values
    position = q / 100 * (ordered.shape[-1] - 1)
    below = int(position)
    low, high = ordered[..., below], ordered[..., min(below + 1, ordered.shape[-1] - 1)]
    return attribution.float() > torch.lerp(low, high, position - below)[..., None, None]


def concept_iou(map_a: Tensor, map_b: Tensor, q: float = PERCENTILE) -> Tensor:
    """IoU of the two maps' percentile masks.   [...,H,W] -> [...] float32; nan where both are empty: nothing to compare"""
    return iou(percentile_mask(map_a, q), percentile_mask(map_b, q)).float()


def mean_iou(ious: Tensor) -> float:
    """mIoU: the mean over images (and occupations), without those where the IoU is nan; all nan: nan."""
    return float(ious.double().nanmean())


def block_iou(
    maps_a: Mapping[Block, Tensor], maps_b: Mapping[Block, Tensor], q: float = PERCENTILE
) -> dict[Block, Tensor]:
    """BIoU: the IoU from each U-Net block's own maps, in the order of maps_a.   block -> [...,H,W] -> block -> [...]

    `mean_iou` of each entry is mBIoU.
    """
    return {block: concept_iou(maps_a[block], maps_b[block], q) for block in maps_a}


def chance_level(q: float = PERCENTILE) -> float:
    """The IoU expected of two independent masks that cover p = 1 - q/100 each:  p^2 / (2p - p^2) = p / (2 - p).

    0.3 / 1.7 = 0.176 for q = 70.
    """
    p = 1 - q / 100
    return p / (2 - p)


def reduction(before: float, after: float) -> float:
    """100 (before - after) / before, in percent, of an IoU or an overlap area; nan where there was none before."""
    return 100 * (before - after) / before if before else float("nan")
