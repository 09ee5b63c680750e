"""What a sampling run leaves behind: its maps, the people found, the latent it made, and the runs seen so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from torch import Tensor

from ..attention.capture import MapStore
from ..attention.kept_queries import KeptQueries
from ..attention.records import Watch
from .batch_index import image_numbers
from .fair.steering import Steered
from .fair.target import TargetDistribution

CELL = 8  # pixels a side of a latent's cell, in most models


class Status(Enum):
    """How a person stands: free to be given an attribute (and where a run ended without, left as drawn); left alone, as the
    prompt states one; given one in this run; in a sampling before; or by the user, who may also have dropped somebody."""

    OPEN, STATED, ASSIGNED, KEPT = "open", "stated", "assigned", "kept"
    CHOSEN, DROPPED = "chosen", "dropped"


@dataclass(frozen=True, eq=False)
class Person:
    """Someone found in a picture: whose mask, which attribute was given and why, and how the steering went.

    mask: [h, w] at read size. attribute: index into the run's target, and `name`, its name there; None and "" for whoever
    was given none. reason: in words, what the status rests on.
    """

    group: int
    label: str
    mask: Tensor
    attribute: int | None = None
    status: Status = Status.OPEN
    name: str = ""
    reason: str = ""
    steered: list[Steered] = field(default_factory=list)  # filled while sampling

    @property
    def may_change(self) -> bool:
        """Whether somebody has been given an attribute, or is free to be given one."""
        return self.status not in (Status.STATED, Status.DROPPED)

    @property
    def why(self) -> str:
        return sentence(self.status, self.name, self.reason)


def sentence(status: Status, name: str, reason: str) -> str:
    """Why a person is as it is, as reports say it. name: of the attribute that was given."""
    if status is Status.STATED:
        return f"left alone, {reason}"
    if status is Status.DROPPED:
        return "left alone, dropped by hand"
    if status is Status.OPEN:
        return reason
    if status is Status.CHOSEN:
        return f"{name}, chosen by hand"
    return f"{name}, {'as in the sampling before' if status is Status.KEPT else reason}"


@dataclass(frozen=True, eq=False)
class EnergyStep:
    """One prediction under energy guidance: how far the concepts overlapped, and what was done to each image."""

    step: int  # of the schedule, from 0; -1 where the sampler says nothing of one
    overlap: Tensor  # SoftIoU [pairs, images]
    chance: Tensor  # [pairs, images], of independent masks of these areas
    outcome: tuple[str, ...]  # per image: guided, or why it was not


@dataclass
class SampledRun:
    """What one sampling run left behind: its maps, what was noted on the way, and the latent it made.

    result, plain: latents [B,C,h,w], float32 on the CPU. steps: of the schedule, from 0, at which maps were recorded.
    """

    store: MapStore
    steps: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    result: Tensor | None = None  # the sampled latent, to recognise it
    people: list[list[Person]] = field(default_factory=list)  # per image, where Fair Inference ran
    plain: Tensor | None = None  # the unedited latent of the same seed, where it was sampled beside
    tally: str = ""  # how a quota shared by several runs stands after this one
    pairs: tuple[str, ...] = ()  # where energy guidance ran: "gender ~ doctor", ...
    energy: list[EnergyStep] = field(default_factory=list)
    settings: str = ""  # in words, of energy guidance; of Fair Inference where they are not as set
    target: TargetDistribution | None = None  # what Fair Inference was asked for
    failed: bool = False  # it ended by an error, or was cancelled
    remembered: bool = False  # its pictures are among those of the capture
    why_plain: str = ""  # why nobody was steered, where nobody was
    named: tuple[
        tuple[int, str, int], ...
    ] = ()  # (group, noun, how many) that the prompt names, where they are looked for
    whole: bool = False  # each picture was steered as a whole, by one attribute: its "person" is the picture
    queries: KeptQueries | None = None  # to ask for other words afterwards; of the latest run only
    guided: str = ""  # in words, at which steps people were steered
    cell: int = CELL  # pixels a side of a cell of its latents
    seed: int | None = None  # of the noise
    number_images: Callable[[], tuple[int, ...]] = tuple  # see `numbers`
    found: list[list[Person]] = field(default_factory=list)  # per image, before the user's edits

    def of_noise(self, noise: Tensor, seed: int) -> None:
        """Its seed and the number of each image, by which edits of people name pictures."""
        # A sampler may write into the noise it is given.
        self.seed, self.number_images = seed, partial(image_numbers, noise.detach().to("cpu", copy=True), seed)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which image of its seed each image is. Found when it is first asked: it takes seconds where the noise is not the seed's."""
        found = self.number_images()
        self.number_images = partial(tuple, found)  # and the noise is let go
        return found

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, eq=False)
class Picture:
    """One image that a run has made, and who is in it: for samplings that go on from there."""

    latent: Tensor  # [C, h, w], half precision
    people: tuple[Person, ...]

    @property
    def bytes(self) -> int:
        return sum(t.numel() * t.element_size() for t in (self.latent, *(p.mask for p in self.people)))


@dataclass
class Recording:
    """FAIR_ATTENTION: the runs seen so far on one patched model, latest last. pictures: see fair/second_pass.py."""

    watch: Watch
    runs: list[SampledRun] = field(default_factory=list)
    kept: int = 8
    pictures: list[Picture] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # since the last run began: why a sampling was not to be

    def begin(self, run: SampledRun) -> None:
        """Runs that failed are nobody's: they make room first."""
        for note in [
            *self.watch.notes,
            *(f"the sampling before this one was refused: {text}" for text in self.refused),
        ]:
            run.note(note)
        self.refused.clear()
        for before in self.runs:  # memory is bounded for all of them together
            before.queries = None
        self.runs = [*[r for r in self.runs if not r.failed][-(self.kept - 1) :], run]
