"""A U-Net batch taken in parts: some rows of it at a time, with everything that belongs to them."""

from collections.abc import Iterator, Sequence

import torch

from .autograd.inference_weights import ordinary


def ranges(rows: int, images: int, most: int) -> Iterator[range]:
    """At most `most` rows at a time, each range inside one conditioning's `images` rows."""
    for first in range(0, rows, images):
        for start in range(first, first + images, most):
            yield range(start, min(start + most, first + images))


def part(args: Sequence, kwargs: dict, rows: Sequence[int], images: int) -> tuple[list, dict]:
    """The model's arguments for some of the rows of x = args[0]; new lists and dicts, as the model empties some."""
    total = args[0].shape[0]
    return [cut(a, rows, total, images) for a in args], cut(kwargs, rows, total, images)


def cut(value, rows: Sequence[int], total: int, images: int):
    """The given rows, ascending, of every tensor in an argument of the model that has `total` rows; options follow.

    rows: of one conditioning, or whole conditionings of `images` rows each.
    """
    if isinstance(value, dict) and "uuids" in value:
        which = sorted({row // images for row in rows})
        own = [row % images for row in rows if row // images == which[0]]
        sigmas = value["sigmas"]
        changed = {name: [value[name][i] for i in which] for name in ("uuids", "cond_or_uncond")}
        return {**value, **changed, "sigmas": ordinary(sigmas[own] if sigmas.shape[0] == images else sigmas)}
    if isinstance(value, dict):
        return {name: cut(item, rows, total, images) for name, item in value.items()}
    if isinstance(value, list):
        return [cut(item, rows, total, images) for item in value]
    has_rows = torch.is_tensor(value) and value.dim() and value.shape[0] == total
    return ordinary(value[list(rows)] if has_rows else value)


def has_rows_only(value, total: int) -> bool:
    """Whether each tensor in an argument of the model has `total` rows, one for all of them, or none: `cut` is right."""
    if isinstance(value, dict):
        return "uuids" in value or all(has_rows_only(item, total) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(has_rows_only(item, total) for item in value)
    return not torch.is_tensor(value) or not value.dim() or value.shape[0] in (1, total)
