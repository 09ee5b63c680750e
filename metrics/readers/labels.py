"""A label table meets a model: which logits are which value of which axis, and their probabilities."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from .label_presets import PRESETS
from .label_table import EVERYTHING, UNREADABLE, LabelTable, parse_table

NOT = re.compile(r"not\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """One axis: its values, and per value the model's outputs that mean it, True: their complement.

    open_: outputs that take part in the softmax and mean that the face cannot be read.
    """

    axis: str
    values: tuple[str, ...]
    outputs: tuple[tuple[tuple[int, bool], ...], ...]
    open_: tuple[int, ...] = ()


def plain(label: str) -> str:
    """ "Latino_Hispanic" and "latino hispanic" are one label; + and the stroke between digits tell ages apart."""
    return re.sub(r"[^\w+-]|_|(?<!\d)-|-(?!\d)", "", label.casefold())


def heads_of(table: LabelTable, labels: Sequence[str], yes_or_no: bool = False) -> list[Head]:
    """Which of the model's labels each line of the table means. ValueError for one that is on one side only.

    yes_or_no: the model asks each label by itself, so `not LABEL` has a probability.
    """
    place = {plain(label): i for i, label in enumerate(labels)}
    if len(place) != len(labels):
        raise ValueError(f"two of the model's labels are the same: {', '.join(labels)}")
    used: set[int] = set()

    def output(label: str) -> tuple[int, bool]:
        name = NOT.sub("", label, count=1) if plain(label) not in place else label
        if plain(name) not in place:
            raise ValueError(f"the table names the label {label!r}, which the model has not; it has {_listed(labels)}")
        if name != label and not yes_or_no:
            raise ValueError(
                f"{label!r}: this model chooses one label of several, so none has a complement; list the others"
            )
        used.add(place[plain(name)])
        return place[plain(name)], name != label

    heads = []
    for axis, values in table.axes.items():
        found = {value: tuple(map(output, wanted)) for value, wanted in values.items()}
        unread = tuple(index for index, _ in found.pop(UNREADABLE, ()))
        heads.append(Head(axis, tuple(found), tuple(found.values()), unread))
    if EVERYTHING not in table.ignored:
        used |= {output(label)[0] for label in table.ignored}
        left = [label for i, label in enumerate(labels) if i not in used]
        if left:
            raise ValueError(
                f"the table does not say what {_listed(left)} mean: add them to an axis, put them under "
                "unreadable, or under [ignore]"
            )
    return heads


def _listed(labels: Sequence[str], most: int = 12) -> str:
    more = [f"and {len(labels) - most} more"] if len(labels) > most else []
    return ", ".join([*map(repr, labels[:most]), *more])


def own_table(labels: Sequence[str]) -> LabelTable | None:
    """The table that labels of the form "axis: value" give by themselves; None for others."""
    axes: dict[str, dict[str, tuple[str, ...]]] = {}
    for label in labels:
        axis, separator, value = label.partition(":")
        if not separator or not axis.strip() or not value.strip():
            return None
        axes.setdefault(axis.strip(), {})[value.strip()] = (label,)
    return LabelTable(axes) if axes and all(len(values) >= 2 for values in axes.values()) else None


def preset_table(name: str, labels: Sequence[str]) -> LabelTable:
    """A preset, without the spellings that this model does not use. ValueError where a value has none."""
    table, known = parse_table(PRESETS[name]), {plain(label) for label in labels}

    def used(wanted: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(w for w in wanted if {plain(w), plain(NOT.sub("", w, count=1))} & known)

    axes = {axis: {value: used(wanted) for value, wanted in values.items()} for axis, values in table.axes.items()}
    missing = next(
        (f"{axis} {value!r}" for axis, row in axes.items() for value, found in row.items() if not found), None
    )
    if missing is not None:
        raise ValueError(
            f"the preset {name!r} does not fit: no label of the model means {missing}; it has {_listed(labels)}"
        )
    return LabelTable(axes, table.ignored, table.templates)


def table_for(labels: Sequence[str], yes_or_no: bool) -> tuple[str, LabelTable]:
    """(whose, table) that fits a model's labels by itself: "axis: value" labels, else the first preset that maps all.

    ValueError where nothing fits, and for labels that say nothing: LABEL_0 and so on.
    """
    if all(label == f"LABEL_{i}" for i, label in enumerate(labels)):
        raise ValueError(
            f"the model does not name its labels ({', '.join(labels[:3])}, ...): look up what they mean where you got it, and write "
            "it into a table of your own ('own table')"
        )
    table = own_table(labels)
    if table is not None:
        return "the model's own labels", table
    for name in PRESETS:
        try:
            table = preset_table(name, labels)
            heads_of(table, labels, yes_or_no)
        except ValueError:
            continue
        return name, table
    raise ValueError(f"nothing is known about its labels {_listed(labels)}: say what they mean in a table of your own")


def probabilities(logits: Tensor, heads: Sequence[Head], yes_or_no: bool) -> dict[str, Tensor]:
    """logits [N,L] -> axis -> [N, values + 1], rows sum to 1; the last column is what cannot be read.

    One label of several: softmax over the labels of the axis, those of one value added up (so several axes in one
    model are several softmaxes). yes_or_no: sigmoid of each label or its complement, divided by their sum.
    """
    import torch

    read: dict[str, Tensor] = {}
    for head in heads:
        members = sorted({i for value in head.outputs for i, _ in value} | set(head.open_))
        own = logits.float()[:, members]
        p = dict(zip(members, (own.sigmoid() if yes_or_no else own.softmax(1)).unbind(1), strict=True))
        zero = torch.zeros(len(logits), device=logits.device)
        columns = [sum((1 - p[i] if complement else p[i] for i, complement in value), zero) for value in head.outputs]
        columns.append(sum((p[i] for i in head.open_), zero))
        stacked = torch.stack(columns, 1)
        read[head.axis] = stacked / stacked.sum(1, keepdim=True).clamp_min(1e-12)
    return read


def axes_of(heads: Sequence[Head]) -> Mapping[str, tuple[str, ...]]:
    return {head.axis: head.values for head in heads}
