"""What a quota minimises: how far a run and each of its pictures are from the shares that were asked for.

    sum_k (s_k + C_k + c_k - pi_k (C_tot + n))^2  +  mu sum_k (o_k + c_k - (o_tot + n) pi_k)^2,     mu = `balance`

over the counts c of an image of n people, with the counters C and the start s before it and the `others` o of the
picture. Of a crossed target the same is added for each axis, with AXIS_WEIGHT and the sums over the attributes that
share a value. Our re-design; published work does not say how it assigns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

AXIS_WEIGHT = 1.0  # of each axis beside the combinations, in the cost that a quota minimises


Axes = Sequence[Sequence[int]]  # of a crossed target, each attribute's value on each axis: axes[axis][attribute]


@dataclass(frozen=True)
class RunningCounts:
    """The running quota's whole state, one entry per attribute.

    counts: C_k, how many people have each attribute so far. start: s_k, how far the run began ahead of its target
    (people, sum 0; see `first_counts`).
    """

    counts: tuple[int, ...]
    start: tuple[float, ...]

    def plus(self, counts: Sequence[int]) -> "RunningCounts":
        return RunningCounts(tuple(have + new for have, new in zip(self.counts, counts, strict=True)), self.start)


def least_cost(
    shares: Sequence[float],
    people: int,
    before: RunningCounts,
    balance: float,
    rng: Random,
    axes: Axes = (),
    others: Sequence[int] | None = None,
) -> list[int]:
    """The counts c, sum c = people, of least cost: n times, one person more where the cost grows least, ties at random.

    A sum of convex functions of one count each is minimised exactly by that. Of a crossed target the axes couple the
    counts: the greedy answer is then improved by exchanging one person at a time."""
    beside = list(others or [0] * len(shares))
    total, here = sum(before.counts) + people, sum(beside) + people
    ahead = [s + count - share * total for s, count, share in zip(before.start, before.counts, shares, strict=True)]
    excess = [o - share * here for o, share in zip(beside, shares, strict=True)]
    counts = [0] * len(shares)

    def growth() -> list[float]:
        """What one person more of each attribute would cost."""
        own = [
            2 * (over + new) + 1 + balance * (2 * (more + new) + 1)
            for over, more, new in zip(ahead, excess, counts, strict=True)
        ]
        for values in axes:
            over, more, new = (_by_value(numbers, values) for numbers in (ahead, excess, counts))
            for k, v in enumerate(values):
                own[k] += AXIS_WEIGHT * (2 * (over[v] + new[v]) + 1 + balance * (2 * (more[v] + new[v]) + 1))
        return own

    for _ in range(people):
        counts[_cheapest(growth(), rng)] += 1
    moved = bool(axes)
    while moved:
        moved = False
        for k in [k for k, count in enumerate(counts) if count]:
            counts[k] -= 1
            costs = growth()
            best = min(range(len(costs)), key=costs.__getitem__)
            if costs[best] < costs[k] - 1e-9:
                k, moved = best, True
            counts[k] += 1
    return counts


def _cheapest(costs: Sequence[float], rng: Random) -> int:
    least = min(costs)
    cheapest = [k for k, cost in enumerate(costs) if cost <= least + 1e-9]
    return cheapest[int(rng.random() * len(cheapest))]


def _by_value(numbers: Sequence[float], values: Sequence[int]) -> list[float]:
    """Sums over the attributes that share a value of one axis."""
    sums = [0.0] * (max(values) + 1)
    for number, v in zip(numbers, values, strict=True):
        sums[v] += number
    return sums
