"""One sampling run of Fair Inference: find the people while warming up, then steer each towards an attribute.

Until warm-up ends the run is the plain one, with the cross-attention observed. Then the attribute prompts join the
sampler's own conditionings in the same U-Net batch, and their differences, each confined to one person's mask, are
added to the denoised prediction. Nothing is added in a run, or a step, in which nobody is to change.
"""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import torch
from comfy.samplers import CFGGuider
from torch import Tensor

from ...guidance.appended_rows import AppendedRows, appended, index_of
from ...guidance.batch_index import BASE, NEGATIVE, Parts, images_of
from ...guidance.fair.cast import Cast
from ...guidance.fair.guide import Guide
from ...guidance.fair.outcome import Progress, settle
from ...guidance.fair.plan import FairPlan
from ...guidance.fair.shared_quota import TALLY
from ...guidance.fair.steering import Key
from ...guidance.fair.whom import Whom
from ...guidance.frames import flat, shaped_like
from ...guidance.parametrization import to_denoised
from ...guidance.schedule import Every, Window, step_of, stretched
from ..sampling.conditionings import variant, variant_in_force
from ..sampling.observe import Observer
from ..sampling.session import Session


class Prediction:
    """One of the sampler's predictions, while it is made: which attribute prompts it asks, and what was predicted for them."""

    def __init__(self, images: int):
        self.prompts: list[Key] = []  # that ride along; none where what was computed before still holds
        self.parts = Parts(images)
        self.found: dict[Key, Tensor] = {}  # of all images, [B,C,h,w]
        self.base: Tensor | None = None  # the sampler's positive, predicted with them
        self.negative: Tensor | None = None  # and its negative, where it has one


class FairRun(Session):
    """The sampler's loop under Fair Inference. observer: of the warm-up, and of what the sampler asks at all."""

    def __init__(
        self,
        plan: FairPlan,
        find: Whom,
        noise_seed: int,
        guider: CFGGuider,
        observer: Observer,
    ):
        super().__init__(observer.run)
        self.plan, self.guider, self.observer = plan, guider, observer
        observer.again = self.begin_again
        self.sampling = guider.model_patcher.get_model_object("model_sampling")
        self.window = Window.of(self.sampling, plan.start_percent, plan.end_percent)
        # Both seeds count: a queue of single pictures with one target seed must not give everybody the same attribute.
        self.cast = Cast(plan, find, self.run, plan.target.seed * 2**64 + noise_seed)
        self.guidance = Guide(plan, self.cast)
        self.every, self.progress = Every(plan.every), Progress()
        self.prediction = Prediction(self.run.store.images)
        self.appended: AppendedRows | None = None  # in the present call
        self._add_prompts()

    def _add_prompts(self) -> None:
        """Give the guider each attribute prompt as a variant of its positive: same areas, ControlNet, hooks, masks."""
        held = self.observer.uuids
        self.positive, positive = next(
            (name, group) for name, group in self.guider.conds.items() if any(c["uuid"] in held for c in group)
        )
        for key, ((context, extras), *_) in self.plan.prompts.items():
            self.guider.conds[self._name(key)] = [
                variant(cond, context, extras, held[cond["uuid"]])
                if cond["uuid"] in held
                else {**cond, "uuid": uuid4()}
                for cond in positive
            ]

    def _name(self, key: Key) -> str:
        """Its own in every run: two Fair Inference nodes on one model keep their prompts apart."""
        return f"fair_{id(self)}_{key[0]}_{key[1]}"

    def begin_again(self) -> None:
        """The sampler runs its loop once more: the people are found anew, in the picture that comes of this one."""
        self.observer.begin_again()
        self.cast.forget()
        self.guidance.forget()

    def sample(self, executor: Callable, guider: CFGGuider, sigmas: Tensor, *args) -> Tensor:
        """The sampler's whole loop."""
        self.guidance.forget()  # another node may have it run twice
        self.progress.levels = sigmas[:-1].tolist()
        if self.plan.axes:  # in full the shares are not looked at again, and the old rule stays as it was
            self.every.steps = stretched(self.plan.every, len(self.progress.levels))
        return executor(guider, sigmas, *args)

    def predict(self, executor: Callable, x: Tensor, timestep: Tensor, options: dict, seed) -> Tensor:
        """One of the sampler's predictions."""
        if not self.guidance.fits(flat(x).shape):
            self.guidance.forget()  # a sampler that changes the latent's size
        schedule = options.get("transformer_options", {}).get("sample_sigmas")
        self.prediction = Prediction(self.run.store.images)
        self.prediction.prompts = self._prompts_at(float(timestep.flatten()[0]), schedule)
        return executor(x, timestep, options, seed)

    def _prompts_at(self, sigma: float, schedule: Tensor | None) -> list[Key]:
        """Which attribute prompts a prediction at this noise level needs."""
        self.progress.asked += 1
        if not self.window.holds(sigma):
            return []
        if self.cast.people is None:
            self.cast.look_for()
        if not self.cast.active:
            return []
        if not any(variant_in_force(self.guider.conds[self._name(key)], sigma) for key in self.cast.active):
            self.guidance.gamma = None  # what was held was a direction of a prompt that counts no more
            self.progress.out_of_range += 1
            return []
        step = step_of(sigma, schedule, self.progress.steered)
        if self.guidance.gamma is not None and self.every.lasts(step):
            return []
        self.every.taken = step
        return [*self.cast.active, *(self.cast.held if self.guidance.asks_held else ())]

    def cond_batch(self, executor: Callable, model, conds: list, args: tuple):
        """The sampler's own call, with the attribute prompts beside; only the first call of a prediction takes them, and of
        each part where the batch is asked for in parts."""
        options, prediction = args[2].get("transformer_options", {}), self.prediction
        numbers = images_of(options, args[0].shape[0], self.run.store.images)
        keys = prediction.prompts if prediction.parts.lacks(numbers) else []
        ours = [self.guider.conds[self._name(k)] for k in keys]
        positive = index_of(self.guider.conds[self.positive], conds)
        # Where another patch puts rows of the attention together again, it may know of one positive only: one call each.
        apart = bool(options.get("patches", {}).get("attn2_output_patch"))
        together = [] if apart else ours
        outer, self.appended = self.appended, appended(together, conds, positive or 0)
        call = partial(self.observer.cond_batch, executor, model)
        try:
            out = call([*conds, *together], args)
        finally:
            self.appended = outer  # another node may ask the model from within this call
        if keys and numbers is not None:
            found = [*out[len(conds) :], *(call([group], args)[0] for group in ours if apart)]
            theirs = {BASE: positive, NEGATIVE: index_of(self.guider.conds.get(NEGATIVE) or [], conds)}
            base = {name: out[place] for name, place in theirs.items() if place is not None}
            named = {**dict(zip(keys, found, strict=True)), **base}
            whole = prediction.parts.add(numbers, {name: flat(predicted) for name, predicted in named.items()})
            prediction.base, prediction.negative = whole.pop(BASE, None), whole.pop(NEGATIVE, None)
            prediction.found = whole
        return out[: len(conds)]

    def forward(self, executor: Callable, args: tuple, kwargs: dict) -> Tensor:
        forward = partial(self.observer.forward, executor)
        return self.appended.forward(forward, args, kwargs) if self.appended else forward(args, kwargs)

    def guide(self, args: dict) -> Tensor:
        """Post-CFG: denoised + sum_j M_j (.) d_j (without preservation: + mean_j d_j, everywhere)."""
        denoised, sigma, prediction = args["denoised"], args["sigma"], self.prediction
        if prediction.found:
            # A guider of two prompts may pass the other's prediction as the conditional one.
            positive = flat(args["cond_denoised"]) if prediction.base is None else prediction.base
            # Without a negative (CFG 1) the host passes zeros as its prediction, which nothing may be subtracted from.
            uncond = None if args.get("uncond") is None else flat(args["uncond_denoised"])
            self.guidance.look(prediction.found, positive, uncond, sigma, self.soft_masks(positive.shape))
            prediction.found, prediction.base = {}, None
        elif self.guidance.gamma is None or not self.window.holds(float(sigma.flatten()[0])):
            return denoised
        self.progress.steer(float(sigma.flatten()[0]))
        self.cast.step()
        return denoised + shaped_like(to_denoised(self.guidance.gamma, sigma), denoised).to(denoised)

    def soft_masks(self, shape: torch.Size) -> Tensor:
        """[B,n,h,w] soft masks of the people who may change, for latents of this shape."""
        return self.cast.soft_masks((shape[-2], shape[-1]), self.guider.model_patcher.load_device)

    def finish(self, result: Tensor) -> None:
        """Only people who were steered in pictures that were drawn count for a quota that runs share."""
        super().finish(result)
        settle(self.cast, self.progress, self.window, self.sampling)
        if self.cast.quota_after is not None and self.progress.steered:
            self.run.tally = TALLY.add(self.plan.target, self.cast.quota_after, self.cast.newly_assigned)
