"""What an attribute reader says about the people in a picture, and how that becomes labels for bias metrics.

A reading is perceived appearance in a generated picture. It is a coarse proxy and says nothing about a real person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Protocol

from .certificate import Certificate

if TYPE_CHECKING:  # a study's rows are read and written without a tensor, and without the seconds torch takes to load
    from torch import Tensor


@dataclass(frozen=True)
class Reading:
    """One person: box (left, top, right, bottom) in pixels; axis -> value, None where the reader could not tell.

    confidence: 0 ... 1, that this is a person at all. certainty: axis -> 0 ... 1, the reader's confidence in its most
    likely value, given also where that was too low for a label; empty where the reader does not say.
    """

    box: tuple[float, float, float, float]
    labels: Mapping[str, str | None] = field(default_factory=dict)
    confidence: float = 1.0
    certainty: Mapping[str, float] = field(default_factory=dict)


class AttributeReader(Protocol):
    """Finds people in pictures and reads their attributes. It must not be what the guidance itself was steered by."""

    name: str  # printed beside every number that rests on it
    axes: Mapping[str, tuple[str, ...]]  # axis -> all values it can read

    def read(self, images: "Tensor") -> list[list[Reading]]:
        """[B,H,W,3] in 0 ... 1 -> the people of each image, from left to right."""
        ...


@dataclass(frozen=True)
class Source:
    """Where a picture comes from: the prompt (or whatever name its run was given), the seed and the place in the batch."""

    prompt: str = ""
    seed: int | None = None
    index: int = 0


@dataclass(frozen=True)
class ReadAttributes:
    """FAIR_ATTRIBUTES: who a reader saw in each picture, and what it could have said.

    certificate: how often this reader was right on pictures whose people are known, where that was measured. sources: of
    each picture, where several runs were pooled; empty: all of one run, in the order of its batch.
    """

    reader: str
    axes: Mapping[str, tuple[str, ...]]
    images: tuple[tuple[Reading, ...], ...]
    certificate: Certificate | None = None
    sources: tuple[Source, ...] = ()

    def read_alike(self, other: "ReadAttributes") -> bool:
        """Whether the same reader, with the same axes, has read both."""
        return self.reader == other.reader and dict(self.axes) == dict(other.axes)

    def source(self, picture: int) -> Source:
        """Where a picture comes from."""
        return self.sources[picture] if self.sources else Source(index=picture)


def labels_of(
    images: Sequence[Sequence[Reading]], axes: Mapping[str, Sequence[str]]
) -> tuple[list[list[int | None]], list[str]]:
    """Readings per image -> class index per person (None: unreadable), and the classes' names, for `bias.measure_bias`.

    axes: axis -> values, in the order wanted. Several axes are crossed: one class for each combination, the last axis
    running fastest (the order of a crossed target's attributes); a person is unreadable if one of the axes is. A
    value that is not listed raises ValueError.
    """
    combinations = list(product(*axes.values()))
    index = {combination: i for i, combination in enumerate(combinations)}

    def label(reading: Reading) -> int | None:
        values = []
        for axis, known in axes.items():
            value = reading.labels.get(axis)
            if value is None:
                return None
            if value not in known:
                raise ValueError(
                    f"the reader says {value!r} for {axis}, none of {', '.join(known)}: list that value too"
                )
            values.append(value)
        return index[tuple(values)]

    return [[label(r) for r in image] for image in images], [" x ".join(c) for c in combinations]
