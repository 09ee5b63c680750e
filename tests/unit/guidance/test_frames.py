"""Pictures that a model keeps as videos of one frame."""

import torch

from fair_attention.guidance.fair.directions import blend
from fair_attention.guidance.frames import flat, over, shaped_like


def test_one_frame_is_taken_off_and_put_back():
    framed = torch.arange(24.0).reshape(2, 3, 1, 2, 2)
    assert flat(framed).shape == (2, 3, 2, 2) and torch.equal(shaped_like(flat(framed), framed), framed)
    picture = framed[:, :, 0]
    assert flat(picture) is picture and shaped_like(picture, picture) is picture
    video = torch.zeros(1, 3, 5, 2, 2)
    assert flat(video) is video  # several frames are no picture


def test_blended_with_a_frame_axis_as_without():
    edited, plain = torch.ones(2, 3, 1, 2, 2), torch.zeros(2, 3, 1, 2, 2)
    mask = torch.tensor([[[1.0, 0.0], [0.25, 0.0]], [[0.0, 0.0], [0.0, 1.0]]])
    assert over(mask, edited).shape == (2, 1, 1, 2, 2)
    assert torch.equal(blend(edited, plain, mask)[:, 0, 0], mask)
    assert torch.equal(flat(blend(edited, plain, mask)), blend(flat(edited), flat(plain), mask))
