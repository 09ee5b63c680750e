"""What Fair Inference has decided before sampling: the target, the prompts that steer, and how hard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...attention.prompt.language import insert_attribute, replace_attribute
from ...attention.records import AlignedPrompt, RegionFinder, related
from ..run_record import Person, Status
from .edits import Edit
from .need import LARGEST
from .steering import Axis, Key
from .target import PRESETS, Attribute, TargetDistribution

NONE, SOFT, BLENDED = "none", "soft", "blended"  # what keeps the rest of the picture as it is
BY_NEED, IN_FULL = "by need", "in full"  # how much each person is steered
AUTO, HELD = "auto", ("gender", "skin tone")  # what people keep where the user names nothing else


@dataclass(frozen=True)
class FairPlan:
    """columns: the attributes whose prompts steer. prompts: (group, column) -> the host's CONDITIONING of that prompt, a
    list of [context [1,L,d], extras].

    By need the columns are the values of each single axis, and `axes` says which; in full they are the target's own
    attributes, and there are no axes. Those of the axes that are held come last. preservation: one of the three above.
    """

    target: TargetDistribution
    columns: tuple[Attribute, ...]
    axes: tuple[Axis, ...]
    prompts: dict[Key, list]
    in_context: bool
    strength: float
    start_percent: float
    end_percent: float
    every: int  # the directions are computed anew every so many steps (by need: see `schedule.stretched`)
    quantile: float
    momentum_scale: float
    momentum_beta: float
    preservation: str
    edits: tuple[Edit, ...] = ()  # of the people, by the user
    held: tuple[Axis, ...] = ()  # what people are to keep (see `held.py`)

    @property
    def steering(self) -> range:
        """The columns that steer; the others are what is held."""
        return range(len(self.columns) - sum(len(axis.columns) for axis in self.held))


def columns_of(target: TargetDistribution, by_need: bool) -> tuple[tuple[Attribute, ...], tuple[Axis, ...]]:
    """The attributes whose prompts steer, and the axes they are values of (none: steered in full).

    By need every value of an axis is predicted, so it needs two values and at most LARGEST of each; a target with an
    axis of fewer or more is steered in full.
    """
    single = target.single_axes
    if not by_need or not all(2 <= len(values) <= LARGEST for values in single):
        return target.attributes, ()
    columns: list[Attribute] = []
    axes: list[Axis] = []
    for values, given in zip(single, target.axis_indices, strict=True):
        axes.append(axis_of(values, len(columns), given))
        columns += values
    return tuple(columns), tuple(axes)


def held_columns(
    target: TargetDistribution, hold: tuple[str, ...], first: int
) -> tuple[tuple[Attribute, ...], tuple[Axis, ...]]:
    """The attributes of the sets that are held, and the axes they are values of; the first one is column `first`.

    What the target itself is about is not held.
    """
    columns: list[Attribute] = []
    axes: list[Axis] = []
    for values in (PRESETS[name] for name in hold if name not in of_target(target)):
        axes.append(axis_of(values, first + len(columns)))
        columns += values
    return tuple(columns), tuple(axes)


def axis_of(values: Sequence[Attribute], first: int, given: tuple[int, ...] = ()) -> Axis:
    """The axis whose values are the columns from `first` on."""
    return Axis(values[0].axis_values[0][0], tuple(range(first, first + len(values))), given)


def attribute_prompts(
    finder: RegionFinder | None, target: TargetDistribution, columns: tuple[Attribute, ...], in_context: bool
) -> dict[Key, str]:
    """(group, column) -> the prompt that steers: "three female doctors", or "female person"."""
    if finder is None:
        return {(0, k): a.prompt for k, a in enumerate(columns)}
    aligned = finder.aligned
    return {
        (g, k): said(aligned, g, a) if in_context else a.prompt
        for g in range(len(aligned.groups))
        if not aligned.stated(g, of_target(target))
        for k, a in enumerate(columns)
    }


def said(aligned: AlignedPrompt, group: int, attribute: Attribute) -> str:
    """The prompt with this attribute; what it states already makes way ("a female doctor" would be a female male one)."""
    axes = {axis for axis, _ in attribute.axis_values}
    if aligned.says(group, axes):
        return replace_attribute(aligned.prompt, aligned.groups[group], attribute.word, related(axes))
    return insert_attribute(aligned.prompt, aligned.groups[group], attribute.word)


def of_target(target: TargetDistribution) -> frozenset[str]:
    """The axes a target is about."""
    return frozenset(axis for attribute in target.attributes for axis, _ in attribute.axis_values)


def given_by(target: TargetDistribution, person: Person, k: int) -> Person:
    """The person with the target's attribute k."""
    name, reason = target.attributes[k].name, f"by {target.assignment}, seed {target.seed}"
    # A list of its own: a mask from outside is one person in every image.
    return replace(person, attribute=k, status=Status.ASSIGNED, name=name, reason=reason, steered=[])


def held_axes(
    text: str, target: TargetDistribution, by_need: bool, finder: RegionFinder | None, node: str
) -> tuple[str, ...]:
    """The sets named in `hold`, without those that the prompt states for somebody. ValueError for a name that is none.

    `AUTO`: by need the two sets of which Fair Inference is known to change the one with the other, except what the target
    deals out itself. Nothing beside age, which both hold back (on the second emoji world its Bias-W is .26 with them and .19
    without), or beside words of the user's own, which may be of any set; and nothing in full, the old rule.
    """
    axes = of_target(target)
    if text.strip().casefold() == AUTO:
        names = [n for n in HELD if n not in related(axes)] if by_need and axes <= related(HELD) else []
    else:
        names = [name.strip().casefold() for name in text.split(",") if name.strip()]
    unknown = next((name for name in names if name not in PRESETS), None)
    if unknown is not None:
        raise ValueError(
            f"{node}, hold: {unknown!r} is no ready-made set; write {AUTO}, or some of {', '.join(PRESETS)}, commas between"
        )
    if finder is None:
        return tuple(names)
    aligned = finder.aligned
    return tuple(name for name in names if not any(aligned.stated(g, {name}) for g in range(len(aligned.groups))))
