"""Masks that come from outside: what is said of those that are larger than the picture."""

import pytest
import torch

from fair_attention.guidance.fair.people import larger_than, separate_parts


@pytest.mark.parametrize(
    ("height", "width", "said"),
    [(64, 64, False), (32, 32, False), (72, 72, False), (64, 512, False), (128, 128, True), (512, 512, True)],
)
def test_masks_larger_than_the_picture_may_be_of_a_whole_of_which_this_is_a_tile(height, width, said):
    told = larger_than(torch.ones(2, height, width), (8, 8))  # a picture of 64 x 64
    assert bool(told) == said
    if said:
        assert f"the masks are {width} x {height}, the picture sampled is 64 x 64" in told and "tile" in told


def test_specks_of_the_brush_are_nobody_and_parts_from_a_hundredth_on_are():
    mask = torch.zeros(1, 16, 40)
    mask[0, :10, :10] = 1  # 100 cells
    mask[0, 12, 38] = 1  # a hundredth
    assert separate_parts(mask).flatten(1).sum(1).tolist() == [100, 1]
    mask[0, :10, 10] = 1
    assert separate_parts(mask).flatten(1).sum(1).tolist() == [110]
    assert separate_parts(torch.zeros(1, 4, 4)).shape == (1, 4, 4)
