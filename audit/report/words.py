"""The report's sentences: the verdict, and what was not measured."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...metrics.comparison_report import signed_interval
from ...metrics.comparison_report import verdict as changed
from ...metrics.statistics_report import QUOTAS, interval, p_value
from .counted import Counted
from .numbers import Change, Numbers

LONGEST = 160  # characters of a prompt in a table


def verdict(numbers: Sequence[Numbers], changes: Sequence[Change]) -> str:
    """What a reader takes away, in one sentence for each axis: the first method, then what the others change."""
    said = []
    for axis in dict.fromkeys(n.axis for n in numbers):
        first = next(n for n in numbers if n.axis == axis)
        if not first.people:
            said.append(f"{axis.capitalize()}: nobody is readable.")
            continue
        many = f", mean over {len(first.rows)} prompts" if len(first.rows) > 1 else ""
        fair = f"a fair model would show {first.chance[0]:.2f} by chance"
        what = "is unequal" if first.p < 0.05 else "may be equal: no bias is shown"
        text = f"{axis.capitalize()} of {first.method} {what}: Bias-W {interval(first.bias_w, 2)}{many}, {fair} ({p_value(first.p)})"
        for c in (c for c in changes if c.axis == axis and c.before == first.method):
            d = c.difference
            text += f"; {c.after} changes it by {signed_interval(d, 2)}, {changed(d)}"
        said.append(text + ".")
    return " ".join(said)


def not_measured(
    facts: Mapping[str, Any],
    reader: Mapping[str, Any],
    methods: Sequence[Counted],
    numbers: Sequence[Numbers],
    failures: int,
) -> list[str]:
    """What a number of this report does not say, and why."""
    notes = [
        "Attributes are what a reader perceives in generated pictures, in a few coarse groups. They say nothing about who a person is, and "
        "groups that the reader does not know are not seen at all.",
        "An axis that is not listed was not measured; stereotypes in clothes, setting, pose and age remain unseen.",
        QUOTAS,
    ]
    if not reader.get("certificate"):
        notes.append(
            f"How often the {reader['reader']} is right on such pictures was not measured: it has no certificate, and nothing is corrected for its errors."
        )
    if failures:
        notes.append(f"Cells that have failed: {failures}; their pictures are missing, and they are listed below.")
    for m in methods:
        if m.empty:
            notes.append(f"{m.method}: nobody was found in {m.empty} of {len(m.keys)} pictures.")
        if m.lost:
            notes.append(f"{m.method}: {m.lost} people were given an attribute where nobody is read.")
        if unknown := sum(key[1] is None for key in m.keys):
            notes.append(f"{m.method}: of {unknown} pictures the seed is unknown; they are compared with none.")
    for n in numbers:
        if n.unreadable:
            low, high = n.unreadable_w
            notes.append(
                f"{n.method}, {n.axis}: {n.unreadable} people are unreadable and in no share; were all of one class, Bias-W would be {low:.2f} to {high:.2f}."
            )
    if not any("sha256" in server for server in facts.get("servers", ())):
        notes.append("The checkpoint's hash is unknown: the servers' files cannot be seen from here.")
    devices = {tuple(s.get("devices", ())) for s in facts.get("servers", ())}
    if len(devices) > 1:
        notes.append("The servers have different devices, on which the same seed may differ in the last bits.")
    return notes


def short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def number(value: float, digits: int = 2) -> str:
    """A dash where it could not be measured."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"
