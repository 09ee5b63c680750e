"""What Fair Inference has decided before sampling: the target, the prompts that steer, and how hard."""

from dataclasses import dataclass, replace

from ..attention.language import insert_attribute
from ..guidance.target import TargetDistribution
from .types import Person
from .voting import RegionFinder

Key = tuple[int, int]  # group, attribute: one attribute prompt
NONE, SOFT, BLENDED = "none", "soft", "blended"  # what keeps the rest of the picture as it is


@dataclass(frozen=True)
class FairPlan:
    """prompts: each (group, attribute)'s conditioning as the CLIP encodes it. preservation: one of the three above."""

    target: TargetDistribution
    prompts: dict[Key, list]
    in_context: bool
    strength: float
    start_percent: float
    end_percent: float
    every: int = 2
    quantile: float = 0.0
    momentum_scale: float = 0.3
    momentum_beta: float = 0.6
    preservation: str = SOFT


def attribute_prompts(finder: RegionFinder | None, target: TargetDistribution, in_context: bool) -> dict[Key, str]:
    """(group, attribute) -> the prompt that steers: "three female doctors", or "female person"."""
    if finder is None:
        return {(0, k): a.prompt for k, a in enumerate(target.attributes)}
    aligned = finder.aligned
    return {
        (g, k): insert_attribute(aligned.prompt, group, a.word) if in_context else a.prompt
        for g, group in enumerate(aligned.groups)
        if not aligned.stated(g, axes(target))
        for k, a in enumerate(target.attributes)
    }


def axes(target: TargetDistribution) -> frozenset[str]:
    return frozenset(axis for attribute in target.attributes for axis, _ in attribute.axis_values)


def given_by(target: TargetDistribution, person: Person, k: int) -> Person:
    """The person with the target's attribute k, and the reason in words."""
    return replace(person, attribute=k, why=f"{target.attributes[k].name}, by {target.assignment}, seed {target.seed}")
