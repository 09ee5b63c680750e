"""A Measurement as text: what `bias_report` says, then intervals, chance, tests and bounds in sentences."""

import math

from .bias_report import format_report
from .intervals import Interval
from .statistics import Measurement, PromptRow, largest_risk_difference

QUOTAS = (
    "Intervals and tests take pictures as independent. Attributes dealt out by quota make them dependent: then the "
    "shares vary less than these intervals say."
)


def interval(found: Interval, digits: int = 3) -> str:
    """As a user reads it: 0.432 (95 %: 0.101 to 0.708)."""
    value, low, high = (f"{v:.{digits}f}" for v in (found.value, found.low, found.high))
    return f"{value} ({100 * found.level:.0f} %: {low} to {high})"


def format_measurement(found: Measurement) -> str:
    text = [format_report(found.result)]
    if not found.result.faces:
        return text[0]
    several, r = len(found.rows) > 1, found.result
    if several:
        text[0] = f"all {len(found.rows)} prompts taken together\n{text[0]}"
    mean = f", mean over {len(found.rows)} prompts" if several else ""
    difference, most, least = largest_risk_difference(r)
    text.append("")
    text.append(
        f"Bias-W{mean}: {interval(found.bias_w)}; without what noise adds {found.bias_w.central:.3f}; floor {found.floor_w:.3f}"
    )
    text.append(
        f"chance: a fair model with as many independent people shows {found.chance_w[0]:.3f} on average, above "
        f"{found.chance_w[1]:.3f} once in twenty; test of no bias: {p_value(found.p)}"
    )
    text.append(f"Bias-P{mean}: {interval(found.bias_p)}; floor {found.floor_p:.3f}")
    if found.target_w:
        text.append(f"Target-W{mean}: {interval(found.target_w)}")
    text.append(f"Risk Difference, the largest: {difference:.3f}, {most} against {least}")
    shares = ", ".join(f"{n} {low:.3f} to {high:.3f}" for n, (low, high) in zip(r.classes, found.shares, strict=True))
    text.append(f"95 % of the shares: {shares}")
    text.append(unreadable(found))
    text += corrected(found, mean)
    if several:
        text += ["", *rows(found)]
    return "\n".join([*text, "", QUOTAS])


def unreadable(found: Measurement) -> str:
    if not found.result.unreadable:
        return "nobody is unreadable"
    low, high = found.unreadable_w
    n = found.result.unreadable
    return (
        f"{n} {'person is' if n == 1 else 'people are'} unreadable, counted here and in no share; if all unreadable people were of "
        f"one class, Bias-W would be {low:.3f} to {high:.3f}, by class"
    )


def corrected(found: Measurement, mean: str) -> list[str]:
    if found.why_not_corrected:
        return [f"not corrected for the reader's errors: {found.why_not_corrected}"]
    if not found.corrected:
        return ["not corrected for the reader's errors: it has no certificate for this axis"]
    shares = ", ".join(f"{n} {f:.3f}" for n, f in zip(found.result.classes, found.corrected.shares, strict=True))
    return [
        f"corrected by the reader's certificate: {shares}; Bias-W{mean} {interval(found.corrected.bias_w)}, "
        "the uncertainty of the certificate within"
    ]


def rows(found: Measurement) -> list[str]:
    """A line for each prompt; p is corrected for their number (Holm)."""
    return ["by prompt (p corrected for their number, Holm):", *map(row, found.rows)]


def row(one: PromptRow) -> str:
    name = one.prompt or "(no name)"
    if not one.result.faces:
        return f"{name}: nobody readable in {one.result.images} pictures"
    shares = ", ".join(f"{n} {f:.2f}" for n, f in zip(one.result.classes, one.result.frequencies, strict=True))
    lies = f" ({one.bias_w.low:.2f} to {one.bias_w.high:.2f})" if not math.isnan(one.bias_w.low) else ""
    return (
        f"{name}: Bias-W {one.bias_w.value:.2f}{lies}, chance {one.chance:.2f}, {p_value(one.p)}; Bias-P "
        f"{one.result.bias_p:.2f} (floor {one.result.bias_p_floor:.2f}); {shares}; {one.result.faces} people"
    )


def p_value(p: float) -> str:
    return "p below 0.001" if p < 0.001 else f"p = {p:.3f}"
