"""The people of one run of Fair Inference: found once, dealt their attributes, each with a soft mask of its place."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ...attention.maps import resize
from ..run_record import Person, SampledRun, Status
from .dealing import Counts, deal
from .directions import opposition, soften_mask
from .plan import FairPlan, given_by
from .quota_cost import RunningCounts
from .shared_quota import TALLY
from .steering import Key, Needs, Place, Readings, Steered, as_held
from .whom import Whom


class Cast:
    """Who is in the pictures of a run, and what each is to be.

    seed: of the dealing. An image is dealt to by its number among those of the noise's seed, so that alone it is dealt what
    it is dealt in the batch.
    """

    def __init__(self, plan: FairPlan, find: Whom, run: SampledRun, seed: int):
        self.plan, self.find, self.run, self.seed = plan, find, run, seed
        self.people: list[list[Person]] | None = None  # of each image; None: not looked for yet
        self.active: list[Key] = []  # the prompts that steer them; none while nobody is to change
        self.needs = Needs(plan.axes, plan.strength)
        self.is_dealt = False  # by need only after the first reading, in full as soon as they are found
        self.newly_assigned: list[int] = []  # attributes given in this run, not kept from one before
        self.quota_after: RunningCounts | None = None  # the quota's counts, where runs share them
        self.masks: dict[tuple[int, int], Tensor] = {}  # by the latent's size

    def forget(self) -> None:
        """Another picture comes of the loop that begins now: its people are to be found anew."""
        self.people, self.active, self.masks = None, [], {}
        self.needs, self.is_dealt = Needs(self.plan.axes, self.plan.strength), False

    def look_for(self) -> None:
        """Locate the people of each image. In full they are dealt their attributes at once, by need at the first reading."""
        self.people = self.find(self.run)
        if not self.plan.axes:
            self.deal(None)
        columns = self.plan.steering
        everybody = [p for image in self.people for p in image]
        if self.plan.axes or opposition(len(columns)):
            used = {(p.group, k) for p in everybody if p.may_change for k in columns}
        else:
            used = {(p.group, p.attribute) for p in everybody if p.attribute is not None}
        self.active = sorted(used)

    @property
    def held(self) -> list[Key]:
        """The prompts of what the people of the active ones are to keep, asked now and then."""
        groups = {group for group, _ in self.active}
        return sorted((g, c) for g in groups for axis in self.plan.held for c in axis.columns)

    def places(self) -> Iterator[tuple[Place, Person]]:
        """Everybody who was given an attribute, with the place in the tensors [B,n] of those who may change."""
        for image, people in enumerate(self.people or []):
            for j, person in enumerate(p for p in people if p.attribute is not None):
                yield (image, j), person

    def deal(self, readings: Readings | None) -> None:
        """Deal the attributes out, image by image. readings: by need, of the people found; they decide who gets which."""
        target = self.plan.target
        standing = TALLY.standing(target)
        counts: Counts = {} if standing is None else {None: standing}
        found, self.people, self.newly_assigned, self.is_dealt = self.people or [], [], [], True
        for image, people in enumerate(found):
            self.people.append(self._deal_one(image, people, readings, counts))
        self.run.people, self.run.target, self.quota_after = self.people, target, counts.get(None)
        for place, person in self.places():
            person.steered.extend(self._to_be_steered(place, person, readings))

    def _deal_one(self, image: int, people: list[Person], readings: Readings | None, counts: Counts) -> list[Person]:
        target = self.plan.target
        places = {id(p): (image, j) for j, p in enumerate(changing(people))}
        # Who was given one by the user takes part, and gets that one: so the others get what they would without.
        free = [p for p in people if p.status in (Status.OPEN, Status.CHOSEN)]
        leanings = None
        if readings is not None:
            attributes = range(len(target.attributes))
            leanings = [[readings.leaning(places[id(p)], self.plan.axes, k) for k in attributes] for p in free]
        dealt = deal(target, [p.group for p in free], self.seed, self.run.numbers[image], counts, leanings)
        given = {id(p): k for p, k in zip(free, dealt, strict=True) if p.status is Status.OPEN}
        self.newly_assigned += given.values()
        return [given_by(target, p, given[id(p)]) if id(p) in given else replace(p, steered=[]) for p in people]

    def _to_be_steered(self, place: Place, person: Person, readings: Readings | None) -> list[Steered]:
        """What will be said of how a person was steered, filled while sampling."""
        target, k = self.plan.target, person.attribute
        assert k is not None
        if readings is not None:
            return self.needs.decide(place, k, readings, [column.name for column in self.plan.columns])
        names = tuple(a.name for a in target.attributes)
        return [Steered(target.axis, names, names[k], True, now=self.plan.strength)]

    def anybody_changes(self) -> bool:
        """Whether anybody is becoming something else than it is given; in full everybody counts."""
        return not self.plan.axes or any(need.changing for needs in self.needs.of.values() for need in needs)

    def hold(self, readings: Readings) -> None:
        """Say of everybody who is steered what it keeps. readings: of the axes that are held."""
        names = [column.name for column in self.plan.columns]
        for place, person in self.places():
            kept = [as_held(axis, p[place], names) for axis, p in zip(self.plan.held, readings.shares, strict=True)]
            person.steered[:] = [*(s for s in person.steered if not s.held), *kept]

    def groups(self) -> Tensor:
        """[B,n]: whose prompts steer each person who may change; -1 where an image has fewer than n."""
        changing = self._changing()
        groups = torch.full((len(changing), max(map(len, changing))), -1, dtype=torch.long)
        for image, people in enumerate(changing):
            groups[image, : len(people)] = torch.tensor([p.group for p in people], dtype=torch.long)
        return groups

    def soft_masks(self, size: tuple[int, int], device: torch.device) -> Tensor:
        """[B,n,h,w] soft masks of the people who may change, at the latent's size; empty ones fill up."""
        if size not in self.masks:
            changed = [[p.mask for p in people] for people in self._changing()]
            most = max(map(len, changed))
            blank = torch.zeros_like(next(m for masks in changed for m in masks))
            full = torch.stack([torch.stack([*masks, *[blank] * (most - len(masks))]) for masks in changed])
            self.masks[size] = resize(soften_mask(full), size).to(device)
        return self.masks[size]

    def step(self) -> None:
        """A prediction was made with the guidance in force."""
        for steered in (s for image in self.people or [] for person in image for s in person.steered):
            steered.step()

    def _changing(self) -> list[list[Person]]:
        return [changing(people) for people in self.people or []]


def changing(people: list[Person]) -> list[Person]:
    return [p for p in people if p.may_change]
