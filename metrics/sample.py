"""What statistics rest on: the people of each picture, counted by class, and the prompt the picture was drawn for.

A picture is the unit that is drawn again: people inside one picture are alike more often than by chance, so that ten
pictures of three people tell less than thirty pictures of one. A prompt is a stratum: how many pictures it has is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .bias import Labels

Counts = NDArray[np.int64]
PRIOR_PAIRS, PRIOR_ALIKE = 4.0, 0.6  # our decision: what is taken for known of the likeness before anything is counted


@dataclass(frozen=True, eq=False)
class Sample:
    """counts [M,K]: people of each class in each picture. unreadable [M]. prompt [M]: index into `prompts`."""

    counts: Counts
    unreadable: Counts
    prompt: Counts
    prompts: tuple[str, ...] = ("",)
    people: Counts = field(init=False)  # [P,K], of all pictures of a prompt

    def __post_init__(self) -> None:
        people = np.zeros((len(self.prompts), self.counts.shape[1]), np.int64)
        np.add.at(people, self.prompt, self.counts)
        object.__setattr__(self, "people", people)

    @property
    def classes(self) -> int:
        return self.counts.shape[1]

    def only(self, prompt: int) -> "Sample":
        """The pictures of one prompt."""
        return self.of_prompts(np.array([prompt]))

    def pooled(self) -> "Sample":
        """The same pictures as if one prompt had drawn them all."""
        return Sample(self.counts, self.unreadable, np.zeros_like(self.prompt))

    def readable(self) -> "Sample":
        """Without the prompts nobody is readable for."""
        return self.of_prompts(np.flatnonzero(self.people.sum(1)))

    def of_prompts(self, chosen: Counts) -> "Sample":
        """The pictures of these prompts, ascending numbers."""
        keep = np.isin(self.prompt, chosen)
        place = np.searchsorted(chosen, self.prompt[keep])
        return Sample(self.counts[keep], self.unreadable[keep], place, tuple(self.prompts[i] for i in chosen))


def sample_of(labels: Labels, classes: int, prompts: Sequence[str] | None = None) -> Sample:
    """labels: images -> people -> class or None (unreadable). prompts: the prompt of each image; None: all of one."""
    named = list(prompts) if prompts is not None else [""] * len(labels)
    if len(named) != len(labels):
        raise ValueError(f"{len(labels)} pictures and {len(named)} prompts: give each picture its prompt")
    names = tuple(dict.fromkeys(named)) or ("",)
    counts = np.array([[image.count(k) for k in range(classes)] for image in map(list, labels)], np.int64)
    return Sample(
        counts.reshape(len(labels), classes),
        np.array([sum(y is None for y in image) for image in labels], np.int64),
        np.array([names.index(name) for name in named], np.int64),
        names,
    )


def likeness(sample: Sample) -> float:
    """How much more alike two people of one picture are than two of different pictures of a prompt.   at most 1

        rho = 1 - (share of unlike pairs inside a picture) / (share of unlike pairs across pictures)

    0: a picture says nothing about who else is in it; 1: all people of a picture are alike; below 0: pictures are mixed,
    as quotas make them. The intra-picture correlation of the class (Fleiss and Cuzick, 1979, for several classes), pooled
    over prompts, drawn towards PRIOR_ALIKE as if PRIOR_PAIRS pairs had been seen before.
    """
    size = sample.counts.sum(1)
    pairs, alike = (np.zeros(len(sample.prompts)) for _ in range(2))
    np.add.at(pairs, sample.prompt, size * (size - 1))
    np.add.at(alike, sample.prompt, (sample.counts * (sample.counts - 1)).sum(1))
    squares, same = (np.zeros(len(sample.prompts)) for _ in range(2))
    np.add.at(squares, sample.prompt, size**2)
    np.add.at(same, sample.prompt, (sample.counts**2).sum(1))
    total = sample.people.sum(1)
    across = total**2 - squares
    unlike = 1 - ((sample.people**2).sum(1) - same) / np.maximum(across, 1)
    usable = across > 0
    expected = (pairs * unlike)[usable].sum() + PRIOR_PAIRS
    seen = (pairs - alike)[usable].sum() + PRIOR_PAIRS * (1 - PRIOR_ALIKE)
    return float(1 - seen / expected)


def effective_people(sample: Sample) -> NDArray[np.float64]:
    """How many independent people the people of each prompt are worth.   -> [P]

        n_eff = n / (1 + rho (m - 1)),  m = sum_i n_i^2 / n: the size of the picture a person is in

    Kish's design effect, with rho from `likeness`. More than n where pictures are mixed on purpose, at most ten times n.
    """
    size = sample.counts.sum(1)
    squares = np.zeros(len(sample.prompts))
    np.add.at(squares, sample.prompt, size**2)
    total = sample.people.sum(1)
    effect = 1 + likeness(sample) * (squares / np.maximum(total, 1) - 1)
    return total / np.maximum(effect, 0.1)


def degrees(sample: Sample) -> int:
    """Pictures with somebody readable, less one for each prompt; at least 1."""
    have = np.bincount(sample.prompt[sample.counts.sum(1) > 0], minlength=len(sample.prompts))
    return max(1, int(np.maximum(have - 1, 0).sum()))
