"""The people of one picture get their attributes: by the target's quota, and within a group those whom it changes least."""

from collections.abc import Sequence

from .assignment import PER_GROUP, RunningCounts, assign, least_change
from .target import TargetDistribution

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
    person j is becoming attribute k already (`assignment.least_change`); None: the quota's own order stands.
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
