"""Block Voting by hand: three blocks, blobs drawn as rectangles."""

import pytest
import torch

from fair_attention.attention.capture import MapStore
from fair_attention.attention.trace import Block
from fair_attention.attention.voting import (
    block_vote,
    block_votes,
    mean_score,
    stack_blocks,
    vote_score,
    weight_by_resolution,
)

FULL, HALF, QUARTER, EIGHTH = Block("output", 9), Block("output", 6), Block("output", 3), Block("middle", 0)
SIZES = {FULL: (16, 16), HALF: (8, 8), QUARTER: (4, 4), EIGHTH: (2, 2)}


def blob(rows: slice, columns: slice, value: float = 1.0, size: int = 4) -> torch.Tensor:
    maps = torch.zeros(size, size)
    maps[rows, columns] = value
    return maps


TOP, LEFT = blob(slice(0, 2), slice(None)), blob(slice(None), slice(0, 2))


def test_prior_weights_follow_the_resolution():
    assert weight_by_resolution(list(SIZES), SIZES, (16, 16)) == {FULL: 0.25, HALF: 0.25, QUARTER: 1.0, EIGHTH: 0.0}


def test_prior_weights_of_sides_that_round_up():
    sizes = {FULL: (9, 12), HALF: (5, 6), QUARTER: (3, 3), EIGHTH: (2, 2)}
    assert weight_by_resolution(list(sizes), sizes, (9, 12)) == {FULL: 0.25, HALF: 0.25, QUARTER: 1.0, EIGHTH: 0.0}


def test_a_block_votes_where_its_map_reaches_tau():
    assert block_votes(torch.tensor([0.39, 0.4, 0.8]), 0.4).tolist() == [0, 1, 1]


def test_the_score_is_the_weighted_share_of_votes():
    """Top and left blobs of weights 1 and 3: 1 where they meet, 1/4 and 3/4 where one votes alone, else 0."""
    score = block_vote(torch.stack([TOP * 0.9, LEFT * 0.5]), torch.tensor([1.0, 3.0]), tau=0.4)
    assert torch.allclose(score[0, 0], torch.tensor(1.0))
    assert torch.allclose(score[0, 3], torch.tensor(0.25))
    assert torch.allclose(score[3, 0], torch.tensor(0.75))
    assert score[3, 3] == 0


def test_one_loud_block_does_not_outvote_two():
    """Where voting and averaging differ: one saturated speck against two faint blobs."""
    speck = blob(slice(3, 4), slice(3, 4), 1.0)
    faint = LEFT * 0.45
    maps, weights = torch.stack([speck, faint, faint]), torch.ones(3)
    voted, averaged = block_vote(maps, weights, 0.4) >= 0.5, mean_score(maps, weights) >= 0.4
    assert torch.equal(voted, LEFT.bool())
    assert bool(averaged[3, 3])


def test_the_mean_is_scaled_to_its_own_maximum():
    maps = torch.stack([TOP * 0.2, LEFT * 0.2])
    assert torch.allclose(mean_score(maps, torch.ones(2))[0], torch.tensor([1.0, 1.0, 0.5, 0.5]))


def test_images_and_words_keep_their_places():
    votes = torch.rand(3, 2, 5, 4, 4).round()
    score = vote_score(votes, torch.tensor([1.0, 1.0, 2.0]))
    assert torch.allclose(score[1, 4], (votes[0, 1, 4] + votes[1, 1, 4] + 2 * votes[2, 1, 4]) / 4)


def test_weights_of_zero_are_refused():
    with pytest.raises(ValueError, match="every block's weight is zero"):
        vote_score(torch.ones(2, 4, 4), torch.zeros(2))


@pytest.fixture
def store():
    filled = MapStore(("doctors",), 2, (16, 16))
    for block, size in SIZES.items():
        filled.add(block, torch.rand(2, 1, size[0] * size[1]), size, size, (0, 0))
    return filled


def test_blocks_without_weight_are_left_out(store):
    maps, weights, blocks = stack_blocks(store)
    assert blocks == [FULL, HALF, QUARTER] and weights.tolist() == [0.25, 0.25, 1.0]
    assert maps.shape == (3, 2, 1, 64, 64)
    _, _, blocks = stack_blocks(store, {EIGHTH: 1.0, Block("input", 1): 1.0})
    assert blocks == [EIGHTH]


def test_weights_of_blocks_that_were_not_captured_are_refused(store):
    with pytest.raises(ValueError, match=r"no captured block has a weight above 0: captured are output\.9"):
        stack_blocks(store, {Block("input", 1): 1.0})


def test_the_score_is_a_share_whatever_the_weights_add_up_to():
    """Weights 1, 1 and 2 add up to 4: a vote of the last counts a half."""
    votes = torch.stack([torch.zeros(2, 2), torch.zeros(2, 2), torch.ones(2, 2)])
    assert vote_score(votes, torch.tensor([1.0, 1.0, 2.0])).tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_the_mean_map_has_a_maximum_of_one_on_maps_that_are_not_square():
    maps = torch.tensor([[[0.02, 0.01, 0.0], [0.0, 0.04, 0.0]]])
    assert torch.allclose(mean_score(maps, torch.ones(1)), maps[0] / 0.04)


def test_a_number_for_each_block_where_no_weights_are_named(store):
    _, weights, blocks = stack_blocks(store, "uniform")
    assert weights.tolist() == [1.0] * len(blocks) and len(blocks) == len(store.blocks)


def test_each_word_s_mean_map_has_its_own_maximum():
    maps = torch.tensor([[[[0.2, 0.1, 0.0]], [[0.0, 0.5, 0.25]]]])  # one block, two words
    assert torch.allclose(mean_score(maps, torch.ones(1)), torch.tensor([[[1.0, 0.5, 0.0]], [[0.0, 1.0, 0.5]]]))
