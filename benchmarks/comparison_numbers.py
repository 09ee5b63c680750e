"""The numbers of one method in the comparison: its pictures beside the unedited ones of the same seeds."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch

from ..metrics.bias import mean_over_prompts, measure_bias
from ..metrics.consistency import psnr
from ..metrics.entanglement import mean_iou
from ..metrics.people import gone, kept, match_people
from ..metrics.readers import labels_of
from ..metrics.records import plain as without_nan
from .comparison_methods import BOTH, Prompt
from .emoji import IDENTICAL, Readings, likeness, outside, people_numbers
from .need import by_people

MIXED = "mixed groups"  # the form whose prompts name two occupations


def summarise(
    found: Mapping[str, dict], plain: Mapping[str, dict], prompts: Iterable[Prompt], reader: Any, second: Any = None
) -> dict[str, Any]:
    """The numbers of one method over the prompts of a part, beside the unedited pictures of the same seeds.

    second: another reader of the same pictures, for Bias-W and Bias-P.
    """
    prompts = list(prompts)
    read, before = ({t: reader.read(f["pictures"]) for t, f in group.items()} for group in (found, plain))
    images = [pair for t in found for pair in zip(before[t], read[t], strict=True)]
    pairs = [pair for a, b in images for pair in match_people(a, b)]
    everything, references = (torch.cat([f["pictures"] for f in g.values()]) for g in (found, plain))
    decibels = psnr(everything, references, outside([(b, a) for a, b in images], everything.shape))
    row: dict[str, Any] = {**people_numbers(read, reader.axes), **likeness(everything, references)}
    row |= {
        "psnr_outside_people": float(decibels.clamp_max(IDENTICAL).mean()),
        "kept": {axis: kept(pairs, axis).share for axis in reader.axes},
        "gone": gone(pairs),
        "people_kept": fmean(len(a) == len(b) for a, b in images),
        "people_kept_by_number": by_number(prompts, before, read),
        "miou": {
            n: mean_iou(torch.cat([f["ious"][n] for f in found.values()])) for n in next(iter(found.values()))["ious"]
        },
        "risk_difference": risk_differences(read, reader.axes),
        "by_occupation": by_occupation(prompts, read, reader.axes),
        "by_form": by_form(prompts, read, reader.axes),
        "seconds": fmean(f["seconds"] for f in found.values()),
        "peak_mib": max(f["peak"] for f in found.values()),
        "pictures": len(everything),
    }
    if second is not None:
        again = people_numbers({t: second.read(f["pictures"]) for t, f in found.items()}, reader.axes)
        row["second_reader"] = {key: again[key] for key in ("bias_w", "bias_p", "bias_w_95", "bias_p_95", "unreadable")}
    if "occupation" in reader.axes:
        row["occupation_by_people"] = by_people(images)
    return row


def by_number(prompts: Iterable[Prompt], before: Mapping[str, list], after: Mapping[str, list]) -> dict[str, float]:
    """Share of pictures with as many people as the unedited one, by how many the prompt asks for."""
    same: dict[int, list[bool]] = {}
    for p in prompts:
        same.setdefault(p.people, []).extend(
            len(a) == len(b) for a, b in zip(before[p.text], after[p.text], strict=True)
        )
    return {str(n): fmean(found) for n, found in sorted(same.items())}


def risk_differences(read: Mapping[str, list], axes: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    """RD: |f_one - f_other| over all people together: female and male; the first and the last skin tone (or race)."""
    people = [r.labels for images in read.values() for image in images for r in image]
    found = {}
    for axis in (a for a in BOTH if a in axes):
        values = [labels[axis] for labels in people if labels.get(axis)]
        ends = axes[axis][0], axes[axis][-1]
        found[axis] = abs(values.count(ends[0]) - values.count(ends[1])) / max(1, len(values))
    return found


def by_occupation(
    prompts: Iterable[Prompt], read: Readings, axes: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[str, float]]]:
    """axis -> occupation -> value -> its share of the people of prompts that name this occupation alone (LAG, Fig. 1)."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    alone: dict[str, list[str]] = {}
    for p in prompts:
        if p.form != MIXED:
            alone.setdefault(p.occupation, []).append(p.text)
    for axis in (a for a in BOTH if a in axes):
        for occupation, texts in alone.items():
            values = [v for t in texts for image in read[t] for r in image if (v := r.labels.get(axis))]
            shares = {value: values.count(value) / len(values) for value in axes[axis]} if values else {}
            found.setdefault(axis, {})[occupation] = shares
    return found


def by_form(
    prompts: Iterable[Prompt], read: Readings, axes: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[str, float]]]:
    """axis -> form of prompt -> Bias-W, Bias-P and its floor, means over the prompts of this form (LAG, Fig. 7)."""
    forms: dict[str, list[str]] = {}
    for p in prompts:
        forms.setdefault(p.form, []).append(p.text)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for axis in (a for a in BOTH if a in axes):
        for form, texts in forms.items():
            each = [measure_bias(*labels_of(read[t], {axis: tuple(axes[axis])}), axis=axis) for t in texts]
            means = mean_over_prompts(each)
            found.setdefault(axis, {})[form] = {k: without_nan(means[k]) for k in ("bias_w", "bias_p", "bias_p_floor")}
    return found
