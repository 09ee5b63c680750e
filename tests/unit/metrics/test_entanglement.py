"""Percentile masks, IoU, chance level, block-wise IoU, reductions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.metrics.entanglement import (
    block_iou,
    chance_level,
    concept_iou,
    iou,
    mean_iou,
    percentile_mask,
    reduction,
)


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_mask_is_strict_and_covers_thirty_percent() -> None:
    x = torch.arange(10.0).reshape(2, 5)  # percentile 70 of 0 ... 9 is 6.3: 7, 8, 9 are above
    assert percentile_mask(x).flatten().tolist() == [False] * 7 + [True] * 3
    tied = torch.tensor([[0.0, 1.0, 1.0, 1.0]])  # percentile 70 is 1, and nothing is above it
    assert not percentile_mask(tied).any()
    assert percentile_mask(rand(3, 100, 100)).float().mean((-2, -1)).tolist() == pytest.approx([0.3] * 3)


@given(st.floats(0, 100), st.integers(0, 100))
def test_percentile_is_numpys(q: float, seed: int) -> None:
    x = rand(2, 5, 7, seed=seed)
    threshold = np.percentile(x.numpy(), q, axis=(1, 2), keepdims=True)
    differs = percentile_mask(x, q).numpy() != (x.numpy() > threshold)
    assert not differs[abs(x.numpy() - threshold) > 1e-6].any()


def test_percentile_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        percentile_mask(rand(4, 4), 101)


def test_iou_by_hand() -> None:
    a, b = torch.tensor([[True, True, False]]), torch.tensor([[False, True, True]])
    assert iou(a, b).item() == pytest.approx(1 / 3)
    assert iou(a & False, b & False).isnan()


def test_chance_level() -> None:
    assert chance_level() == pytest.approx(0.176, abs=5e-4)
    assert chance_level(50) == pytest.approx(1 / 3)
    measured = mean_iou(concept_iou(rand(8, 200, 200), rand(8, 200, 200, seed=1)))
    assert measured == pytest.approx(chance_level(), abs=0.005)


def test_a_concept_and_itself_and_its_opposite() -> None:
    x = rand(1, 20, 20)
    assert concept_iou(x, x).item() == 1
    assert concept_iou(x, -x).item() == 0


def test_mean_leaves_out_what_is_not_defined() -> None:
    assert mean_iou(torch.tensor([0.2, math.nan, 0.4])) == pytest.approx(0.3)
    assert math.isnan(mean_iou(torch.tensor([math.nan])))


def test_block_iou_keeps_the_order_of_blocks() -> None:
    x, y = rand(2, 16, 16), rand(2, 16, 16, seed=1)
    by_block = block_iou({"input.1": x, "middle.0": x}, {"middle.0": x, "input.1": y})
    assert list(by_block) == ["input.1", "middle.0"]
    assert by_block["middle.0"].tolist() == [1, 1]
    assert torch.equal(by_block["input.1"], concept_iou(x, y))


def test_reduction_in_percent() -> None:
    # a published pair of images: 0.539 -> 0.169
    assert reduction(0.539, 0.169) == pytest.approx(68.65, abs=0.01)
    assert math.isnan(reduction(0.0, 0.1))
