"""The people of one run steered by need: their shares read, their needs decided, their directions (see `need`).

A person is a place (image, j) of [B,n] tensors; `groups` says whose prompts are its own, -1 where an image has fewer
people than n. An axis names its columns: the attribute prompts that are its values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .need import Need, attribute_shares, direction_weights, main_weights, need_of

Key = tuple[int, int]  # group, column: one attribute prompt
Place = tuple[int, int]  # image, person


@dataclass(frozen=True)
class Axis:
    """One thing a person is steered on: which columns are its values.

    given[k]: which of them attribute k of the target has; empty: the axis is held, each person keeps what it is.
    """

    name: str
    columns: tuple[int, ...]
    given: tuple[int, ...] = ()


@dataclass
class Steered:
    """What was read of one person on one axis, and how hard it was steered there.

    before, after: the shares of the axis' values (`need.attribute_shares`) at the first and the last reading; empty
    where nothing was read (steering in full, or after the first reading of what is held). steps: predictions to which
    guidance was added. push: its mean size over them, on the scale of `strength`. now: the size in force until the next reading.
    """

    axis: str
    values: tuple[str, ...]
    given: str
    changing: bool  # another value led at first
    held: bool = False  # kept, not given: an axis that was not asked for
    before: tuple[float, ...] = ()
    after: tuple[float, ...] = ()
    steps: int = 0
    push: float = 0.0
    now: float = 0.0

    def step(self) -> None:
        """A prediction was made with the guidance in force."""
        if self.now:
            self.push = (self.push * self.steps + self.now) / (self.steps + 1)
            self.steps += 1


def as_held(axis: Axis, shares: Tensor, names: Sequence[str]) -> Steered:
    """What is said of a person on an axis that is held: it keeps what leads. shares [K], names: of all columns."""
    values = tuple(names[c] for c in axis.columns)
    return Steered(axis.name, values, values[int(shares.argmax())], False, True, tuple(shares.tolist()))


@dataclass
class Readings:
    """What is read at one prediction: by axis, the values' predictions [B,n,K,C,h,w] and each person's shares [B,n,K]."""

    attributes: list[Tensor]
    shares: list[Tensor]

    def leaning(self, place: Place, axes: Sequence[Axis], k: int) -> float:
        """How far a person is becoming attribute k of the target: its shares on the axes, multiplied."""
        product = 1.0
        for axis, shares in zip(axes, self.shares, strict=True):
            product *= float(shares[place][axis.given[k]])
        return product


def read(
    axes: Sequence[Axis], prompt: Tensor, predictions: Mapping[Key, Tensor], groups: Tensor, masks: Tensor
) -> Readings:
    """The shares of every person on every axis.

    prompt [B,C,h,w]: the prompt's own prediction. predictions: those of each (group, column), [B,C,h,w]. groups [B,n],
    masks [B,n,h,w]. A group without predictions has nobody to steer; its places are read as the first group's.
    """
    present = sorted({group for group, _ in predictions})
    place = torch.zeros(max(present) + 1, dtype=torch.long)
    place[present] = torch.arange(len(present))
    of = place[groups.clamp(min(present), max(present))].to(prompt.device)
    images = torch.arange(len(groups), device=prompt.device)[:, None]
    readings = Readings([], [])
    for axis in axes:
        values = [torch.stack([predictions[g, c] for c in axis.columns], 1) for g in present]
        attributes = torch.stack(values)[of, images]
        readings.attributes.append(attributes)
        readings.shares.append(attribute_shares(prompt.unsqueeze(1), attributes, masks))
    return readings


@dataclass
class Needs:
    """What each person of a run is to be, axis by axis; decided at the first reading. strength: of the guidance."""

    axes: Sequence[Axis]
    strength: float
    of: dict[Place, list[Need]] = field(default_factory=dict)
    records: dict[Place, list[Steered]] = field(default_factory=dict)

    def decide(self, place: Place, k: int, readings: Readings, names: Sequence[str]) -> list[Steered]:
        """Give a person attribute k of the target. names: of the columns. Returns what will be said of it."""
        self.of[place], self.records[place] = [], []
        for axis, shares in zip(self.axes, readings.shares, strict=True):
            p = shares[place]
            need = need_of(p, axis.given[k])
            values = tuple(names[c] for c in axis.columns)
            self.of[place].append(need)
            self.records[place].append(
                Steered(axis.name, values, values[need.given], need.changing, before=tuple(p.tolist()))
            )
        return self.records[place]

    def directions(self, readings: Readings, masks: Tensor) -> list[Tensor]:
        """d_j = push * (D_a - what the person is becoming instead), of each axis.   masks [B,n,h,w] -> [B,n,C,h,w]; others zero

        Of more than two values the main part alone (`main_weights`). A person who lacks nothing gets zeros exactly.
        """
        directions = []
        for a, (shares, attributes) in enumerate(zip(readings.shares, readings.attributes, strict=True)):
            weights = torch.zeros_like(shares)
            for place, needs in self.of.items():
                need, record, p = needs[a], self.records[place][a], shares[place]
                record.after = tuple(p.tolist())
                record.now = need.push(p, self.strength)
                weights[place] = record.now * direction_weights(p, need.given)
            if len(self.axes[a].columns) > 2:
                weights = main_weights(weights, attributes, masks)
            directions.append(torch.einsum("bnk,bnkchw->bnchw", weights.to(attributes), attributes))
        return directions
