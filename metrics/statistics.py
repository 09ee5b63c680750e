"""One measurement of bias with everything it has to be read beside: intervals, chance, tests, bounds, rows by prompt.

With several prompts Bias-W and Bias-P are means over prompts (LAG's protocol as Shen et al. follow it): a model that draws
doctors as men and teachers as women is not fair because both together are half and half.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bias import BiasResult, Labels, mean_over_prompts, measure_bias
from .chance import chance
from .correction import checked, corrected, read_as
from .distances import Array, e1, total_variation
from .intervals import NOTHING, Interval, distance_interval
from .resampling import mean_interval, share_intervals
from .sample import Sample, sample_of
from .significance import holm, no_bias

ROW_DRAWS = 500  # of the interval of one prompt among several
MANY_PROMPTS = 40  # beyond, rows have numbers and no intervals: the node is to answer within seconds


@dataclass(frozen=True)
class PromptRow:
    """One prompt of several. p: of "no bias", corrected by Holm for as many rows as there are."""

    prompt: str
    result: BiasResult
    bias_w: Interval
    chance: float
    p: float


@dataclass(frozen=True)
class Corrected:
    """shares, bias_w: by the reader's certificate, over all people and as mean over prompts."""

    shares: tuple[float, ...]
    bias_w: Interval


@dataclass(frozen=True)
class Measurement:
    """result: all people of all prompts together. The other numbers are means over prompts, for one prompt its own.

    shares: (low, high) of each class over all people. floor_w, floor_p: what perfect control of these counts reaches.
    chance_w: (mean, 95th percentile) of a fair model with independent people. p: of "no bias". unreadable_w: Bias-W if
    all unreadable people were of one class, (least, most) over the classes. corrected: None without a certificate.
    why_not_corrected: where there is one that cannot be used.
    """

    result: BiasResult
    bias_w: Interval
    bias_p: Interval
    floor_w: float
    floor_p: float
    shares: tuple[tuple[float, float], ...]
    chance_w: tuple[float, float]
    p: float
    unreadable_w: tuple[float, float]
    rows: tuple[PromptRow, ...] = ()
    target_w: Interval | None = None
    corrected: Corrected | None = None
    why_not_corrected: str = ""


def measure(
    labels: Labels,
    classes: Sequence[str],
    target: Sequence[float] | None = None,
    axis: str = "attribute",
    prompts: Sequence[str] | None = None,
    certificate: Sequence[Sequence[int]] | None = None,
) -> Measurement:
    """labels: images -> people -> class or None. prompts: of each image; None: all of one.

    certificate: counts[true][read] of the reader, the last column unreadable; one that cannot be used is told in the
    result. ValueError as `measure_bias`.
    """
    result = measure_bias(labels, classes, target, axis)
    sample = sample_of(labels, len(classes), prompts)
    each = [measure_bias(_of(labels, sample, p), classes, target, axis) for p in range(len(sample.prompts))]
    means = mean_over_prompts(each)
    equal = [1 / len(classes)] * len(classes)
    wanted = None if target is None else distance_interval(sample, total_variation, np.array(result.target))
    adjusted, why_not = corrected_by(sample, classes, certificate)
    return Measurement(
        result=result,
        bias_w=distance_interval(sample),
        bias_p=bias_p_interval(sample),
        floor_w=means["bias_w_floor"],
        floor_p=means["bias_p_floor"],
        shares=tuple(share_intervals(sample)),
        chance_w=chance(sample.people.sum(1).tolist(), equal),
        p=no_bias(sample),
        unreadable_w=unreadable_bounds(sample),
        rows=_rows(sample, each, equal) if len(each) > 1 else (),
        target_w=wanted,
        corrected=adjusted,
        why_not_corrected=why_not,
    )


def unreadable_bounds(sample: Sample) -> tuple[float, float]:
    """Bias-W, mean over prompts, if all unreadable people were of one class: (least, most) over the classes."""
    k = sample.classes
    open_people = np.zeros(len(sample.prompts), np.int64)
    np.add.at(open_people, sample.prompt, sample.unreadable)
    found = []
    for of in np.eye(k, dtype=np.int64):
        people = sample.people + open_people[:, None] * of
        people = people[people.sum(1) > 0]
        if len(people):
            found.append(float(e1(people / people.sum(1, keepdims=True), np.full(k, 1 / k)).mean()))
    return (min(found), max(found)) if found else (math.nan, math.nan)


def bias_p_interval(sample: Sample) -> Interval:
    """The mean over prompts of the mean over a prompt's pictures of E1 inside the picture, by drawing pictures again."""
    k, size = sample.classes, sample.counts.sum(1)
    there = size > 0
    if not there.any():
        return NOTHING
    values: Array = e1(sample.counts[there] / size[there, None], np.full(k, 1 / k))
    prompt = sample.prompt[there]
    value = float(np.mean([values[prompt == p].mean() for p in np.unique(prompt)]))
    return Interval(value, *mean_interval(values, prompt, 0.0, 2 / k), value)


def risk_difference(frequencies: Sequence[float], one: int, other: int) -> float:
    """RD = |f_one - f_other|: the difference of two classes' shares. BiasMap names it; the formula is our reading of it."""
    return abs(frequencies[one] - frequencies[other])


def largest_risk_difference(result: BiasResult) -> tuple[float, str, str]:
    """(RD, most frequent class, least frequent class)."""
    order = sorted(range(len(result.classes)), key=lambda k: result.frequencies[k])
    least, most = order[0], order[-1]
    return risk_difference(result.frequencies, most, least), result.classes[most], result.classes[least]


def _of(labels: Labels, sample: Sample, prompt: int) -> Labels:
    return [image for image, p in zip(labels, sample.prompt, strict=True) if p == prompt]


def _rows(sample: Sample, each: Sequence[BiasResult], equal: Sequence[float]) -> tuple[PromptRow, ...]:
    alone = [sample.only(p) for p in range(len(each))]
    p_values = holm([no_bias(one) for one in alone])
    rows = []
    for one, result, p in zip(alone, each, p_values, strict=True):
        if len(each) <= MANY_PROMPTS:
            interval = distance_interval(one, draws=ROW_DRAWS)
        else:
            interval = Interval(result.bias_w, math.nan, math.nan, math.nan)
        rows.append(PromptRow(one.prompts[0], result, interval, chance([result.faces], equal)[0], p))
    return tuple(rows)


def corrected_by(
    sample: Sample, classes: Sequence[str], certificate: Sequence[Sequence[int]] | None
) -> tuple[Corrected | None, str]:
    """(corrected, why not). certificate: counts[true][read] as `measure`; neither without one, or with nobody readable."""
    people = sample.people.sum(0)
    if certificate is None or not people.sum():
        return None, ""
    try:
        counts = checked(certificate, classes)
    except ValueError as error:
        return None, str(error)
    shares = corrected(people / people.sum(), read_as(counts))
    return Corrected(tuple(map(float, shares)), distance_interval(sample, confusion=counts)), ""
