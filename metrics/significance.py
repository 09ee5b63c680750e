"""Tests by permutation: whether there is bias at all, and whether two methods differ; Holm's correction for many tests.

Pictures are permuted as wholes, so that people who are alike inside a picture stay so. p is the share of permutations
with a statistic above the measured one, equal ones count half (the mid-p value): with few people many are equal.
"""

from collections.abc import Sequence

import numpy as np

from .distances import Array, e1
from .sample import Counts, Sample

PERMUTATIONS, AT_ONCE = 1999, 4_000_000  # AT_ONCE: numbers held in memory
LARGE = 300  # pictures: from here on pictures that are counted alike are permuted together, which is the same test
TIE = 1e-9
MOST_ORDERS = 5000


def no_bias(sample: Sample, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """p of "each class is as likely as any other": the classes of each picture are renamed at random.   -> 0 ... 1

    The statistic is E1 over all people, mean over prompts. Two classes: each picture keeps its people or swaps the
    genders of all. nan without anybody readable.
    """
    sample = sample.readable()
    if not len(sample.counts):
        return float("nan")
    rng = np.random.default_rng(seed)
    pictures, k = sample.counts.shape
    measured = _mean_e1(sample.people[None])[0]
    if pictures >= LARGE:
        return _mid_p(_mean_e1(_renamed_together(sample, permutations, rng)), measured)
    found = []
    step = max(1, AT_ONCE // (pictures * k))
    for start in range(0, permutations, step):
        draws = min(step, permutations - start)
        order = np.argsort(rng.random((draws, pictures, k)), -1)
        renamed = np.take_along_axis(np.broadcast_to(sample.counts, order.shape), order, -1)
        found.append(_mean_e1(_by_prompt(renamed, sample)))
    return _mid_p(np.concatenate(found), measured)


def no_difference(before: Sample, after: Sample, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """p of "both methods draw alike": the two pictures of each pair change sides at random.   -> 0 ... 1

    before, after: the same number of pictures, in pairs (same prompt, same seed). The statistic is the size of the
    difference of E1 over all people, mean over prompts.
    """
    paired(before, after)
    rng = np.random.default_rng(seed)
    measured = abs(_mean_e1(after.people[None])[0] - _mean_e1(before.people[None])[0])
    moved = after.counts - before.counts
    if len(moved) >= LARGE:
        change = np.stack(
            [_swapped_together(moved[before.prompt == p], permutations, rng) for p in range(len(before.prompts))], 1
        )
    else:
        swap = rng.random((permutations, len(moved))) < 0.5
        change = np.stack(
            [swap[:, before.prompt == p].astype(float) @ moved[before.prompt == p] for p in range(len(before.prompts))],
            1,
        )
    found = _mean_e1(after.people - change) - _mean_e1(before.people + change)
    return _mid_p(np.abs(found), measured)


def _renamed_together(sample: Sample, draws: int, rng: np.random.Generator) -> Counts:
    """People of each prompt with the classes of every picture renamed at random.   -> [draws,P,K]

    A renamed picture is any order of its counts, each as likely; of n pictures with the same counts, how many become which order is one
    multinomial draw.
    """
    k = sample.classes
    out = np.zeros((draws, len(sample.prompts), k), np.int64)
    for p in range(len(sample.prompts)):
        kinds, many = np.unique(np.sort(sample.counts[sample.prompt == p], 1), axis=0, return_counts=True)
        for kind, n in zip(kinds, many, strict=True):
            if not kind[-1]:
                continue
            orders = _orders(tuple(map(int, kind)), rng)
            out[:, p] += rng.multinomial(n, np.full(len(orders), 1 / len(orders)), draws) @ orders
    return out


def _orders(counts: tuple[int, ...], rng: np.random.Generator) -> Counts:
    """Every order of these counts; of too many to list a sample drawn at random, far more than the pictures can tell apart."""
    found: set[tuple[int, ...]] = {()}
    for _ in counts:
        found = {(*order, c) for order in found for c in set(counts) if order.count(c) < counts.count(c)}
        if len(found) > MOST_ORDERS:
            return np.stack([rng.permutation(counts) for _ in range(MOST_ORDERS)])
    return np.array(sorted(found), np.int64)


def _swapped_together(moved: Counts, draws: int, rng: np.random.Generator) -> Array:
    """The sum of each prompt's moves whose pair changes sides, with equal moves drawn as one number.   [m,K] -> [draws,K]"""
    kinds, many = np.unique(moved, axis=0, return_counts=True)
    return rng.binomial(many, 0.5, (draws, len(many))).astype(float) @ kinds


def paired(before: Sample, after: Sample) -> None:
    """ValueError unless the pictures of two samples are pairs."""
    if before.counts.shape != after.counts.shape or not np.array_equal(before.prompt, after.prompt):
        raise ValueError(
            f"{len(before.counts)} and {len(after.counts)} pictures are no pairs: give both methods the same prompts and seeds"
        )


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for being several (Holm, 1979): the chance of one false alarm among all stays below each.

    p'_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),  p_(1) <= ... <= p_(m).    nan stays nan and does not count
    """
    numbered = sorted((p, i) for i, p in enumerate(values) if not np.isnan(p))
    out, largest = [float("nan")] * len(values), 0.0
    for rank, (p, i) in enumerate(numbered):
        largest = max(largest, min(1.0, (len(numbered) - rank) * p))
        out[i] = largest
    return out


def _by_prompt(counts: Counts, sample: Sample) -> Array:
    """[draws,M,K] -> [draws,P,K]"""
    return np.stack([counts[:, sample.prompt == p].sum(1) for p in range(len(sample.prompts))], 1)


def _mean_e1(people: Array | Counts) -> Array:
    """[draws,P,K] counts -> [draws]; a prompt without people is left out of the mean."""
    k = people.shape[-1]
    total = people.sum(-1, keepdims=True)
    values = e1(people / np.maximum(total, 1), np.full(k, 1 / k))
    there = total[..., 0] > 0
    return np.where(there, values, 0).sum(-1) / np.maximum(there.sum(-1), 1)


def _mid_p(found: Array, measured: float) -> float:
    """The measured arrangement is one of the permutations, and equal to itself."""
    above, equal = (found > measured + TIE).sum(), (np.abs(found - measured) <= TIE).sum() + 1
    return float((above + equal / 2) / (len(found) + 1))
