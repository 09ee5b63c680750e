"""The distribution a user asks for: which attributes people are to have, in what shares, in which words.

The attributes describe how a person is to be perceived in a picture. They are coarse by nature and say nothing about
who a real person is.
"""

import math
import re
from dataclasses import dataclass, replace
from functools import reduce

from .assignment import ASSIGNMENTS

ADJECTIVE_ORDER = ("age", "skin tone", "race", "gender")  # English: "young Black female"; other axes come before these
LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True)
class Attribute:
    """One value of an axis, or of several crossed axes.

    share: its weight, normalised to a sum of 1 inside a TargetDistribution.
    prompt: the phrase that steers when used alone, "female person".
    word: what goes before the person noun of the user's own prompt, "female".
    axis_values: (axis, value) pairs, one for each axis crossed.
    parts: the attributes of single axes that a crossed one is made of; empty for a single axis.
    """

    name: str
    share: float
    prompt: str
    word: str
    axis_values: tuple[tuple[str, str], ...]
    parts: tuple["Attribute", ...] = ()


@dataclass(frozen=True)
class TargetDistribution:
    """Attributes with shares that sum to 1, and how they are dealt out to people (see `assignment`).

    quota: the name under which several runs share one running quota; None: each run keeps its own.
    Raises ValueError for shares that are negative, not finite or all zero, for names that occur twice, for empty
    prompts, for an unknown assignment and for a seed outside 0 ... 2^64 - 1.
    """

    axis: str
    attributes: tuple[Attribute, ...]
    assignment: str = "running quota"
    seed: int = 0
    quota: str | None = None

    def __post_init__(self) -> None:
        if self.assignment not in ASSIGNMENTS:
            raise ValueError(f"assignment {self.assignment!r} is unknown: choose one of {', '.join(ASSIGNMENTS)}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed {self.seed} is out of range: choose a whole number from 0 to 2^64 - 1")
        check_attributes(self.attributes)
        total = math.fsum(a.share for a in self.attributes)
        shared = tuple(replace(a, share=a.share / total) for a in self.attributes)
        object.__setattr__(self, "attributes", shared)

    @property
    def shares(self) -> tuple[float, ...]:
        return tuple(a.share for a in self.attributes)

    @property
    def single_axes(self) -> tuple[tuple[Attribute, ...], ...]:
        """The attributes of each axis by itself, in the order they occur: one axis, or as many as are crossed."""
        parts = [[_part(a, n) for a in self.attributes] for n in range(len(self.attributes[0].axis_values))]
        return tuple(tuple({part.name: part for part in column}.values()) for column in parts)

    @property
    def axis_indices(self) -> tuple[tuple[int, ...], ...]:
        """For each of `single_axes`, which of its attributes each attribute of the target has."""
        return tuple(
            tuple([value.name for value in values].index(_part(a, n).name) for a in self.attributes)
            for n, values in enumerate(self.single_axes)
        )


def check_attributes(attributes: tuple[Attribute, ...]) -> None:
    """Raises ValueError as TargetDistribution does."""
    if not attributes:
        raise ValueError("there is no attribute: write one per line, such as 'female 1'")
    seen: set[str] = set()
    for a in attributes:
        if not a.name.strip():
            raise ValueError(f"an attribute with share {a.share:g} has no name: write one such as 'female {a.share:g}'")
        if a.name.casefold() in seen:
            raise ValueError(f"attribute {a.name!r} is given twice: write it once, with the sum of its shares")
        seen.add(a.name.casefold())
        if not math.isfinite(a.share):
            raise ValueError(f"attribute {a.name!r} has the share {a.share}: write a finite number such as 1 or 0.5")
        if a.share < 0:
            raise ValueError(f"attribute {a.name!r} has the negative share {a.share:g}: write 0 or more")
        if not a.prompt.strip():
            raise ValueError(f"attribute {a.name!r} has no prompt: write one such as '{a.name} person'")
    total = math.fsum(a.share for a in attributes)
    if total == 0:
        raise ValueError("all shares are 0: give at least one attribute a share above 0")
    if not math.isfinite(total):
        raise ValueError("the shares are too large to be summed: write numbers such as 1 or 0.5")


def _part(attribute: Attribute, n: int) -> Attribute:
    """The attribute's value on its n-th axis, as an attribute of that axis alone."""
    return next((p for p in attribute.parts if p.axis_values[0] == attribute.axis_values[n]), attribute)


def _preset(axis: str, *names: str, prompt: str = "{} person") -> tuple[Attribute, ...]:
    return tuple(Attribute(name, 1.0, prompt.format(name), name, ((axis, name),)) for name in names)


PRESETS: dict[str, tuple[Attribute, ...]] = {
    "gender": _preset("gender", "female", "male"),
    "race": _preset("race", "White", "Black", "East Asian", "Indian"),  # the four groups LAG and its baselines report
    "skin tone": _preset("skin tone", "light", "tan", "brown", "dark", prompt="person with {} skin"),
    "age": _preset("age", "young", "middle-aged", "old"),
}


def cross(a: TargetDistribution, b: TargetDistribution) -> TargetDistribution:
    """Every pair of an attribute of `a` with one of `b`, shares multiplied: the axes are independent of each other.

    Names, words and prompts are joined in English adjective order ("Black female person", "female person with dark
    skin"), whichever target comes first. Assignment, seed and quota are those of `a`. Crossed targets can be crossed again.
    Raises ValueError if both hold the same axis.
    """
    axes = [{axis for x in target.attributes for axis, _ in x.axis_values} for target in (a, b)]
    if axes[0] & axes[1]:
        raise ValueError(f"both targets hold {sorted(axes[0] & axes[1])[0]!r}: cross targets with different axes")
    pairs = tuple(_cross_attributes(x, y) for x in a.attributes for y in b.attributes)
    return TargetDistribution(f"{a.axis} x {b.axis}", pairs, a.assignment, a.seed, a.quota)


def _cross_attributes(x: Attribute, y: Attribute) -> Attribute:
    parts = (*(x.parts or (x,)), *(y.parts or (y,)))
    ordered = sorted(parts, key=lambda part: _rank(part.axis_values[0][0]))
    return Attribute(
        name=" ".join(part.name for part in ordered),
        share=x.share * y.share,
        prompt=reduce(lambda inner, outer: _join(outer, inner), [part.prompt for part in reversed(ordered)]),
        word=" ".join(part.word for part in ordered),
        axis_values=x.axis_values + y.axis_values,
        parts=parts,
    )


def _rank(axis: str) -> int:
    return ADJECTIVE_ORDER.index(axis) if axis in ADJECTIVE_ORDER else -1


def _join(outer: str, inner: str) -> str:
    """ "Black person", "a female person" -> "Black female person". Without "person" in `outer`: joined by a comma."""
    bare = re.sub(r"^an? ", "", inner)
    joined, found = re.subn(r"\bperson\b", lambda _: bare, outer, count=1)
    return joined if found else f"{outer}, {inner}"
