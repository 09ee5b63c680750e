"""Masks that come from outside: what is said of those that are larger than the picture."""

import pytest
import torch

from fair_attention.guidance.fair.people import larger_than


@pytest.mark.parametrize(
    ("height", "width", "said"),
    [(64, 64, False), (32, 32, False), (72, 72, False), (64, 512, False), (128, 128, True), (512, 512, True)],
)
def test_masks_larger_than_the_picture_may_be_of_a_whole_of_which_this_is_a_tile(height, width, said):
    told = larger_than(torch.ones(2, height, width), (8, 8))  # a picture of 64 x 64
    assert bool(told) == said
    if said:
        assert f"the masks are {width} x {height}, the picture sampled is 64 x 64" in told and "tile" in told
