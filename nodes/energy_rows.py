"""A U-Net batch taken in parts: some images of one conditioning at a time, with everything that belongs to them."""

from collections.abc import Iterator

import torch

from ..guidance.differentiable import ordinary


def slices(rows: int, images: int, most: int) -> Iterator[slice]:
    """At most `most` rows at a time, each slice inside one conditioning's `images` rows."""
    for first in range(0, rows, images):
        for start in range(first, first + images, most):
            yield slice(start, min(start + most, first + images))


def cut(value, rows: slice, total: int, images: int):
    """The given rows of every tensor in an argument of the model that has `total` rows; options follow."""
    if isinstance(value, dict) and "uuids" in value:
        which = slice(rows.start // images, rows.start // images + 1)
        sigmas = value["sigmas"]
        own = slice(rows.start % images, (rows.stop - 1) % images + 1)
        changed = {name: value[name][which] for name in ("uuids", "cond_or_uncond")}
        return {**value, **changed, "sigmas": ordinary(sigmas[own] if sigmas.shape[0] == images else sigmas)}
    if isinstance(value, dict):
        return {name: cut(item, rows, total, images) for name, item in value.items()}
    if isinstance(value, list):
        return [cut(item, rows, total, images) for item in value]
    return ordinary(value[rows] if torch.is_tensor(value) and value.dim() and value.shape[0] == total else value)
