"""A study's rows as arrays: how many people of each class every picture has, and which picture it is."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...metrics.sample import Sample
from ...metrics.study import StudyError, StudyStore
from ...metrics.study.reading import everybody, parsed, reader_of

Keys = list[tuple[str, str | None, int]]  # prompt, seed, place in the batch


@dataclass(frozen=True)
class Counted:
    """One method. keys: of each picture. counts, unreadable: axis -> [M,K], [M]. lost: attributes given where nobody is read."""

    method: str
    keys: Keys
    counts: Mapping[str, np.ndarray]
    unreadable: Mapping[str, np.ndarray]
    lost: int
    empty: int  # pictures without anybody

    def sample(self, axis: str, chosen: Sequence[int] | None = None) -> Sample:
        """As statistics take it; chosen: places of pictures."""
        at = np.arange(len(self.keys)) if chosen is None else np.asarray(chosen, int)
        names = tuple(dict.fromkeys(self.keys[i][0] for i in at)) or ("",)
        number = {name: n for n, name in enumerate(names)}
        prompt = np.array([number[self.keys[i][0]] for i in at], np.int64)
        return Sample(self.counts[axis][at], self.unreadable[axis][at], prompt, names)


def count(store: StudyStore, axes: Mapping[str, Sequence[str]]) -> list[Counted]:
    """Every method of a study, those of its file first and in its order."""
    methods = [
        name for (name,) in store.db.execute("SELECT DISTINCT method FROM pictures JOIN sources ON sources.id = source")
    ]
    listed = list(store.facts().get("methods", {}))
    order = sorted(methods, key=lambda name: (listed.index(name) if name in listed else len(listed), name))
    return [one_method(store, name, axes) for name in order]


def one_method(store: StudyStore, method: str, axes: Mapping[str, Sequence[str]]) -> Counted:
    place = {axis: {value: k for k, value in enumerate(values)} for axis, values in axes.items()}
    keys: Keys = []
    of, seen = array("q"), {axis: array("h") for axis in axes}  # of each person: the picture; the class, -1 unreadable
    last, lost, empty = None, 0, 0
    columns = "pictures.id, prompt, seed, batch_index, unread, read"
    for id, prompt, seed, index, unread, read in everybody(store, columns, method):
        if id != last:
            last = id
            keys.append((prompt, seed, index))
            lost += len(parsed(unread))
            empty += read is None
        if read is not None:
            labels = parsed(read)
            of.append(len(keys) - 1)
            for axis, at in place.items():
                seen[axis].append(at.get(labels.get(axis) or "", -1))
    counts, unreadable = {}, {}
    for axis, values in axes.items():
        table = np.zeros((len(keys), len(values) + 1), np.int64)
        np.add.at(table, (np.array(of, np.int64), np.array(seen[axis], np.int64)), 1)  # -1: the last column
        counts[axis], unreadable[axis] = table[:, :-1], table[:, -1]
    return Counted(method, keys, counts, unreadable, lost, empty)


def pairs(before: Counted, after: Counted) -> tuple[list[int], list[int]]:
    """Places of the pictures of the same prompt, seed and place in the batch."""
    there = {key: i for i, key in enumerate(after.keys) if key[1] is not None}
    both = [(i, there[key]) for i, key in enumerate(before.keys) if key in there]
    return [i for i, _ in both], [j for _, j in both]


def chosen_axes(store: StudyStore, asked: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """(the reader, the axes to measure with their values). An axis that says the prompt again, occupation, is left out by default."""
    reader = reader_of(store)
    axes = {axis: list(values) for axis, values in reader["axes"].items() if len(values) > 1}
    wanted = list(asked) or [axis for axis in axes if axis != "occupation"] or list(axes)
    if missing := [axis for axis in wanted if axis not in axes]:
        raise StudyError(f"axes: the {reader['reader']} does not read {', '.join(missing)}; it reads {', '.join(axes)}")
    return reader, {axis: axes[axis] for axis in wanted}
