"""The numbers of a report: each method on each axis, by prompt, and methods against the first one, in pairs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...metrics.axes import in_order
from ...metrics.bias import best_e1
from ...metrics.chance import chance
from ...metrics.comparison import Difference, compare
from ...metrics.distances import e1
from ...metrics.intervals import NOTHING, Interval, distance_interval
from ...metrics.resampling import share_intervals
from ...metrics.sample import Sample
from ...metrics.significance import holm, no_bias
from ...metrics.statistics import ROW_DRAWS, bias_p_interval, corrected_by, unreadable_bounds
from ...metrics.study.rows import certificate_of
from .counted import Counted, pairs


@dataclass(frozen=True)
class Row:
    """One prompt. p: of no bias, corrected by Holm for the prompts of its table."""

    prompt: str
    pictures: int
    people: int
    unreadable: int
    shares: tuple[float, ...]
    bias_w: Interval
    floor_w: float
    chance: float
    p: float
    bias_p: float
    floor_p: float


@dataclass(frozen=True)
class Numbers:
    """One method on one axis. Bias-W, Bias-P, floors and chance are means over prompts; shares are of all people."""

    method: str
    axis: str
    classes: tuple[str, ...]
    pictures: int
    people: int
    unreadable: int
    shares: tuple[float, ...]
    share_limits: tuple[tuple[float, float], ...]
    bias_w: Interval
    bias_p: Interval
    floor_w: float
    floor_p: float
    chance: tuple[float, float]
    p: float
    unreadable_w: tuple[float, float]
    corrected_shares: tuple[float, ...]  # empty: the reader has no certificate for this axis
    corrected_w: Interval
    why_not: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Change:
    """What a method changes against another, over the pictures that both have drawn."""

    before: str
    after: str
    axis: str
    difference: Difference
    prompts: int


def numbers(method: Counted, axis: str, classes: Sequence[str], certificate: Mapping[str, Any] | None) -> Numbers:
    sample = method.sample(axis)
    total = sample.people.sum(0)
    shares = tuple(map(float, total / total.sum())) if total.sum() else (math.nan,) * len(classes)
    rows = by_prompt(sample, classes)
    fixed, wide, why = _corrected(sample, axis, classes, certificate)
    return Numbers(
        method.method, axis, tuple(classes), len(method.keys), int(total.sum()), int(sample.unreadable.sum()), shares,
        tuple(share_intervals(sample)), distance_interval(sample), bias_p_interval(sample), _mean([r.floor_w for r in rows]),
        _mean([r.floor_p for r in rows]), chance(sample.people.sum(1).tolist(), [1 / len(classes)] * len(classes)), no_bias(sample),
        unreadable_bounds(sample), fixed, wide, why, rows,
    )  # fmt: skip


def by_prompt(sample: Sample, classes: Sequence[str]) -> tuple[Row, ...]:
    """A row for each prompt, in their order."""
    k = len(classes)
    equal = [1 / k] * k
    alone = [sample.only(p) for p in range(len(sample.prompts))]
    tests = holm([no_bias(one) for one in alone])
    rows = []
    for one, p in zip(alone, tests, strict=True):
        n, size = int(one.people.sum()), one.counts.sum(1)
        inside = one.counts[size > 0] / size[size > 0, None]
        least = {int(m): best_e1(int(m), k) for m in np.unique(size[size > 0])}
        floors = [least[int(m)] for m in size[size > 0]]
        rows.append(
            Row(
                one.prompts[0], len(one.counts), n, int(one.unreadable.sum()),
                tuple(map(float, one.people[0] / n)) if n else (math.nan,) * k, distance_interval(one, draws=ROW_DRAWS),
                best_e1(n, k) if n else math.nan, chance([n], equal)[0], p,
                float(e1(inside, np.full(k, 1 / k)).mean()) if len(inside) else math.nan, _mean(floors),
            )
        )  # fmt: skip
    return tuple(rows)


def changes(methods: Sequence[Counted], axes: Sequence[str]) -> list[Change]:
    """Each method against the first."""
    return [c for other in methods[1:] for axis in axes if (c := change(methods[0], other, axis)) is not None]


def change(before: Counted, after: Counted, axis: str) -> Change | None:
    """None where no picture of both has the same prompt, seed and place."""
    one, other = pairs(before, after)
    if not one:
        return None
    first, second = before.sample(axis, one), after.sample(axis, other)
    return Change(before.method, after.method, axis, compare(first, second), len(first.prompts))


def _corrected(
    sample: Sample, axis: str, classes: Sequence[str], certificate: Mapping[str, Any] | None
) -> tuple[tuple[float, ...], Interval, str]:
    known = certificate_of(certificate).axes.get(axis) if certificate else None
    if known is None or not sample.people.sum():
        return (), NOTHING, "the reader has no certificate for this axis"
    counts = in_order(known, classes)
    if counts is None:
        return (), NOTHING, "the reader's certificate has other classes"
    found, why_not = corrected_by(sample, classes, counts)
    return (found.shares, found.bias_w, "") if found else ((), NOTHING, why_not)


def _mean(values: Sequence[float]) -> float:
    known = [v for v in values if not math.isnan(v)]
    return math.fsum(known) / len(known) if known else math.nan
