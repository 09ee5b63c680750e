"""One sampling run of Fair Inference: find the people while warming up, then steer each towards an attribute.

Until warm-up ends the run is the plain one, with the cross-attention observed. Then the attribute prompts join the
sampler's own conditionings in the same U-Net batch, and their differences, each confined to one person's mask, are
added to the denoised prediction. Nothing is added in a run, or a step, in which nobody is to change.
"""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import torch
from torch import Tensor

from ...attention.maps import resize
from ...guidance.appended_rows import AppendedRows, appended, index_of
from ...guidance.batch_index import BASE, Windows, images_of
from ...guidance.fair.assignment import RunningCounts
from ...guidance.fair.dealing import Counts, deal
from ...guidance.fair.directions import (
    combine_individuals,
    edit_direction,
    keep_energy,
    keep_strongest,
    momentum,
    opposition,
    soften_mask,
    whole_image,
)
from ...guidance.fair.need import ENERGY
from ...guidance.fair.outcome import settle
from ...guidance.fair.plan import NONE, FairPlan, given_by
from ...guidance.fair.shared_quota import TALLY
from ...guidance.fair.steering import Key, Needs, Readings, Steered, read
from ...guidance.parametrization import to_denoised, to_eps
from ...guidance.run_record import Person, SampledRun
from ...guidance.schedule import Every, Window, step_of
from ..sampling.conditionings import variant, variant_in_force
from ..sampling.observe import Observer

Find = Callable[[SampledRun], list[list[Person]]]  # who is where, per image; attributes open, but for a second pass


class FairRun(Observer):
    def __init__(self, plan: FairPlan, find: Find, noise_seed: int, guider, observer: Observer):
        super().__init__(observer.watch, observer.run, observer.uuids, observer.window)
        self.plan, self.find, self.guider = plan, find, guider
        # Both seeds count: a queue of single pictures with one target seed must not give everybody the same attribute.
        self.seed = plan.target.seed * 2**64 + noise_seed
        sampling = guider.model_patcher.get_model_object("model_sampling")
        self.steered = Window.of(sampling, plan.start_percent, plan.end_percent)
        self.every = Every(plan.every)
        self.people: list[list[Person]] | None = None
        self.needs = Needs(plan.axes, plan.strength)
        self.is_dealt = False  # by need only after the first reading, in full as soon as they are found
        self.in_use: list[Key] = []  # prompts that steer; none while nobody is to change
        self.after: RunningCounts | None = None  # the quota's counts, where runs share them
        self.dealt: list[int] = []  # attributes given in this run, not kept from one before
        self.masks: dict[tuple[int, int], Tensor] = {}  # by the latent's size
        self.extra: list[Key] = []  # prompts that ride in the coming call
        self.appended: AppendedRows | None = None  # how they ride in the present one
        self.predictions: dict[Key, Tensor] = {}
        self.base: Tensor | None = None  # the sampler's positive, predicted with them
        self.windows = Windows(self.run.store.images)
        self.gamma: Tensor | None = None  # last guidance and momentum, in eps units
        self.velocity: Tensor | None = None
        self.active_steps = 0
        self.levels: list[float] = []  # of the schedule, where it predicts
        self.asked = self.out_of_range = 0  # predictions; those within the window at which the prompt is not in force
        self._add_prompts()

    def _add_prompts(self) -> None:
        """Give the guider each attribute prompt as a variant of its positive: same areas, ControlNet, hooks, masks."""
        self.positive, positive = next(
            (name, group) for name, group in self.guider.conds.items() if any(c["uuid"] in self.uuids for c in group)
        )
        for key, ((context, extras), *_) in self.plan.prompts.items():
            self.guider.conds[self._name(key)] = [
                variant(cond, context, extras, self.uuids[cond["uuid"]])
                if cond["uuid"] in self.uuids
                else {**cond, "uuid": uuid4()}
                for cond in positive
            ]

    def _name(self, key: Key) -> str:
        """Its own in every run: two Fair Inference nodes on one model keep their prompts apart."""
        return f"fair_{id(self)}_{key[0]}_{key[1]}"

    def sample(self, executor: Callable, *args) -> Tensor:
        """The sampler's whole loop."""
        self.gamma = self.velocity = None  # another node may have it run twice
        self.levels = args[1][:-1].tolist()
        return executor(*args)

    def predict(self, executor: Callable, x: Tensor, timestep: Tensor, options: dict, seed) -> Tensor:
        """One of the sampler's predictions."""
        schedule = options.get("transformer_options", {}).get("sample_sigmas")
        if self.gamma is not None and self.gamma.shape != x.shape:
            self.gamma = self.velocity = None  # a sampler that changes the latent's size: what was held does not fit
        self.prepare_call(float(timestep.flatten()[0]), schedule)
        return executor(x, timestep, options, seed)

    def guides(self, sigma: float) -> bool:
        return self.steered.holds(sigma)

    def prepare_call(self, sigma: float, schedule: Tensor | None) -> None:
        """Called before each prediction: decide which attribute prompts it needs."""
        self.extra, self.predictions, self.base = [], {}, None
        self.windows = Windows(self.run.store.images)
        self.asked += 1
        if not self.guides(sigma):
            return
        if self.people is None:
            self.look_for_people()
        if not self.in_use:
            return
        if not any(variant_in_force(self.guider.conds[self._name(key)], sigma) for key in self.in_use):
            self.gamma = None  # what was held was a direction of a prompt that counts no more
            self.out_of_range += 1
            return
        step = step_of(sigma, schedule, self.active_steps)
        if self.gamma is None or not self.every.lasts(step):
            self.every.taken = step
            self.extra = self.in_use

    def look_for_people(self) -> None:
        """Locate the people of each image. In full they are dealt their attributes at once, by need at the first reading."""
        self.people = self.find(self.run)
        if not self.plan.axes:
            self.deal(None)
        columns = range(len(self.plan.columns))
        if self.plan.axes or opposition(len(columns)):
            used = {(p.group, k) for image in self.people for p in image if may_change(p) for k in columns}
        else:
            used = {(p.group, p.attribute) for image in self.people for p in image if p.attribute is not None}
        self.in_use = sorted(used)

    def deal(self, readings: Readings | None) -> None:
        """Deal the attributes out, image by image. readings: by need, of the people found; they decide who gets which."""
        target, attributes = self.plan.target, range(len(self.plan.target.attributes))
        standing = TALLY.standing(target)
        counts: Counts = {} if standing is None else {None: standing}
        found, self.people, self.dealt, self.is_dealt = self.people or [], [], [], True
        for image, people in enumerate(found):
            places = {id(p): (image, j) for j, p in enumerate(filter(may_change, people))}
            free = [p for p in people if not p.why]
            leanings = readings and [
                [readings.leaning(places[id(p)], self.plan.axes, k) for k in attributes] for p in free
            ]
            dealt = deal(target, [p.group for p in free], self.seed, self.numbers[image], counts, leanings)
            self.dealt += dealt
            given = dict(zip(map(id, free), dealt, strict=True))
            self.people.append([given_by(target, p, given[id(p)]) if id(p) in given else p for p in people])
        self.run.people, self.run.target, self.after = self.people, target, counts.get(None)
        for image, people in enumerate(self.people):
            for j, person in enumerate(p for p in people if p.attribute is not None):
                if readings:
                    names = [column.name for column in self.plan.columns]
                    person.steered.extend(self.needs.decide((image, j), person.attribute, readings, names))
                else:
                    name = target.attributes[person.attribute].name
                    person.steered.append(
                        Steered(
                            target.axis, tuple(a.name for a in target.attributes), name, True, now=self.plan.strength
                        )
                    )

    def finish(self, result: Tensor) -> None:
        """Only people who were steered in pictures that were drawn count for a quota that runs share."""
        super().finish(result)
        settle(self)
        if self.after is not None and self.active_steps:
            self.run.tally = TALLY.add(self.plan.target, self.after, self.dealt)

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple, kwargs: dict):
        """The sampler's own call, with the attribute prompts beside; only the first call of a prediction takes them, and of
        each window where the batch is asked for in parts."""
        options = args[2].get("transformer_options", {})
        numbers = images_of(options, args[0].shape[0], self.run.store.images)
        keys = self.extra if self.windows.lacks(numbers) else []
        extra = [self.guider.conds[self._name(k)] for k in keys]
        positive = index_of(self.guider.conds[self.positive], conds)
        # Where another patch puts rows of the attention together again, it may know of one positive only: one call each.
        apart = bool(options.get("patches", {}).get("attn2_output_patch"))
        together = [] if apart else extra
        outer, self.appended = self.appended, appended(together, conds, positive or 0)
        try:
            out = super().cond_batch(executor, model, [*conds, *together], args, kwargs)
        finally:
            self.appended = outer  # another node may ask the model from within this call
        if keys:
            found = out[len(conds) :]
            found += [
                super(FairRun, self).cond_batch(executor, model, [group], args, kwargs)[0] for group in extra if apart
            ]
            base = {} if positive is None else {BASE: out[positive]}
            whole = self.windows.add(numbers, {**dict(zip(keys, found, strict=True)), **base})
            self.base = whole.pop(BASE, None)
            self.predictions = whole
        return out[: len(conds)]

    def begin_again(self) -> None:
        """The people are found anew, in the picture that comes of this loop."""
        super().begin_again()
        self.people, self.masks, self.in_use, self.gamma, self.velocity = None, {}, [], None, None
        self.needs, self.is_dealt = Needs(self.plan.axes, self.plan.strength), False

    def forward(self, executor: Callable, args: tuple, kwargs: dict) -> Tensor:
        forward = partial(super().forward, executor)
        return self.appended.forward(forward, args, kwargs) if self.appended else forward(args, kwargs)

    def guide(self, args: dict) -> Tensor:
        """Post-CFG: denoised + sum_j M_j (.) d_j (without preservation: + mean_j d_j, everywhere)."""
        denoised, sigma = args["denoised"], args["sigma"]
        if self.predictions:
            self.gamma = self._guidance(args)
            self.predictions, self.base = {}, None
        elif self.gamma is None or not self.guides(float(sigma.flatten()[0])):
            return denoised
        self.active_steps += 1
        for steered in (s for image in self.people or [] for person in image for s in person.steered):
            steered.step()
        return denoised + to_denoised(self.gamma, sigma).to(denoised)

    def _guidance(self, args: dict) -> Tensor:
        """This step's guidance in eps units [B,C,h,w]."""
        plan, sigma = self.plan, args["sigma"]
        # Without a negative (CFG 1) the host passes zeros as its prediction, which nothing may be subtracted from.
        uncond = None if args.get("uncond") is None else args["uncond_denoised"]
        # A guider of two prompts may pass the other's prediction as the conditional one.
        positive = args["cond_denoised"] if self.base is None else self.base
        masks = self.soft_masks(positive.shape)
        if plan.axes:
            directions = self._needed(positive, masks)
            chosen = torch.stack(
                [keep_energy(d, m, ENERGY) for d, m in zip(directions.unbind(1), masks.unbind(1), strict=True)], 1
            )
        else:
            chosen = self._in_full(positive if plan.in_context or uncond is None else uncond, masks)
        if plan.preservation == NONE:
            chosen, masks = whole_image(chosen, masks)
        if plan.quantile > 0:
            chosen = torch.stack(
                [keep_strongest(chosen[:, j], masks[:, j], plan.quantile) for j in range(chosen.shape[1])], 1
            )
        gamma = to_eps(combine_individuals(chosen, masks), sigma)
        velocity = torch.zeros_like(gamma) if self.velocity is None else self.velocity
        gamma, self.velocity = momentum(
            gamma, velocity, masks.sum(1).clamp_max(1), plan.momentum_scale, plan.momentum_beta
        )
        return gamma

    def _needed(self, positive: Tensor, masks: Tensor) -> Tensor:
        """By need: each person's direction [B,n,C,h,w], as long as what is missing; the first reading deals out."""
        groups = torch.full(masks.shape[:2], -1, dtype=torch.long)
        for image, people in enumerate(self.people or []):
            for j, person in enumerate(filter(may_change, people)):
                groups[image, j] = person.group
        readings = read(self.plan.axes, positive, self.predictions, groups, masks)
        if not self.is_dealt:
            self.deal(readings)
        return self.needs.directions(readings)

    def _in_full(self, base: Tensor, masks: Tensor) -> Tensor:
        """In full: each person's direction [B,n,C,h,w] at every step alike, whether the attribute holds or not."""
        eta = opposition(len(self.plan.columns))
        direction = {
            (g, k): edit_direction(
                d, [o for (h, i), o in self.predictions.items() if h == g and i != k], base, self.plan.strength, eta
            )
            for (g, k), d in self.predictions.items()
        }
        chosen = torch.zeros(*masks.shape[:2], *base.shape[1:], device=base.device, dtype=base.dtype)
        for image, people in enumerate(self.people or []):
            for j, person in enumerate(p for p in people if p.attribute is not None):
                chosen[image, j] = direction[person.group, person.attribute][image]
        return chosen

    def soft_masks(self, shape: torch.Size) -> Tensor:
        """[B,n,h,w] soft masks of the people to change, at the latent's size; empty ones fill up."""
        size = (shape[-2], shape[-1])
        if size not in self.masks:
            changed = [[p.mask for p in filter(may_change, people)] for people in self.people or []]
            most = max(map(len, changed))
            blank = torch.zeros_like(next(m for masks in changed for m in masks))
            full = torch.stack([torch.stack([*masks, *[blank] * (most - len(masks))]) for masks in changed])
            self.masks[size] = resize(soften_mask(full), size).to(self.guider.model_patcher.load_device)
        return self.masks[size]


def may_change(person: Person) -> bool:
    """Whether somebody has been given an attribute, or is free to be given one."""
    return person.attribute is not None or not person.why
