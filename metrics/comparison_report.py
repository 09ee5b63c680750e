"""Before and after, measured and in sentences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .axes import labels_on, prompts_of
from .bias import BiasResult, measure_bias
from .comparison import Difference, compare
from .readers import ReadAttributes
from .sample import sample_of
from .statistics_report import QUOTAS, interval, p_value


@dataclass(frozen=True)
class Comparison:
    """before, after: all people of all paired pictures together. paired_by: in words."""

    before: BiasResult
    after: BiasResult
    difference: Difference
    prompts: int
    paired_by: str


def compared(
    before: ReadAttributes, after: ReadAttributes, names: Sequence[str], at: list[int], at_after: list[int], by: str
) -> Comparison:
    """names: axes. at, at_after: the places of the pictures that are pairs."""
    axis = " x ".join(names)
    of_each = prompts_of(before)
    prompts = [of_each[i] for i in at]
    labels, classes = labels_on(before, names)
    labels_after, _ = labels_on(after, names)
    one, other = [labels[i] for i in at], [labels_after[i] for i in at_after]
    difference = compare(sample_of(one, len(classes), prompts), sample_of(other, len(classes), prompts))
    before_bias, after_bias = (measure_bias(found, classes, axis=axis) for found in (one, other))
    return Comparison(before_bias, after_bias, difference, len(set(prompts)), by)


def format_comparison(found: Comparison) -> str:
    d, before, after = found.difference, found.before, found.after
    if not d.pairs or not (before.faces and after.faces):
        return f"{before.axis} (perceived): nobody readable on one side, nothing can be compared"
    mean = f", mean over {found.prompts} prompts" if found.prompts > 1 else ""
    shares = ", ".join(
        f"{name} {a:.3f} -> {b:.3f} ({b - a:+.3f})"
        for name, a, b in zip(before.classes, before.frequencies, after.frequencies, strict=True)
    )
    return "\n".join([
        f"{before.axis} (perceived), before -> after: {shares}",
        f"rests on {d.pairs} pairs of pictures, by {found.paired_by}; {before.faces} -> {after.faces} readable people, "
        f"{before.unreadable} -> {after.unreadable} unreadable, counted and in no share",
        f"Bias-W{mean}, before: {interval(d.before)}; after: {interval(d.after)}",
        f"difference: {d.value:+.3f} (95 %: {d.low:+.3f} to {d.high:+.3f}, without what noise adds); {verdict(d)}",
        f"test of no difference: {p_value(d.p)}",
        f"Bias-P: {before.bias_p:.3f} (floor {before.bias_p_floor:.3f}) -> {after.bias_p:.3f} (floor {after.bias_p_floor:.3f})",
        "", QUOTAS,
    ])  # fmt: skip


def signed_interval(d: Difference, digits: int = 3) -> str:
    """-0.432 (95 %: -0.601 to -0.260)"""
    value, low, high = (f"{v:+.{digits}f}" for v in (d.value, d.low, d.high))
    return f"{value} (95 %: {low} to {high})"


def verdict(d: Difference) -> str:
    if math.isnan(d.low):
        return "not measurable"
    if d.high < 0:
        return "fairer after"
    if d.low > 0:
        return "less fair after"
    return "it may be chance: more pictures tell more"
