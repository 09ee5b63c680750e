"""The attribute prompts in a U-Net batch, as other patches of the U-Net are to see them.

The host numbers a batch's conditionings in `cond_or_uncond`: 0 is the positive, 1 the negative, ours come after. Packs
take the numbers for "positive or negative": they pick from a pair by them (IPAdapter), or take the first 0 for the
positive (NAG). So inside the U-Net ours bear the positive's number, and their rows lie behind the sampler's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from torch import Tensor

from .batch_rows import arranged, transformer_options


@dataclass(frozen=True)
class AppendedRows:
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
        back = [order.index(place) for place in range(len(order))]

        def renamed(given: dict) -> dict:
            uuids, numbers = ([given[name][place] for place in order] for name in ("uuids", "cond_or_uncond"))
            numbers = [self.positive if uuid in self.ours else n for uuid, n in zip(uuids, numbers, strict=True)]
            return {**given, "uuids": uuids, "cond_or_uncond": numbers}

        out = forward(arranged(args, order, total, renamed), arranged(kwargs, order, total, renamed))
        return arranged(out, back, total, dict)


def appended(groups: list[list[dict]], conds: list, positive: int) -> AppendedRows | None:
    """How these groups of conditionings of ours, if any, ride along with the sampler's `conds`.

    Where one group has an area and another none, the host copies that conditioning, identifier included, to the other:
    such a copy among ours is given an identifier of its own.
    """
    theirs = {cond.get("uuid") for group in conds if group for cond in group}
    for cond in (cond for group in groups for cond in group):
        if cond.get("uuid") in theirs:
            cond["uuid"] = uuid4()
    ours = frozenset(cond["uuid"] for group in groups for cond in group)
    return AppendedRows(ours, positive) if ours else None


def index_of(group: list[dict], conds: list) -> int | None:
    """Which of `conds` is this group of conditionings, which may have been copied on the way."""
    for same in (id, lambda cond: cond.get("uuid")):
        known = set(map(same, group))
        for index, other in enumerate(conds):
            if other and not known.isdisjoint(map(same, other)):
                return index
    return None
