"""How like a person of this world a drawn one is: the sprite of what is read there, laid at its place, by SSIM over the head.

A face that has lost its eyes may still be read with confidence; beside the sprite it should be, it shows. What matters
is the ratio to people whom the model draws when the prompt states the attribute in words: the autoencoder's blur lowers
both alike.
"""

from itertools import product

import numpy as np
import torch
from torch import Tensor

from ..metrics.consistency import ssim
from ..metrics.readers import Reading
from .sprites import head_box, person_sprite

SHIFTS, GROWTH = (-2, -1, 0, 1, 2), (-2, 0, 2)  # pixels about the reader's box in which the sprite is laid best
SMALLEST = 24  # side of a sprite whose head still holds a window of SSIM


def looks(picture: Tensor, reading: Reading) -> float | None:
    """SSIM of the head with its sprite's, -1 ... 1.   picture [H,W,3] in 0 ... 1; None where a label is unreadable.

    The sprite is laid over the picture itself where the mean squared difference over the head is least, so that what is
    behind the person counts for nothing.
    """
    occupation, gender, tone = (reading.labels[axis] for axis in ("occupation", "gender", "skin tone"))
    if occupation is None or gender is None or tone is None:
        return None
    left, top, right, bottom = reading.box
    centre, side = ((left + right) / 2, (top + bottom) / 2), max(round(right - left), SMALLEST)
    best: tuple[float, Tensor, Tensor] | None = None
    for grow in GROWTH:
        size = max(side + grow, SMALLEST)
        sprite = torch.from_numpy(np.asarray(person_sprite(occupation, gender, tone, size)).copy()).float() / 255
        head = _head(occupation, size) * sprite[..., 3]
        for dx, dy in product(SHIFTS, SHIFTS):
            laid = _laid(picture, sprite, head, round(centre[0] - size / 2) + dx, round(centre[1] - size / 2) + dy)
            if laid is None:
                continue
            canvas, mask = laid
            error = float((mask * ((canvas - picture) ** 2).mean(-1)).sum() / mask.sum())
            if best is None or error < best[0]:
                best = (error, canvas, mask)
    if best is None:
        return None
    return float(ssim(best[1][None], picture[None], best[2][None])[0])


def _head(occupation: str, size: int) -> Tensor:
    left, top, right, bottom = (round(f * size) for f in head_box(occupation))
    mask = torch.zeros(size, size)
    mask[top:bottom, left:right] = 1
    return mask


def _laid(picture: Tensor, sprite: Tensor, head: Tensor, left: int, top: int) -> tuple[Tensor, Tensor] | None:
    """(the picture with the sprite over it, the head's mask [H,W]); None where hardly any of the head is in the picture."""
    height, width = picture.shape[:2]
    size = len(sprite)
    there = (slice(max(top, 0), min(top + size, height)), slice(max(left, 0), min(left + size, width)))
    here = (slice(there[0].start - top, there[0].stop - top), slice(there[1].start - left, there[1].stop - left))
    if float(head[here].sum()) < 0.5 * float(head.sum()):
        return None
    canvas, mask = picture.clone(), torch.zeros(height, width)
    alpha = sprite[here][..., 3:]
    canvas[there] = alpha * sprite[here][..., :3] + (1 - alpha) * picture[there]
    mask[there] = head[here]
    return canvas, mask
