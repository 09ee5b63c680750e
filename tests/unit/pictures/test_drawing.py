"""Outlines, drawn and counted by hand."""

import numpy as np
import torch
from PIL import Image

from fair_attention.pictures.drawing import enlarge, outline, to_tensor


def test_an_outline_is_a_ring_of_three_pixels_inside_the_mask():
    """A square of 20 x 20 in a picture of 40 x 40: 400 pixels without the 14 x 14 inside, in its colour; the rest as before."""
    picture, mask = Image.new("RGB", (40, 40), (10, 20, 30)), torch.zeros(40, 40)
    mask[10:30, 10:30] = 1
    outline(picture, mask, (230, 60, 60))
    pixels = np.array(picture)
    ring = (pixels == (230, 60, 60)).all(-1)
    assert ring.sum() == 400 - 14 * 14
    assert ring[10, 10] and ring[12, 20] and ring[29, 29] and not ring[13, 13] and not ring[9, 9]
    assert (pixels[~ring] == (10, 20, 30)).all()


def test_a_small_picture_is_enlarged_by_a_whole_factor():
    picture, factor = enlarge(torch.zeros(100, 200, 3))
    assert (picture.size, factor) == ((400, 200), 2)
    assert to_tensor([picture]).shape == (1, 200, 400, 3)
