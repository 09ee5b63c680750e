"""Soft AND of linked words, and what stands in for it: numbers worked out by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.attention.alignment import agreement, aligned_region, mean_pairwise_iou, soft_and


def maps(*rows):
    """One [1, 4] map per row."""
    return torch.tensor(rows, dtype=torch.float32)[:, None]


def test_soft_and_is_the_geometric_mean():
    score = soft_and(maps([0.9, 0.4, 0, 1], [0.4, 0.4, 0, 0]), epsilon=0)
    assert torch.allclose(score, torch.tensor([[0.6, 0.4, 0.0, 0.0]]))
    with_epsilon = soft_and(maps([1.0, 0, 0, 0], [0.0, 0, 0, 0]))  # sqrt(1.0001 * 0.0001)
    assert with_epsilon[0, 0].item() == pytest.approx(0.0100005, rel=1e-4)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_soft_and_lies_between_the_words_and_ignores_their_order(values):
    scores = torch.tensor(values)[:, None, None]
    score = soft_and(scores).item()
    assert min(values) - 1e-3 <= score <= max(values) + 1e-3
    assert score == pytest.approx(soft_and(scores.flip(0)).item(), abs=1e-6)


def test_soft_and_refuses_an_empty_group():
    with pytest.raises(ValueError, match=r"\[0, 4, 4\]"):
        soft_and(torch.zeros(0, 4, 4))


def test_agreement_is_the_iou_and_nothing_agreed_on_is_none():
    a, b, empty = torch.tensor([[1, 1, 0]]).bool(), torch.tensor([[0, 1, 1]]).bool(), torch.zeros(1, 3).bool()
    assert agreement(a, b) == pytest.approx(1 / 3)
    assert agreement(empty, empty) == 0
    assert mean_pairwise_iou(torch.stack((a, b, a))) == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)
    assert mean_pairwise_iou(empty[None]) == 1


def test_words_that_meet_are_anded():
    aligned = aligned_region(maps([0.9, 0.6, 0.1, 0], [0.8, 0.1, 0.6, 0]))
    assert aligned.region.tolist() == [[True, False, False, False]]  # sqrt(.72) = .85, sqrt(.06) = .24
    assert aligned.why == "soft AND of 2 words"


def test_words_that_do_not_meet_fall_back_to_the_face_else_to_the_union():
    scores = maps([0.9, 0, 0, 0], [0, 0, 0.7, 0])
    face = aligned_region(scores, face=1)
    assert face.region.tolist() == [[False, False, True, False]] and face.why.startswith("face word alone")
    assert torch.equal(face.score, scores[1])
    union = aligned_region(scores)
    assert union.region.tolist() == [[True, False, True, False]] and union.why.startswith("union of 2 words")
    assert torch.equal(union.score, scores.amax(0))


def test_a_region_that_overlaps_little_falls_back_even_if_large():
    # Each word's own region (>= 0.5) is disjoint from the other's, yet the soft AND is above 0.4 everywhere.
    aligned = aligned_region(maps([0.6, 0.6, 0.45, 0.45], [0.45, 0.45, 0.6, 0.6]))
    assert aligned.region.all() and "IoU of 0.00" in aligned.why


def test_fallback_starts_below_one_percent_of_the_map():
    scores = torch.zeros(2, 10, 10)
    scores[:, 0, 0] = 1
    assert aligned_region(scores).why == "soft AND of 2 words"  # exactly 1 %
    scores = torch.zeros(2, 10, 11)
    scores[:, 0, 0] = 1
    assert aligned_region(scores).why.startswith("union")


def test_a_word_s_own_region_holds_what_is_exactly_at_rho():
    """Two words that meet nowhere: the union of both, cells at rho included."""
    scores = torch.zeros(2, 4, 4)
    scores[0, 0], scores[1, 3] = 0.5, 0.5
    assert aligned_region(scores).region.sum() == 8


def test_a_tenth_of_agreement_is_enough():
    """Regions of 11 cells that share 2, of 20: an IoU of a tenth, above the twentieth asked for."""
    first, second = torch.zeros(10, 10), torch.zeros(10, 10)
    first.view(-1)[:11], second.view(-1)[9:20] = 1, 1
    assert aligned_region(torch.stack([first, second])).region.sum() == 2
