"""A reader of people whom somebody else has found: crops in, readings out, unreadable where it is not sure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from .certificate import Certificate
from .crops import EXPAND, Box, cut, square
from .readings import Reading

BATCH = 32  # people a forward pass
THRESHOLD = 0.75


class Instrument(Protocol):
    """A model that reads crops of people."""

    @property
    def name(self) -> str: ...

    @property
    def axes(self) -> Mapping[str, tuple[str, ...]]: ...

    def probabilities(self, crops: Sequence[Tensor]) -> dict[str, Tensor]:
        """crops [3,s,s] in 0 ... 1, any sizes -> axis -> [N, values + 1]; the last column: cannot be read."""
        ...


@dataclass(frozen=True)
class PersonReader:
    """FAIR_READER. threshold: 0 ... 1, a probability below it is no reading; expand: how much of the box's side is added.

    certificate: how often it was right, with these settings, on pictures whose people are known.
    """

    instrument: Instrument
    threshold: float = THRESHOLD
    expand: float = EXPAND
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ValueError(
                f"confidence {self.threshold} leaves everybody unreadable or is no share: choose one of 0 or more and "
                f"below 1, such as {THRESHOLD}"
            )
        if not 0 <= self.expand <= 4:
            raise ValueError(f"expand {self.expand} is out of range: choose 0 ... 4, such as {EXPAND}")

    @property
    def name(self) -> str:
        return self.instrument.name

    @property
    def axes(self) -> Mapping[str, tuple[str, ...]]:
        return self.instrument.axes

    @property
    def settings(self) -> str:
        """What a certificate is about: with another threshold it is another instrument."""
        return f"{self.name}; confidence {self.threshold:g}"

    def with_certificate(self, certificate: Certificate) -> "PersonReader":
        """Raises ValueError if it was measured with other settings or other classes."""
        if certificate.reader != self.settings:
            raise ValueError(f"it is of {certificate.reader!r}, but this is {self.settings!r}")
        for axis, matrix in certificate.axes.items():
            if self.axes.get(axis) != matrix.classes:
                raise ValueError(f"it holds {axis} as {', '.join(matrix.classes)}, which this reader does not read so")
        return replace(self, certificate=certificate)

    @torch.inference_mode()
    def read(
        self,
        images: Tensor,
        people: Sequence[Sequence[tuple[Box, float]]],
        between: Callable[[int], None] = lambda n: None,
    ) -> list[list[Reading]]:
        """images [B,H,W,3] in 0 ... 1, people[b]: (box, confidence that it is one) -> readings of each, left to right.

        between is called after every batch with the number of people it read: for progress, and to stop.
        """
        people = [sorted(found, key=lambda p: p[0][0]) for found in people]
        for found in people:
            for box, _ in found:
                square(box, self.expand)
        everybody = [(b, box) for b, found in enumerate(people) for box, _ in found]
        read: list[tuple[dict[str, str | None], dict[str, float]]] = []
        for start in range(0, len(everybody), BATCH):
            part = everybody[start : start + BATCH]
            read += labels_from(
                self.instrument.probabilities([cut(images[b], box, self.expand) for b, box in part]),
                self.axes,
                self.threshold,
            )
            between(len(part))
        answers = iter(read)
        return [[_reading(box, sure, answers) for box, sure in found] for found in people]


def _reading(box: Box, confidence: float, answers: Iterator[tuple[dict[str, str | None], dict[str, float]]]) -> Reading:
    labels, certainty = next(answers)
    return Reading(box, labels, confidence, certainty)


def labels_from(
    probabilities: Mapping[str, Tensor], axes: Mapping[str, Sequence[str]], threshold: float
) -> list[tuple[dict[str, str | None], dict[str, float]]]:
    """Per person (axis -> value, None where the likeliest is unreadable or below the threshold; axis -> confidence).

    probabilities[axis]: [N, values + 1]. A probability that is no number raises ValueError.
    """
    count = len(next(iter(probabilities.values())))
    people: list[tuple[dict[str, str | None], dict[str, float]]] = [({}, {}) for _ in range(count)]
    for axis, values in axes.items():
        sure, index = probabilities[axis].float().cpu().max(1)
        if not bool(sure.isfinite().all()):
            raise ValueError(
                f"the model's answer for {axis} is no number (NaN): its weights or its precision are broken"
            )
        for (labels, certainty), s, i in zip(people, sure.tolist(), index.tolist(), strict=True):
            labels[axis] = values[i] if i < len(values) and s >= threshold else None
            certainty[axis] = s
    return people
