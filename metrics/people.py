"""What became of each person: matched by place before and after, what was kept, what was reached, which way it drifted.

A person of one picture is the same in another of the same seed if it stands in the same place. Attributes are what a
reader perceived; None, unreadable, counts as changed where it was readable before: a face that cannot be read any more
is no face that was kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from scipy.stats import binomtest
from torch import Tensor

from .readers import Reading

GONE, UNREADABLE = "gone", "unreadable"
Pair = tuple[Reading, Reading | None]  # a person before, and the same one after; None: gone


def match_people(before: Sequence[Reading], after: Sequence[Reading]) -> list[Pair]:
    """Each person before with the nearest one after whose centre lies within half the person's width, each taken once."""
    free = list(after)
    pairs: list[Pair] = []
    for person in before:
        nearest = min(free, key=lambda other: _distance(person.box, other.box), default=None)
        if nearest is None or _distance(person.box, nearest.box) >= (person.box[2] - person.box[0]) / 2:
            nearest = None
        else:
            free.remove(nearest)
        pairs.append((person, nearest))
    return pairs


def people_boxes(pictures: Iterable[Sequence[Reading]], shape: Sequence[int]) -> Tensor:
    """[B,H,W]: 1 where somebody's box lies in a picture, 0 elsewhere. shape: B, H, W, ... of the pictures."""
    mask = torch.zeros(tuple(shape[:3]))
    for image, people in enumerate(pictures):
        for person in people:
            left, top, right, bottom = (max(0, round(side)) for side in person.box)
            mask[image, top:bottom, left:right] = 1
    return mask


def reading_at(mask: Tensor, readings: Sequence[Reading], size: tuple[int, int]) -> Reading | None:
    """The reading whose box holds the centre of a person's mask, the nearest of several; None: nobody is read there.

    mask [h,w] of any size, 0 ... 1; size: (height, width) of the picture in pixels, in which the boxes are given.
    """
    rows, columns = torch.nonzero(mask >= 0.5, as_tuple=True)
    if not len(rows):
        return None
    y = (float(rows.double().mean()) + 0.5) * size[0] / mask.shape[0]
    x = (float(columns.double().mean()) + 0.5) * size[1] / mask.shape[1]
    inside = [r for r in readings if r.box[0] <= x <= r.box[2] and r.box[1] <= y <= r.box[3]]
    return min(inside, key=lambda r: _distance(r.box, (x, y, x, y)), default=None)


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Between two boxes' centres, the larger of both directions."""
    return max(abs(one[0] + one[2] - other[0] - other[2]), abs(one[1] + one[3] - other[1] - other[3])) / 2


@dataclass
class Kept:
    """Of the people readable on an axis before: how many are as they were, and what became of the others.

    changes: (before, after) -> people; after may be UNREADABLE or GONE.
    """

    people: int = 0
    same: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.same / self.people if self.people else float("nan")

    def drift(self, order: Sequence[str]) -> tuple[int, int, float]:
        """(towards the first value, towards the last, p of the two-sided sign test that neither is likelier)."""
        place = {value: i for i, value in enumerate(order)}
        moved = [(place[b] - place[a], n) for (a, b), n in self.changes.items() if a in place and b in place]
        down, up = (sum(n for step, n in moved if (step < 0) == first) for first in (True, False))
        return down, up, float(binomtest(down, down + up).pvalue) if down + up else 1.0


def kept(pairs: Iterable[Pair], axis: str) -> Kept:
    """How many keep their attribute on one axis."""
    counts = Counter((a.labels.get(axis), _after(b, axis)) for a, b in pairs if a.labels.get(axis) is not None)
    same = sum(n for (a, b), n in counts.items() if a == b)
    return Kept(sum(counts.values()), same, Counter({(str(a), b): n for (a, b), n in counts.items() if a != b}))


def _after(reading: Reading | None, axis: str) -> str:
    return GONE if reading is None else reading.labels.get(axis) or UNREADABLE


def gone(pairs: Iterable[Pair]) -> float:
    """Share of the people before who are not there any more."""
    everybody = list(pairs)
    return sum(b is None for _, b in everybody) / len(everybody) if everybody else float("nan")


def reached(given: Iterable[tuple[Mapping[str, str], Reading | None]]) -> dict[str, tuple[int, int]]:
    """Attribute -> (people read as what they were given, people given it).

    given: of each person, axis -> value, and what is read at its place. A person nobody reads there has not reached it.
    """
    asked: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for wanted, reading in given:
        name = " ".join(wanted.values())
        asked[name] += 1
        met[name] += reading is not None and all(reading.labels.get(axis) == value for axis, value in wanted.items())
    return {name: (met[name], asked[name]) for name in asked}
