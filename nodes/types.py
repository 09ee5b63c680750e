"""The pack's own sockets, declared once. Everything else that nodes pass is core ComfyUI."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields

from comfy_api.latest import io
from torch import Tensor

from ..attention.capture import MapStore, WordQuery
from ..attention.language import PeopleGroup
from ..attention.trace import Block
from ..guidance.steering import Steered
from ..guidance.target import TargetDistribution

CATEGORY = "fair attention"  # and below it, in the order of a graph:
PEOPLE, ATTENTION, FAIRNESS, ENTANGLEMENT, MEASURE = (
    f"{CATEGORY}/{name}" for name in ("people", "attention", "fairness", "entanglement", "measure")
)
CONDITIONAL, UNCONDITIONAL = "conditional", "unconditional"  # branches of classifier-free guidance
SAME_AXIS = {"race": "skin tone", "skin tone": "race"}  # a prompt that states one leaves no room for the other

Tokens = io.Custom("FAIR_TOKENS")
Regions = io.Custom("FAIR_REGIONS")
Attention = io.Custom("FAIR_ATTENTION")
Target = io.Custom("FAIR_TARGET")
Attributes = io.Custom("FAIR_ATTRIBUTES")


def schema(**given) -> io.Schema:
    """A node's schema. What the host does not know yet is left out: 0.3.75 has no search words."""
    known = {f.name for f in fields(io.Schema)}
    return io.Schema(**{name: value for name, value in given.items() if name in known})


def extra(widget: io.Input, **options) -> io.Input:
    """An input with options for the front end beyond the host's own. Not arguments, since 0.3.75 takes none for its widgets."""
    widget.extra_dict = {**widget.extra_dict, **options}
    return widget


def advanced(widget: io.Input) -> io.Input:
    """A rare input, behind the node's advanced switch."""
    return extra(widget, advanced=True)


@dataclass(frozen=True)
class AlignedPrompt:
    """FAIR_TOKENS: a prompt, its context as the wired CLIP encodes it, and the people it names.

    words[g] are the members of groups[g], in order, with their token positions. edit_fixed: also change people whose
    attribute the prompt already states.
    """

    prompt: str
    context: Tensor  # [1, L, d]
    groups: tuple[PeopleGroup, ...]
    words: tuple[tuple[WordQuery, ...], ...]
    edit_fixed: bool = False

    def stated(self, group: int, axes: Collection[str]) -> tuple[str, ...]:
        """The words by which the prompt already fixes one of these axes for a group; () if it is free to change."""
        return () if self.edit_fixed else self.says(group, axes)

    def says(self, group: int, axes: Collection[str]) -> tuple[str, ...]:
        """The words by which the prompt states one of these axes for a group, whether or not it is free to change."""
        return tuple(word for axis, word in self.groups[group].fixed if axis in related(axes))


def related(axes: Collection[str]) -> set[str]:
    """These axes, and those that leave them no room."""
    return {*axes, *(SAME_AXIS[axis] for axis in axes if axis in SAME_AXIS)}


@dataclass(frozen=True)
class Watch:
    """What to observe while sampling. context: of the prompt that holds the words; attribution: of phrases outside it."""

    words: tuple[WordQuery, ...]
    context: Tensor | None = None
    attribution: Tensor | None = None
    blocks: frozenset[Block] | None = None
    start_percent: float = 0.0
    end_percent: float = 1.0
    branch: str = CONDITIONAL  # whose queries; the other one only with an attribution prompt
    heads: tuple[int, ...] | None = None  # None: all
    notes: tuple[str, ...] = ()  # what every run that is watched by it has to say

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(w.label for w in self.words)


@dataclass(frozen=True, eq=False)
class Person:
    """Someone found in a picture: whose mask, which attribute was given and why, and how the steering went."""

    group: int
    label: str
    mask: Tensor  # [h, w] at read size
    attribute: int | None  # index into the target; None: left as drawn
    why: str
    steered: list[Steered] = field(default_factory=list)  # filled while sampling


@dataclass(frozen=True, eq=False)
class EnergyStep:
    """One prediction under energy guidance: how far the concepts overlapped, and what was done to each image."""

    step: int
    overlap: Tensor  # SoftIoU [pairs, images]
    chance: Tensor  # [pairs, images], of independent masks of these areas
    outcome: tuple[str, ...]  # per image: guided, or why it was not


@dataclass
class SampledRun:
    """What one sampling run left behind: its maps, what was noted on the way, and the latent it made."""

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
class Capture:
    """FAIR_ATTENTION: the runs seen so far on one patched model, latest last. pictures: see passes.py."""

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
        self.runs = [*[r for r in self.runs if not r.failed][-(self.kept - 1) :], run]
