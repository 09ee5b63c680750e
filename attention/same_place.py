"""Groups of words whose people are drawn in one place: they are one person, whatever the words say."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from .alignment import agreement

ONE_PLACE = 0.3  # IoU above which two groups' masks are one person (our decision)


class Coinciding(NamedTuple):
    """Mask `at` of `group` lies where mask `as_at` of the earlier group `as_group` does, with this IoU."""

    group: int
    at: int
    as_group: int
    as_at: int
    iou: float


def coinciding(masks: Sequence[Tensor], limit: float = ONE_PLACE) -> list[Coinciding]:
    """The masks of one image that lie, by an IoU above `limit`, where a mask of an earlier group lies.

    masks: per group [n, h, w], n of 0 or more, float or bool; a pixel belongs to a person from 0.5 on. Masks of one group
    do not overlap and are not compared. Each mask is paired at most once, the largest IoU first, and a mask that
    coincides with an earlier one stands for nobody itself.
    """
    inside = [group >= 0.5 for group in masks]
    pairs = [
        Coinciding(later, j, earlier, i, overlap)
        for later in range(len(inside))
        for earlier in range(later)
        for j, mask in enumerate(inside[later])
        for i, other in enumerate(inside[earlier])
        if (overlap := agreement(mask, other)) > limit
    ]
    found: list[Coinciding] = []
    for pair in sorted(pairs, key=lambda p: -p.iou):
        later, earlier = (pair.group, pair.at), (pair.as_group, pair.as_at)
        gone = {(p.group, p.at) for p in found}
        taken = {(p.group, p.as_group, p.as_at) for p in found}
        if not {later, earlier} & gone and (pair.group, *earlier) not in taken:
            found.append(pair)
    return sorted(found)
