"""The text table that says what a model's labels, or the texts of a zero-shot model, mean: axes and their values.

    templates = a photo of {} | a portrait of {}
    [gender]
    female = Female
    male = Male
    [race]
    White = White | Middle Eastern
    unreadable = no face
    [ignore]
    labels = Hat | Blurry

A line is `value = label | label`: labels that share a value are added up. `not LABEL` is the complement of a label that
is asked by itself (a model of yes-or-no attributes). What is read as `unreadable` is left open. A line that begins with
# says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNREADABLE, IGNORE, TEMPLATES = "unreadable", "ignore", "templates"
EVERYTHING = "*"  # under [ignore]: all labels that are not named


@dataclass(frozen=True)
class LabelTable:
    """axes[axis][value]: its labels or texts, in the order given; templates: {} is replaced by each text."""

    axes: Mapping[str, Mapping[str, tuple[str, ...]]]
    ignored: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """axis -> what can be read on it."""
        return {axis: tuple(v for v in values if v != UNREADABLE) for axis, values in self.axes.items()}


@dataclass
class _Rows:
    axes: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()


def parse_table(text: str) -> LabelTable:
    """The table a user wrote. ValueError names the line and what it should look like."""
    rows, axis = _Rows(), ""
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        where = f"line {number} of the table, {line!r}"
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            axis = line[1:-1].strip()
            if not axis or axis in rows.axes:
                raise ValueError(f"{where}: name each axis once, as [gender]")
            if axis != IGNORE:
                rows.axes[axis] = {}
            continue
        value, separator, rest = line.partition("=")
        value, labels = value.strip(), tuple(filter(None, map(str.strip, rest.split("|"))))
        if not (separator and value and labels):
            raise ValueError(f"{where}: write value = label | label")
        if not axis and value == TEMPLATES:
            rows.templates = labels
        elif axis == IGNORE:
            rows.ignored += labels
        elif not axis:
            raise ValueError(f"{where}: the axis is missing; put a line such as [gender] above it")
        elif value in rows.axes[axis]:
            raise ValueError(f"{where}: {value!r} is on {axis} already; put its labels on one line, separated by |")
        else:
            rows.axes[axis][value] = labels
    table = LabelTable(rows.axes, rows.ignored, rows.templates)
    _check(table)
    return table


def _check(table: LabelTable) -> None:
    if not table.axes:
        raise ValueError("the table names no axis: begin with a line such as [gender], then female = Female")
    few = next((axis for axis, values in table.values.items() if len(values) < 2), None)
    if few is not None:
        raise ValueError(f"axis {few!r} of the table has fewer than two values: there is nothing to tell apart")
    blank = next((t for t in table.templates if "{}" not in t), None)
    if blank is not None:
        raise ValueError(f"the template {blank!r} holds no {{}}: write {{}} where the text belongs")


def write_table(table: LabelTable) -> str:
    """The table as text, for a box in which it can be edited."""
    lines = [f"{TEMPLATES} = {' | '.join(table.templates)}"] if table.templates else []
    for axis, values in table.axes.items():
        lines += [f"[{axis}]", *(f"{value} = {' | '.join(labels)}" for value, labels in values.items())]
    return "\n".join([*lines, *([f"[{IGNORE}]", f"labels = {' | '.join(table.ignored)}"] if table.ignored else [])])
