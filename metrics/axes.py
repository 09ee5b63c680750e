"""Which axes a user means, and what the people of a reading are on them."""

import re
from collections.abc import Sequence
from typing import Any

from .bias import Labels
from .readers import Confusion, ReadAttributes, labels_of
from .statistics import Measurement, measure


def named_axes(read: ReadAttributes, axis: str, node: str) -> list[str]:
    """ "gender", or axes crossed by x, "gender x skin tone" -> the reader's names of them. ValueError names what it reads."""
    spelled = {name.casefold(): name for name in read.axes}
    names = [spelled.get(name.strip().casefold(), name.strip()) for name in re.split(r"\s+[x×]\s+", axis)]
    for name in names:
        if name not in read.axes:
            raise ValueError(
                f"{node}, axis: {read.reader} does not read {name!r}; write one of {', '.join(read.axes)}, or two of them "
                "with an x between"
            )
    if len(set(names)) < len(names):
        raise ValueError(f"{node}, axis: {axis!r} names one axis twice; name each once")
    return names


def labels_on(read: ReadAttributes, names: Sequence[str]) -> tuple[Labels, list[str]]:
    """Class index per person and picture, and the classes' names; several axes are crossed."""
    return labels_of(read.images, {name: read.axes[name] for name in names})


def prompts_of(read: ReadAttributes) -> list[str]:
    """The prompt of each picture."""
    return [read.source(picture).prompt for picture in range(len(read.images))]


def certified(read: ReadAttributes, names: Sequence[str], classes: Sequence[str]) -> list[list[int]] | None:
    """counts[true][read] of the reader's certificate in the order of `classes`; None: it has none for this axis.

    Crossed axes have none: which errors come together was not measured.
    """
    if len(names) != 1 or read.certificate is None or names[0] not in read.certificate.axes:
        return None
    return in_order(read.certificate.axes[names[0]], classes)


def in_order(found: Confusion, classes: Sequence[str]) -> list[list[int]] | None:
    """counts[true][read] in the order of `classes`, the last column unreadable; None: they are of other classes."""
    if set(found.classes) != set(classes):
        return None
    order = [found.classes.index(name) for name in classes]
    return [[found.counts[true][r] for r in (*order, len(order))] for true in order]


def target_shares(target: Any, names: Sequence[str], read: ReadAttributes, node: str) -> list[float]:
    """A target's share of each class, in the reader's order. ValueError for attributes the reader does not know."""
    _, classes = labels_of([], {name: read.axes[name] for name in names})
    wanted = dict.fromkeys(classes, 0.0)
    for attribute in target.attributes:
        values = dict(attribute.axis_values)
        key = " x ".join(values.get(name, "?") for name in names)
        if key not in wanted:
            raise ValueError(
                f"{node}, target: {attribute.name!r} is none of what {read.reader} reads: {', '.join(classes)}"
            )
        wanted[key] += attribute.share
    return list(wanted.values())


def measure_axis(read: ReadAttributes, axis: str, node: str, target: Any = None) -> Measurement:
    """A measurement of what a user names: "gender", or axes crossed by x. ValueError as `named_axes` and `target_shares`."""
    names = named_axes(read, axis, node)
    labels, classes = labels_on(read, names)
    wanted = None if target is None else target_shares(target, names, read, node)
    return measure(labels, classes, wanted, " x ".join(names), prompts_of(read), certified(read, names, classes))
