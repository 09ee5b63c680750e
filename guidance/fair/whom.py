"""Who is to change in a sampling: people found in it, given as masks, or known from a sampling before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ...attention.records import RegionFinder
from ..find_run import require_maps
from ..frames import flat
from ..run_record import Person, Recording, SampledRun
from ..schedule import Window
from .edit_people import edit_run
from .people import check_warm_up, find_people, people_from_masks, somebody
from .plan import FairPlan, of_target
from .second_pass import Before, Upscale, as_before, first_part, keep_attributes, people_before, people_named, remember


@dataclass(frozen=True)
class Whom:
    """before: per image, who was in the picture it begins with. part: the run that the schedule goes on from, if any."""

    plan: FairPlan
    regions: RegionFinder | None
    masks: Tensor | None
    before: Before
    part: SampledRun | None
    node: str

    @property
    def begun(self) -> bool:
        """Whether the sampling before has ended in its warm-up: what it has recorded counts."""
        return self.part is not None and not any(self.part.people) and bool(self.part.store.blocks)

    def begin(self, run: SampledRun) -> None:
        if self.part is not None and self.begun:
            run.store.go_on_from(self.part.store)

    def __call__(self, run: SampledRun) -> list[list[Person]]:
        """The people of each image; attributes open but for those who had one before."""
        if self.masks is not None:
            people = people_from_masks(self.masks, run, min(self.plan.prompts)[0])  # the first who are free to change
            return keep_attributes(self._edited(people, run), self.before)
        known = self.known(run)
        if not run.store.blocks and None not in self.before:  # no warm-up: they are where they were
            return known
        assert self.regions is not None, "without masks people are found by regions"
        require_maps(run, self.node, ", or connect masks")
        people = find_people(self.regions, run, of_target(self.plan.target))
        return keep_attributes(self._edited(people, run), self.before)

    def _edited(self, people: list[list[Person]], run: SampledRun) -> list[list[Person]]:
        run.found = people
        target, free = self.plan.target, min(self.plan.prompts)[0]
        drawn = partial(somebody, self.regions, of_target(target), free)
        return edit_run(people, self.plan.edits, run, [a.name for a in target.attributes], drawn)

    def known(self, run: SampledRun) -> list[list[Person]]:
        """Who was in each image before, if anybody."""
        return [as_before(earlier or (), run.store.latent_size) for earlier in self.before]

    def check(self, sigmas: Sequence[float], warm_up: Window) -> None:
        """ValueError if these noise levels leave no step in which to find people who are not known."""
        if self.masks is None and None in self.before and not self.begun:
            check_warm_up(sigmas[0], warm_up, self.plan.start_percent, self.node)


def whom(
    plan: FairPlan,
    regions: RegionFinder | None,
    masks: Tensor | None,
    capture: Recording,
    named: Recording | None,
    latent: Tensor,
    node: str,
    upscale: Upscale,
) -> Whom:
    """For a sampling that begins with this latent [B,C,h,w] or [B,C,1,h,w]. named: the one whose people the user wants kept."""
    latent = flat(latent)
    captures = [c for c in (capture, named) if c is not None]
    for known in captures:
        remember(known)
    before = people_before(captures, latent, upscale)
    if named is not None and None in before:
        before = [have or said for have, said in zip(before, people_named(named, latent, node, upscale), strict=True)]
    return Whom(plan, regions, masks, translated(before, plan), first_part(captures, latent), node)


def translated(before: Before, plan: FairPlan) -> Before:
    """The people of another Fair Inference, in the terms of this one: its attributes by name, its groups."""
    numbers = {attribute.name: k for k, attribute in enumerate(plan.target.attributes)}
    groups = {group for group, _ in plan.prompts}

    def said(person: Person) -> Person:
        group = person.group if person.group in groups or not groups else min(groups)
        if person.attribute is None:
            return replace(person, group=group)
        k = numbers.get(person.name)
        if k is None:  # of another axis: they are where they were, and this axis is still to be dealt
            return Person(group, person.label, person.mask)
        return replace(person, group=group, attribute=k, steered=[])

    return [None if people is None else tuple(map(said, people)) for people in before]
