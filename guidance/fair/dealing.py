"""The people of one picture get their attributes: by the target's quota, and within a group those whom it changes least."""

import math
from collections.abc import Sequence

from scipy.optimize import linear_sum_assignment

from .assignment import PER_GROUP, assign
from .quota_cost import RunningCounts
from .target import TargetDistribution

UNLIKELY = 0.02  # the least share that counts as a leaning, so that no single person decides a whole deal
Counts = dict[int | None, RunningCounts]  # of each group; None: of all people together


def deal(
    target: TargetDistribution,
    groups: Sequence[int],
    seed: int,
    image: int,
    counts: Counts,
    leanings: Sequence[Sequence[float]] | None = None,
) -> list[int]:
    """The attribute's index for each person of an image; `counts` is brought up to date.

    groups: whose people they are, in the order of their masks. image: its number in the run. leanings[j][k]: how far
    person j is becoming attribute k already (`least_change`); None: the quota's own order stands.
    """
    shares = target.shares
    axes = target.axis_indices if len(target.single_axes) > 1 else ()
    if target.assignment == PER_GROUP:
        dealt, others = [0] * len(groups), [0] * len(shares)
        for g in sorted(set(groups)):
            members = [j for j, group in enumerate(groups) if group == g]
            own_seed = f"{seed}/group {g}" if g else seed  # of one seed two groups of a size would be dealt alike
            allocation, counts[g] = assign(
                target.assignment, shares, len(members), own_seed, image, counts.get(g), axes, others
            )
            others = [have + new for have, new in zip(others, allocation.counts, strict=True)]
            for j, k in zip(members, allocation.individuals, strict=True):
                dealt[j] = k
    else:
        allocation, counts[None] = assign(target.assignment, shares, len(groups), seed, image, counts.get(None), axes)
        dealt = list(allocation.individuals)
    if leanings is None:
        return dealt
    for g in set(groups):
        members = [j for j, group in enumerate(groups) if group == g]
        best = least_change([dealt[j] for j in members], [leanings[j] for j in members])
        for j, k in zip(members, best, strict=True):
            dealt[j] = k
    return dealt


def least_change(dealt: Sequence[int], leanings: Sequence[Sequence[float]]) -> tuple[int, ...]:
    """The same attributes, dealt to the same people of one group so that they change least.

    dealt: the attribute's index for each person. leanings[j][k]: how far person j is becoming attribute k already,
    0 ... 1 (`need.attribute_shares`). Returns the permutation of `dealt` that maximises sum_j log p_j(a_j), small
    leanings counted as UNLIKELY. A quota says how many of a picture get what; whom, it leaves open, and a swap of two
    people who are one of each already would make nobody fairer. Among people of different groups nothing is exchanged:
    that would leave each occupation its stereotype. Our decision.
    """
    if len(dealt) < 2:
        return tuple(dealt)
    costs = [[-math.log(max(person[k], UNLIKELY)) for k in dealt] for person in leanings]
    _, chosen = linear_sum_assignment(costs)
    return tuple(dealt[column] for column in chosen)
