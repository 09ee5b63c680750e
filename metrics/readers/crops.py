"""What a classifier is shown of a person: a padded square around the box, as Shen et al. cut it.

Their released code (finetune-fair-diffusion) takes a square box, expands its side by 50 % and pads with black what lies
outside the picture.
"""

import torch
from torch import Tensor

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels
EXPAND = 0.5  # share of the side that is added, half of it on either side
SMALLEST = 4.0  # pixels of a box's longer side: below, there is nobody to be read


def square(box: Box, expand: float = EXPAND) -> tuple[int, int, int]:
    """(left, top, side) in whole pixels of the square with the box's centre and side (1 + expand) * its longer side.

    Raises ValueError for a box without area or of less than SMALLEST pixels.
    """
    left, top, right, bottom = box
    longer = max(right - left, bottom - top)
    if not (right > left and bottom > top and SMALLEST <= longer < float("inf")):
        raise ValueError(
            f"the box {tuple(round(v, 1) for v in box)} is empty or smaller than {SMALLEST:.0f} pixels: take "
            "it out, or look for people in a larger picture"
        )
    side = max(1, round(longer * (1 + expand)))
    return round((left + right - side) / 2), round((top + bottom - side) / 2), side


def cut(image: Tensor, box: Box, expand: float = EXPAND) -> Tensor:
    """image [H,W,3] in 0 ... 1 -> the square around the box [3,s,s]; what lies outside the picture is black (0)."""
    left, top, side = square(box, expand)
    height, width = image.shape[:2]
    crop = torch.zeros(3, side, side, dtype=image.dtype, device=image.device)
    y0, y1, x0, x1 = max(top, 0), min(top + side, height), max(left, 0), min(left + side, width)
    if y0 < y1 and x0 < x1:
        crop[:, y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1, :3].permute(2, 0, 1)
    return crop
