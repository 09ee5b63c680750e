"""One step's guidance: the directions of the people of a run, each inside its own mask, put together (see directions.py)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..parametrization import to_eps
from .cast import Cast
from .directions import (
    combine_individuals,
    edit_direction,
    keep_energy,
    keep_strongest,
    momentum,
    opposition,
    whole_image,
)
from .held import AGAIN, differences, without
from .need import ENERGY
from .plan import NONE, FairPlan
from .steering import Key, read


class Guide:
    """The guidance of a run, from its predictions. gamma: the last one, in eps units [B,C,h,w]; None: none yet."""

    def __init__(self, plan: FairPlan, cast: Cast):
        self.plan, self.cast = plan, cast
        self.gamma: Tensor | None = None
        self.velocity: Tensor | None = None  # of the momentum, in eps units
        self.held: Tensor | None = None  # what the held axes' values differ by, [B,n,S,C,h,w]; None: not asked yet
        self.looks = 0  # at predictions of the present picture

    def forget(self) -> None:
        """What is known belongs to another picture, or to a latent of another size."""
        self.gamma = self.velocity = self.held = None
        self.looks = 0

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether what is known is of latents of this shape [B,C,h,w]."""
        return all((len(x), *x.shape[-3:]) == tuple(shape) for x in (self.gamma, self.held) if x is not None)

    @property
    def asks_held(self) -> bool:
        """Whether the next look needs the predictions of what is held: the first one, and then some while anybody changes."""
        return self.held is None or (self.looks % AGAIN == 0 and self.cast.anybody_changes())

    def look(
        self, predictions: Mapping[Key, Tensor], positive: Tensor, uncond: Tensor | None, sigma: Tensor, masks: Tensor
    ) -> None:
        """gamma of this step, from the denoised predictions of the attribute prompts.

        predictions, positive, uncond [B,C,h,w]: of each (group, column), of the prompt itself, of the negative (None: there is none).
        Those of held axes are needed where `asks_held` says so.
        sigma [B]. masks [B,n,h,w]: soft, of the people who may change.
        """
        plan = self.plan
        if plan.axes:
            chosen = self._needed(predictions, positive, masks)
        else:
            chosen = self._in_full(predictions, positive if plan.in_context or uncond is None else uncond, masks)
        if plan.held:
            chosen = without(chosen, self._held(predictions, positive, masks), masks)
        self.looks += 1
        if plan.preservation == NONE:
            chosen, masks = whole_image(chosen, masks)
        if plan.quantile > 0:
            chosen = torch.stack(
                [keep_strongest(chosen[:, j], masks[:, j], plan.quantile) for j in range(chosen.shape[1])], 1
            )
        gamma = to_eps(combine_individuals(chosen, masks), sigma)
        velocity = torch.zeros_like(gamma) if self.velocity is None else self.velocity
        union = masks.sum(1).clamp_max(1)
        self.gamma, self.velocity = momentum(gamma, velocity, union, plan.momentum_scale, plan.momentum_beta)

    def _needed(self, predictions: Mapping[Key, Tensor], positive: Tensor, masks: Tensor) -> Tensor:
        """By need: each person's direction [B,n,C,h,w], as long as what is missing; the first reading deals out.

        Between two values it is the strongest cells.
        """
        readings = read(self.plan.axes, positive, predictions, self.cast.groups(), masks)
        if not self.cast.is_dealt:
            self.cast.deal(readings)
        total = torch.zeros_like(readings.attributes[0][:, :, 0])
        for axis, directions in zip(self.plan.axes, self.cast.needs.directions(readings, masks), strict=True):
            if len(axis.columns) == 2:
                people = zip(directions.unbind(1), masks.unbind(1), strict=True)
                directions = torch.stack([keep_energy(d, m, ENERGY) for d, m in people], 1)
            total += directions
        return total

    def _held(self, predictions: Mapping[Key, Tensor], positive: Tensor, masks: Tensor) -> Tensor:
        """What the values of each held axis differ by, for each person [B,n,S,C,h,w]; of the last look that has them."""
        if any(column not in self.plan.steering for _, column in predictions):
            readings = read(self.plan.held, positive, predictions, self.cast.groups(), masks)
            if self.held is None:
                self.cast.hold(readings)
            self.held = torch.cat([differences(values) for values in readings.attributes], 2)
        assert self.held is not None
        return self.held

    def _in_full(self, predictions: Mapping[Key, Tensor], base: Tensor, masks: Tensor) -> Tensor:
        """In full: each person's direction [B,n,C,h,w] at every step alike, whether the attribute holds or not."""
        eta = opposition(len(self.plan.steering))
        steer = {key: d for key, d in predictions.items() if key[1] in self.plan.steering}
        direction = {
            (g, k): edit_direction(
                d, [o for (h, i), o in steer.items() if h == g and i != k], base, self.plan.strength, eta
            )
            for (g, k), d in steer.items()
        }
        chosen = torch.zeros(*masks.shape[:2], *base.shape[1:], device=base.device, dtype=base.dtype)
        for place, person in self.cast.places():
            assert person.attribute is not None
            chosen[place] = direction[person.group, person.attribute][place[0]]
        return chosen
