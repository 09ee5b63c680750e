"""Two methods on the same prompts and seeds: what changed, with the interval of the difference.

The difference of two Bias-W has the interval of MOVER (Zou and Donner, 2008): the distances of each number's own limits,
added as the two move together. It begins at the numbers without what noise adds, since near 0 noise adds most and would make a
fair method look less fair than it is.
"""

from dataclasses import dataclass

import numpy as np

from .intervals import DRAWS, NAN, NOTHING, Interval, distance_interval
from .resampling import correlation
from .sample import Sample
from .significance import no_difference, paired


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
        before, after = (_of_prompts(s, both) for s in (before, after))
    if not len(both):
        return Difference(NOTHING, NOTHING, NAN, NAN, NAN, NAN, 0)
    one, other = (distance_interval(s, draws=draws, seed=seed) for s in (before, after))
    r = correlation(before, after, seed=seed)
    middle = other.central - one.central

    def reach(a: float, b: float) -> float:
        return float(np.sqrt(max(0.0, a * a + b * b - 2 * r * a * b)))

    low = middle - reach(other.central - other.low, one.high - one.central)
    high = middle + reach(other.high - other.central, one.central - one.low)
    p = no_difference(before, after, seed=seed)
    return Difference(one, other, other.value - one.value, low, high, p, len(before.counts))


def _of_prompts(sample: Sample, chosen: np.ndarray) -> Sample:
    keep = np.isin(sample.prompt, chosen)
    place = np.searchsorted(chosen, sample.prompt[keep])
    return Sample(sample.counts[keep], sample.unreadable[keep], place, tuple(sample.prompts[i] for i in chosen))
