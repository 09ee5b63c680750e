"""Intervals of distances from fairness, by inverting tests.

A distance is never below 0, and noise adds to it: thirty people of a fair model have a Bias-W of about 0.15. Resampled
people add the noise once more, so that percentiles of a plain bootstrap lie too high and, near 0, miss the truth. Here
each candidate truth is asked instead: would it give a distance as large as the measured one in 2.5 % of studies, or one
as small in 2.5 %? The candidates that say neither are the interval.

Candidates lie on a path of frequencies from the centre (fair, or the target) through what was measured, and beyond:

    f_k(c) = pi_k (f_k / pi_k)^c / sum        c = 0: the centre; c = 1: as measured; c -> inf: all alike

A study of one candidate draws as many people as the measured ones are worth (`sample.effective_people`), and that worth
itself is known only as well as so many pictures tell (chi-squared). With a confusion matrix people are drawn as the
reader would read them, and corrected by matrices drawn again, so that both uncertainties are in the distances.

Noise adds most where classes are nearly equal, and where on the path that is, is known only roughly. So each limit is the mean of two (our
decision; `make bench-statistics` says how well it does): the upper one of the path and of the distance without the part
that noise adds; the lower one of the path and of a path on which all classes but the largest are equal.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from .correction import corrected, drawn_again, observed, read_as
from .distances import Array, Distance, e1, slope
from .sample import Sample, degrees, effective_people

DRAWS, NEAR, FARTHEST = 1000, 0.005, 1e3
SMOOTHING = 0.5  # people added to each class before the path is laid: nobody seen is not nobody there
TIE = 1e-9


@dataclass(frozen=True)
class Interval:
    """value: as measured. low, high: where the truth lies, with `level`. central: the truth for which the measured value
    is as often exceeded as not, the value without what noise adds."""

    value: float
    low: float
    high: float
    central: float
    level: float = 0.95


NAN = float("nan")
NOTHING = Interval(NAN, NAN, NAN, NAN)


def distance_interval(
    sample: Sample,
    distance: Distance = e1,
    centre: Array | None = None,
    confusion: Array | None = None,
    draws: int = DRAWS,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The mean over prompts of a distance of the frequencies over all people, with its interval.

    centre [K]: where the distance is 0; None: equal shares. confusion [K,K+1]: counts[true][read] of the reader's certificate; None:
    readings as they are. Prompts without anybody readable are left out; without any all numbers are nan.
    """
    sample = sample.readable()
    if not len(sample.counts):
        return NOTHING
    k = sample.classes
    pi = np.full(k, 1 / k) if centre is None else np.maximum(np.asarray(centre, float), 1e-4)
    study = _Study(sample, distance, pi / pi.sum(), confusion, draws, np.random.default_rng(seed))
    tail = (1 - level) / 2
    low, central, high = (study.truth(p, study.path) for p in (tail, 0.5, 1 - tail))
    if k > 2:
        low = (low + min(low, study.truth(tail, study.equal_path))) / 2
    high = (high + max(high, study.truth(1 - tail, study.path, straight=True))) / 2
    return Interval(study.measured, low, high, min(max(central, low), high), level)


class _Study:
    """One measurement, and the studies that candidate truths would have given in its place."""

    def __init__(self, sample: Sample, distance: Distance, pi: Array, confusion: Array | None, draws: int, rng):
        self.distance, self.pi = distance, pi
        n = sample.people.sum(1)[:, None]
        self.matrix = None if confusion is None else read_as(confusion)
        frequencies = sample.people / n
        if self.matrix is not None and confusion is not None:
            frequencies = corrected(frequencies, self.matrix)
            self.matrices = drawn_again(confusion, draws, rng)[:, None]
        self.measured = float(distance(frequencies, pi).mean())
        self.measured_frequencies = frequencies
        worth, many = effective_people(sample), degrees(sample)
        uncertain = worth * rng.chisquare(many, (draws, 1)) / many
        self.people = np.maximum(np.floor(uncertain + rng.random(uncertain.shape)), 1).astype(int)  # [draws, P]
        self.known: dict[tuple[float, int], tuple[float, float]] = {}
        self.seed = int(rng.integers(2**31))
        smooth = frequencies * worth[:, None] + SMOOTHING * pi * sample.classes
        smooth /= smooth.sum(1, keepdims=True)
        if len(frequencies) > 1:
            smooth = pi + (smooth - pi) * self._without_noise(smooth)
        self.path = np.log(smooth / pi)
        self.path[np.abs(self.path).max(1) < TIE, 0] += 1e-3  # exactly at the centre every direction is as good
        self.equal_path = np.where(smooth / pi == (smooth / pi).max(1, keepdims=True), 1.0, 0.0)
        self.slopes = slope(distance, self.candidate(1, self.path), pi)

    def _without_noise(self, smooth: Array) -> float:
        """By how much several prompts' deviations from the centre are to shrink to have their true size together."""
        noise = ((self.drawn(smooth) - smooth) ** 2).sum(-1).mean(0).sum()
        size = ((self.measured_frequencies - self.pi) ** 2).sum()
        return float(np.sqrt(max(size - noise, 0.02 * size) / size)) if size > 0 else 1.0

    def candidate(self, c: float, path: Array) -> Array:
        """f(c) [P,K], with path = log(f / pi)."""
        power = c * path
        weights = self.pi * np.exp(power - power.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True)

    def drawn(self, truth: Array) -> Array:
        """Frequencies [draws,P,K] that studies of this truth [P,K] measure; the same random numbers for each truth."""
        rng = np.random.default_rng(self.seed)
        chances = truth if self.matrix is None else observed(truth, self.matrix)
        frequencies = rng.multinomial(self.people, chances[None]) / self.people[..., None]
        return frequencies if self.matrix is None else corrected(frequencies, self.matrices)

    def exceeding(self, c: float, path: Array) -> tuple[float, float]:
        """The share of studies of f(c) whose distance is above the measured one, equal ones count half; the same for
        the distance without the part that noise adds."""
        if (c, id(path)) not in self.known:
            drawn = self.drawn(self.candidate(c, path))
            distances = self.distance(drawn, self.pi).mean(1), ((drawn - self.pi) * self.slopes).sum(-1).mean(1)
            above, straight = (
                float((d > self.measured + TIE).mean() + (np.abs(d - self.measured) <= TIE).mean() / 2)
                for d in distances
            )
            self.known[c, id(path)] = above, straight
        return self.known[c, id(path)]

    def truth(self, share: float, path: Array, straight: bool = False) -> float:
        """The distance of the candidate of which that share of studies exceeds the measured one."""

        def off(c: float) -> float:
            return self.exceeding(c, path)[straight] - share

        low, high = 0.0, 1.0
        if off(0) >= 0:
            return 0.0
        while high < FARTHEST and off(high) < 0:
            low, high = high, 2 * high
        c = brentq(off, low, high, xtol=high * NEAR) if off(high) >= 0 else high
        return float(self.distance(self.candidate(c, path), self.pi).mean())
