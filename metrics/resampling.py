"""Intervals of means over pictures, of shares, and of how two distances move together: by drawing pictures again.

Pictures are drawn with replacement within each prompt; a picture brings all of its people.
"""

import numpy as np
from scipy.stats import t as student

from .distances import Array, e1
from .sample import Counts, Sample, degrees, effective_people

DRAWS = 2000
LARGE = 2000  # pictures: from here on pictures that are alike are drawn together, as one number, which is the same


def drawn_pictures(prompt: Counts, draws: int, seed: int = 0) -> Array:
    """How often each picture is drawn.   prompt [M] -> [draws,M], as many as there are for each prompt"""
    rng = np.random.default_rng(seed)
    times = np.zeros((draws, len(prompt)))
    for p in np.unique(prompt):
        of = prompt == p
        times[:, of] = rng.multinomial(of.sum(), np.full(of.sum(), 1 / of.sum()), draws)
    return times


def drawn_together(rows: Array | Counts, draws: int, rng: np.random.Generator) -> Array:
    """The sum of as many rows as there are, drawn with replacement: how often each kind of row is drawn.   [m,n] -> [draws,n]"""
    kinds, many = np.unique(rows, axis=0, return_counts=True)
    return np.asarray(rng.multinomial(len(rows), many / len(rows), draws) @ kinds, float)


def mean_interval(
    values: Array, prompt: Counts, least: float, most: float, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float]:
    """Where the mean over prompts of the mean over a prompt's pictures lies.   values, prompt [M] -> (low, high)

    Percentiles of the bootstrap, set apart by sqrt(M / (M - 1)) t / z for few pictures (Hesterberg, 2015), inside
    least ... most. Where no two pictures differ nothing can be resampled: then so many pictures of another kind may have been missed
    as stay unseen in 2.5 % of studies, 1 - 0.025^(1/M), each at the far end.
    """
    if not len(values):
        return float("nan"), float("nan")
    tail, groups = (1 - level) / 2, np.unique(prompt)
    mean = float(np.mean([values[prompt == p].mean() for p in groups]))
    if np.ptp(values) == 0:
        missed = 1 - tail ** (1 / len(values))
        return mean - missed * (mean - least), mean + missed * (most - mean)
    if len(values) >= LARGE:
        rng = np.random.default_rng(seed)
        drawn = [drawn_together(values[prompt == p][:, None], draws, rng)[:, 0] / (prompt == p).sum() for p in groups]
    else:
        times = drawn_pictures(prompt, draws, seed)
        drawn = [times[:, prompt == p] @ values[prompt == p] / (prompt == p).sum() for p in groups]
    means = np.mean(drawn, 0)
    free, per_prompt = max(1, len(values) - len(groups)), len(values) / len(groups)
    wider = np.sqrt(per_prompt / max(1, per_prompt - 1)) * student.ppf(1 - tail, free) / student.ppf(1 - tail, 1e6)
    low, high = (mean + wider * (np.quantile(means, q) - mean) for q in (tail, 1 - tail))
    return max(least, float(low)), min(most, float(high))


def share_intervals(sample: Sample, level: float = 0.95) -> list[tuple[float, float]]:
    """Where the share of each class among all people lies (Wilson's interval for the people theirs are worth).

    (f + z^2 / 2n -+ z sqrt(f (1 - f) / n + z^2 / 4n^2)) / (1 + z^2 / n),  n = n_eff, z = t of the pictures
    """
    together = sample.pooled()
    if not together.people.sum():
        return [(float("nan"), float("nan"))] * sample.classes
    n = float(effective_people(together)[0])
    z = float(student.ppf((1 + level) / 2, degrees(together)))
    found = []
    for f in together.people[0] / max(1, together.people[0].sum()):
        middle, half = f + z * z / (2 * n), z * np.sqrt(f * (1 - f) / n + (z / n) ** 2 / 4)
        low, high = ((middle + sign * half) / (1 + z * z / n) for sign in (-1, 1))
        found.append((float(max(0.0, low)), float(min(1.0, high))))
    return found


def correlation(before: Sample, after: Sample, draws: int = DRAWS, seed: int = 0) -> float:
    """How the mean E1 of two methods move together when pairs of pictures are drawn again.   -> -1 ... 1"""
    large, k = len(before.counts) >= LARGE, before.classes
    rng = np.random.default_rng(seed)
    times = None if large else drawn_pictures(before.prompt, draws, seed)
    moving = np.zeros((2, draws))
    for p in range(len(before.prompts)):
        of = before.prompt == p
        rows = np.hstack([before.counts[of], after.counts[of]])
        drawn = drawn_together(rows, draws, rng) if times is None else times[:, of] @ rows
        for i, people in enumerate((drawn[:, :k], drawn[:, k:])):
            total = people.sum(1, keepdims=True)
            moving[i] += np.where(total[:, 0] > 0, e1(people / np.maximum(total, 1), people), 0)
    if min(np.ptp(m) for m in moving) < 1e-12:
        return 0.0
    return float(np.corrcoef(moving[0], moving[1])[0, 1])
