"""Masks of several groups in one place."""

import torch

from fair_attention.attention.same_place import coinciding


def masks(*rows):
    """A group's masks [n, 1, 8], one per row of columns that are set."""
    group = torch.zeros(len(rows), 1, 8)
    for i, columns in enumerate(rows):
        group[i, 0, list(columns)] = 1
    return group


def test_masks_in_one_place_are_one_person():
    (pair,) = coinciding([masks({0, 1, 2}), masks({1, 2, 3})])  # 2 of 4 pixels
    assert pair == (1, 0, 0, 0, 0.5)


def test_three_tenths_is_not_enough():
    assert coinciding([masks({0, 1, 2, 3}), masks({3, 4, 5, 6})]) == []  # 1 of 7
    assert coinciding([masks(range(0, 7)), masks({4, 5, 6, 7})], limit=3 / 8) == []  # 3 of 8, the limit itself
    assert len(coinciding([masks(range(0, 7)), masks({4, 5, 6, 7})])) == 1


def test_each_person_is_matched_once_and_the_best_match_first():
    nurse, two = masks({0, 1, 2, 3}), masks({0, 1}, {1, 2, 3})
    (pair,) = coinciding([nurse, two])  # .5 and .75
    assert (pair.group, pair.at, pair.iou) == (1, 1, 0.75)


def test_masks_of_one_group_and_empty_ones_are_not_compared():
    assert coinciding([masks({0, 1}, {0, 1})]) == []
    assert coinciding([torch.zeros(0, 1, 8), masks({0, 1}), masks(set())]) == []


def test_a_person_named_three_times_is_one():
    found = coinciding([masks({0, 1}), masks({0, 1}), masks({0, 1})])
    assert {(p.group, p.as_group) for p in found} == {(1, 0), (2, 0)}


def test_soft_masks_count_from_one_half():
    soft = torch.tensor([[[0.6, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]])
    assert coinciding([masks({0}), soft])[0].iou == 1
    soft[0, 0, 1] = 0.5  # which is inside
    assert coinciding([masks({0, 1}), soft])[0].iou == 1
