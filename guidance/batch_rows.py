"""The rows of a U-Net batch: everything in the U-Net's arguments that has them, cut to some or put in another order.

A batch holds a row for each image of each conditioning, conditioning by conditioning. The host's options, which name
the conditionings (`uuids`, `cond_or_uncond`), are told apart from other arguments by those names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .autograd.inference_weights import ordinary
from .nested import leaves, mapped


def transformer_options(args: tuple, kwargs: Mapping) -> dict | None:
    """The host's options among the arguments of a U-Net forward."""
    return kwargs.get("transformer_options") or next((a for a in args if isinstance(a, dict) and "uuids" in a), None)


def are_options(value: Any) -> bool:
    """Whether an argument of the U-Net is the host's options: what they hold has no rows, they name the conditionings."""
    return isinstance(value, dict) and "uuids" in value


def with_rows(value: Any, total: int, change: Callable[[Tensor], Tensor], options: Callable[[dict], dict]) -> Any:
    """An argument of the model, with `change` applied to each tensor of `total` rows and `options` to the host's options.

    Dicts, lists and tuples are walked alike, and come out as what they were.
    """

    def of_leaf(leaf: Any) -> Any:
        if are_options(leaf):
            return options(leaf)
        return change(leaf) if torch.is_tensor(leaf) and leaf.dim() and leaf.shape[0] == total else leaf

    return mapped(value, of_leaf, are_options)


def has_rows_only(value: Any, total: int) -> bool:
    """Whether each tensor in an argument of the model has `total` rows, one for all of them, or none: `part` is right."""
    tensors = (leaf for leaf in leaves(value, are_options) if torch.is_tensor(leaf))
    return all(not tensor.dim() or tensor.shape[0] in (1, total) for tensor in tensors)


def ranges(rows: int, images: int, most: int) -> Iterator[range]:
    """At most `most` rows at a time, each range inside one conditioning's `images` rows."""
    for first in range(0, rows, images):
        for start in range(first, first + images, most):
            yield range(start, min(start + most, first + images))


def part(args: Sequence, kwargs: dict, rows: Sequence[int], images: int) -> tuple[list, dict]:
    """The model's arguments for some of the rows of x = args[0]; new lists and dicts, as the model empties some.

    rows: ascending, of one conditioning, or whole conditionings of `images` rows each. Inference tensors come out as
    ordinary ones, for a forward with gradients.
    """
    total, chosen = args[0].shape[0], list(rows)

    def options(value: dict) -> dict:
        which = sorted({row // images for row in chosen})
        own = [row % images for row in chosen if row // images == which[0]]
        sigmas = value["sigmas"]
        changed = {name: [value[name][i] for i in which] for name in ("uuids", "cond_or_uncond")}
        return {**value, **changed, "sigmas": ordinary(sigmas[own] if sigmas.shape[0] == images else sigmas)}

    def cut(value: Any) -> Any:
        return with_rows(value, total, lambda tensor: tensor[chosen], options)

    def own_copy(value: Any) -> Any:
        return mapped(cut(value), lambda leaf: leaf if are_options(leaf) else ordinary(leaf), are_options)

    return [own_copy(a) for a in args], own_copy(kwargs)


def arranged(value: Any, order: Sequence[int], total: int, options: Callable[[dict], dict]) -> Any:
    """An argument of the model with its conditionings in another order: each tensor of `total` rows, and the options."""

    def reorder(tensor: Tensor) -> Tensor:
        return tensor.unflatten(0, (len(order), -1))[list(order)].flatten(0, 1)

    return with_rows(value, total, reorder, options)
