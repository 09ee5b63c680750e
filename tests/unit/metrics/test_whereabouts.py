"""Who is in a picture: crops as Shen et al. cut them, boxes of the host's detectors, masks; and what is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.metrics.readers.crops import cut, square
from fair_attention.metrics.readers.whereabouts import check_picture, from_boxes, from_masks, whole

PICTURES = torch.zeros(2, 40, 60, 3)


def box(x, y, width, height, **more):
    return {"x": x, "y": y, "width": width, "height": height, **more}


def test_the_crop_is_a_square_half_as_large_again():
    """The longer side 20 becomes 30; the centre (30, 20) stays."""
    assert square((20, 16, 40, 24)) == (15, 5, 30)
    assert square((20, 16, 40, 24), expand=0) == (20, 10, 20)


def test_what_lies_outside_is_black():
    picture = torch.ones(10, 10, 3)
    crop = cut(picture, (-2, 0, 2, 4), expand=0)
    assert crop.shape == (3, 4, 4)
    assert crop[0].tolist() == [[0, 0, 1, 1]] * 4


@given(st.integers(-5, 60), st.integers(-5, 40), st.integers(4, 50), st.integers(4, 50), st.floats(0, 2))
def test_every_crop_is_a_square_that_shows_the_picture_where_it_is(left, top, width, height, expand):
    picture = torch.rand(40, 60, 3, generator=torch.Generator().manual_seed(0)) + 0.1
    x, y, side = square((left, top, left + width, top + height), expand)
    crop = cut(picture, (left, top, left + width, top + height), expand)
    assert crop.shape == (3, side, side)
    for row, column in ((0, 0), (side // 2, side // 2), (side - 1, side - 1)):
        inside = 0 <= y + row < 40 and 0 <= x + column < 60
        wanted = picture[y + row, x + column] if inside else torch.zeros(3)
        assert torch.equal(crop[:, row, column], wanted)


@pytest.mark.parametrize("empty", [(0, 0, 0, 10), (0, 0, 3, 3), (5, 5, 4, 9), (0, 0, float("nan"), 5)])
def test_a_box_without_anybody_is_refused(empty):
    with pytest.raises(ValueError, match="empty or smaller than 4 pixels"):
        square(empty)


def test_boxes_come_picture_by_picture_and_other_things_are_left_out():
    boxes = [[box(1, 2, 10, 20, label="person", score=0.9), box(0, 0, 5, 5, label="cat")], []]
    assert from_boxes(boxes, PICTURES) == ([[((1, 2, 11, 22), 0.9)], []], {"cat": 1})
    one = PICTURES[:1]
    assert from_boxes(box(1, 2, 10, 20), one)[0] == from_boxes([box(1, 2, 10, 20)], one)[0] == [[((1, 2, 11, 22), 1.0)]]


@pytest.mark.parametrize(
    ("boxes", "why"),
    [
        ([[box(0, 0, 9, 9)]], "boxes of 1 picture, but the batch holds 2"),
        ([box(0, 0, 9, 9)], "boxes of 1 picture"),
        ([], "boxes of 0 pictures"),
        ([[box(0, 0, 0, 9)], []], "picture 1: the box .* is empty"),
        ([[], [box(60, 0, 9, 9)]], "picture 2: the box .* lies outside of the picture, 60 x 40"),
        ([[{"x": 1}], []], "is no box: wanted are x, y, width and height"),
    ],
)
def test_boxes_of_something_else_are_refused(boxes, why):
    with pytest.raises(ValueError, match=why):
        from_boxes(boxes, PICTURES)


def test_masks_of_one_picture_are_a_person_each():
    masks = torch.zeros(3, 20, 30)  # half the picture's size
    masks[0, 5:10, 10:20] = 1
    masks[1, 0:2, 0:2] = 1
    assert from_masks(masks, PICTURES[:1]) == [[((20, 10, 40, 20), 1.0), ((0, 0, 4, 4), 1.0)]]


def test_pieces_of_one_mask_are_people_and_crumbs_are_nobody():
    masks = torch.zeros(2, 40, 60)
    masks[0, 0:20, 0:20] = masks[0, 0:20, 30:50] = masks[0, 35, 59] = 1
    assert from_masks(masks, PICTURES, pieces=True) == [[((0, 0, 20, 20), 1.0), ((30, 0, 50, 20), 1.0)], []]
    assert from_masks(masks, PICTURES) == [[((0, 0, 60, 36), 1.0)], []]


@pytest.mark.parametrize(("count", "pictures", "pieces"), [(3, 2, False), (2, 1, True), (1, 2, False)])
def test_masks_whose_picture_is_not_known_are_refused(count, pictures, pieces):
    with pytest.raises(ValueError, match=rf"{count} masks? for {pictures} pictures?: it cannot be told whose they are"):
        from_masks(torch.ones(count, 40, 60), PICTURES[:pictures], pieces)


def test_the_whole_picture_is_one_person():
    assert whole(PICTURES) == [[((0, 0, 60, 40), 1.0)]] * 2


@pytest.mark.parametrize(
    ("shape", "why"),
    [((0, 8, 8, 3), "no picture in it"), ((1, 0, 8, 3), "no picture in it"), ((1, 8, 8, 1), "1 channel .grey"),
     ((1, 8, 8, 4), "4 channels .*RGBA"), ((8, 8, 3), "no picture in it")],
)  # fmt: skip
def test_a_picture_that_is_none_is_refused(shape, why):
    with pytest.raises(ValueError, match=why):
        check_picture(torch.zeros(shape))
    with pytest.raises(ValueError, match="no numbers"):
        check_picture(torch.full((1, 8, 8, 3), float("nan")))
