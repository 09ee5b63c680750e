"""Two methods on the same prompts and seeds: what changed, with the interval of the difference.

The difference of two Bias-W has the interval of MOVER (Zou and Donner, 2008): the distances of each number's own limits,
added as the two move together. It begins at the numbers without what noise adds, since near 0 noise adds most and would make a
fair method look less fair than it is. A limit at the end of the scale, perfectly fair or all alike, may be the truth itself,
whose error then goes one way only: there the distances are added in full.
"""

from dataclasses import dataclass

import numpy as np

from .intervals import DRAWS, NAN, NOTHING, Interval, distance_interval
from .resampling import correlation
from .sample import Sample
from .significance import no_difference, paired

EDGE = 1e-9  # of the scale


@dataclass(frozen=True)
class Difference:
    """value: after - before, as measured. low, high: where the difference lies. p: of "no difference"."""

    before: Interval
    after: Interval
    value: float
    low: float
    high: float
    p: float
    pairs: int


def compare(before: Sample, after: Sample, draws: int = DRAWS, seed: int = 0) -> Difference:
    """Bias-W, mean over prompts, of two methods whose pictures are pairs.

    ValueError where they are no pairs. Prompts with nobody readable on one side are left out of both.
    """
    paired(before, after)
    both = np.flatnonzero((before.people.sum(1) > 0) & (after.people.sum(1) > 0))
    if len(both) < len(before.prompts):
        before, after = before.of_prompts(both), after.of_prompts(both)
    if not len(both):
        return Difference(NOTHING, NOTHING, NAN, NAN, NAN, NAN, 0)
    one, other = (distance_interval(s, draws=draws, seed=seed) for s in (before, after))
    r = correlation(before, after, seed=seed)
    middle = other.central - one.central

    most = 2 / before.classes

    def reach(a: float, b: float, *limits: float) -> float:
        if any(limit <= EDGE or limit >= most - EDGE for limit in limits):
            return a + b
        return float(np.sqrt(max(0.0, a * a + b * b - 2 * r * a * b)))

    low = middle - reach(other.central - other.low, one.high - one.central, other.low, one.high)
    high = middle + reach(other.high - other.central, one.central - one.low, other.high, one.low)
    p = no_difference(before, after, seed=seed)
    return Difference(one, other, other.value - one.value, low, high, p, len(before.counts))
