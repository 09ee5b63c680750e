"""The attribute prompts in a U-Net batch, as other patches of the U-Net are to see them.

The host numbers a batch's conditionings in `cond_or_uncond`: 0 is the positive, 1 the negative, ours come after. Packs
take the numbers for "positive or negative": they pick from a pair by them (IPAdapter), or take the first 0 for the
positive (NAG). So inside the U-Net ours bear the positive's number, and their rows lie behind the sampler's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import torch
from torch import Tensor

from .observe import transformer_options


@dataclass(frozen=True)
class Beside:
    """ours: the identifiers of our prompts' conditionings. positive: the number of the sampler's positive.

    Other packs may append prompts of their own, before ours or behind: those keep their numbers and places.
    """

    ours: frozenset
    positive: int

    def forward(self, forward: Callable[[tuple, dict], Tensor], args: tuple, kwargs: dict) -> Tensor:
        """The U-Net's forward, called with ours behind and numbered as positives; the output in the order asked for."""
        options, total = transformer_options(args, kwargs), args[0].shape[0]
        ours = [uuid in self.ours for uuid in options.get("uuids") or ()] if options else []
        if not any(ours) or total % len(ours):
            return forward(args, kwargs)
        order = sorted(range(len(ours)), key=ours.__getitem__)
        out = forward(self._arranged(args, order, total), self._arranged(kwargs, order, total))
        return self._arranged(out, [order.index(place) for place in range(len(order))], total)

    def _arranged(self, value, order: list[int], total: int):
        """Everything in the U-Net's arguments that has the batch's rows, in this order of its conditionings."""
        if isinstance(value, dict) and "uuids" in value:
            uuids, numbers = ([value[name][place] for place in order] for name in ("uuids", "cond_or_uncond"))
            renamed = [
                self.positive if uuid in self.ours else number for uuid, number in zip(uuids, numbers, strict=True)
            ]
            return {**value, "uuids": uuids, "cond_or_uncond": renamed}
        if isinstance(value, dict):
            return {name: self._arranged(item, order, total) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._arranged(item, order, total) for item in value)
        if not torch.is_tensor(value) or not value.dim() or value.shape[0] != total:
            return value
        return value.unflatten(0, (len(order), -1))[order].flatten(0, 1)


def beside(groups: list[list[dict]], conds: list, positive: int) -> Beside | None:
    """How these groups of conditionings of ours, if any, ride along with the sampler's `conds`.

    Where one group has an area and another none, the host copies that conditioning, identifier included, to the other:
    such a copy among ours is given an identifier of its own.
    """
    theirs = {cond.get("uuid") for group in conds if group for cond in group}
    for cond in (cond for group in groups for cond in group):
        if cond.get("uuid") in theirs:
            cond["uuid"] = uuid4()
    ours = frozenset(cond["uuid"] for group in groups for cond in group)
    return Beside(ours, positive) if ours else None


def index_of(group: list[dict], conds: list) -> int | None:
    """Which of `conds` is this group of conditionings, which may have been copied on the way."""
    for same in (id, lambda cond: cond.get("uuid")):
        known = set(map(same, group))
        for index, other in enumerate(conds):
            if other and not known.isdisjoint(map(same, other)):
                return index
    return None
