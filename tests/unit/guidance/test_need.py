"""Steering by need: the shares against hand-worked and brute-force answers, and a push that ends where the need does."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.guidance.fair.need import (
    HOLD,
    LENGTH,
    SURE,
    Need,
    attribute_shares,
    direction_weights,
    main_weights,
    need_of,
    simplex_least_squares,
)


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("weights", [(0.3, 0.7), (1.0, 0.0), (0.1, 0.2, 0.3, 0.4), (0.0, 0.5, 0.5, 0.0)])
def test_a_mixture_of_predictions_gives_its_weights(weights: tuple[float, ...]) -> None:
    predictions, p = randn(2, 3, len(weights), 4, 6, 5), torch.tensor(weights, dtype=torch.float64)
    mixed = torch.einsum("k,bnkchw->bnchw", p, predictions)
    masks = torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(attribute_shares(mixed, predictions, masks), p.expand(2, 3, -1), atol=1e-6, rtol=0)


def test_two_attributes_are_a_clipped_projection_by_hand() -> None:
    female, male = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])  # [C=1... as 1 x 2 pixels]
    both = torch.stack([female, male])[None, None, :, None]  # [1,1,2,1,1,2]
    mask = torch.ones(1, 1, 1, 2)
    for value, share in ((1.5, 0.75), (0.0, 0.0), (3.0, 1.0), (-1.0, 0.0)):  # <D_p - D_m, D_f - D_m> / |D_f - D_m|^2
        prompt = torch.tensor([[value, 9.0]])[None, None, None]  # what lies beside the line does not matter
        assert attribute_shares(prompt, both, mask)[0, 0, 0].item() == pytest.approx(share, abs=1e-6)


def test_only_what_lies_in_the_mask_is_read() -> None:
    predictions, masks = randn(1, 1, 2, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    masks[..., :2] = 1
    prompt = predictions[:, :, 0].clone()
    prompt[..., 2:] = 100
    assert attribute_shares(prompt, predictions, masks)[0, 0].tolist() == pytest.approx([1, 0], abs=1e-6)


def test_nothing_to_read_gives_equal_shares() -> None:
    predictions = randn(1, 1, 3, 2, 4, 4)
    assert attribute_shares(predictions[:, :, 0], predictions, torch.zeros(1, 1, 4, 4))[0, 0].tolist() == pytest.approx(
        [1 / 3] * 3
    )


@pytest.mark.parametrize("k", range(2, 9))
@pytest.mark.parametrize("seed", range(3))
def test_attributes_that_are_all_alike_have_equal_shares_however_their_mean_is_rounded(k: int, seed: int) -> None:
    predictions = 7 * randn(1, 1, 2, 2, 4, 4, seed=seed).float()
    alike = predictions[:, :, :1].expand(-1, -1, k, -1, -1, -1)
    shares = attribute_shares(predictions[:, :, 1], alike, torch.ones(1, 1, 4, 4))
    assert shares[0, 0].tolist() == pytest.approx([1 / k] * k)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_no_point_of_the_simplex_is_better(k: int, seed: int) -> None:
    factor, b = randn(k + 1, k, seed=seed), randn(k, seed=seed + 1)
    gram = factor.T @ factor
    p = simplex_least_squares(gram, b)
    assert p.amin() >= 0 and p.sum().item() == pytest.approx(1)
    others = torch.distributions.Dirichlet(torch.ones(k, dtype=torch.float64)).sample((2000,))
    others = torch.cat([others, torch.eye(k, dtype=torch.float64)])

    def cost(q: torch.Tensor) -> torch.Tensor:
        return torch.einsum("...i,ij,...j->...", q, gram, q) - 2 * q @ b

    assert cost(p) <= cost(others).min() + 1e-6


def test_who_changes_is_pushed_by_what_is_missing_to_the_whole() -> None:
    need = need_of(torch.tensor([0.2, 0.8]), 0)
    assert need.changing and need.push(torch.tensor([0.2, 0.8]), 5.0) == pytest.approx(4.0)
    assert need.push(torch.tensor([1.0, 0.0]), 5.0) == 0


def test_who_already_has_it_is_only_kept_from_losing_it() -> None:
    need = need_of(torch.tensor([0.2, 0.8]), 1)
    assert not need.changing and need.reference == pytest.approx(0.8)
    assert need.push(torch.tensor([0.15, 0.85]), 5.0) == 0
    assert need.push(torch.tensor([0.24, 0.76]), 5.0) == pytest.approx(5.0 * HOLD * 0.04)


@pytest.mark.parametrize("first", [[0.2, 0.3, 0.11, 0.39], [0.45, 0.55], [0.3, 0.7]])
def test_who_already_has_it_is_never_pushed_harder_than_somebody_who_changes(first) -> None:
    """Of four tones none leads by much: dark with .39 lacks .36 of sure; five times that took dark people's faces."""
    shares = torch.tensor(first)
    kept, changing = need_of(shares, len(first) - 1), Need(len(first) - 1, 1.0, True)
    assert not kept.changing and 0 < kept.push(shares, 7.0) <= changing.push(shares, 7.0) <= 7.0


def test_who_leads_but_is_not_sure_is_made_sure() -> None:
    need = need_of(torch.tensor([0.55, 0.45]), 0)
    assert not need.changing and need.missing(torch.tensor([0.55, 0.45])) == pytest.approx(SURE - 0.55)


def test_the_direction_leads_away_from_what_is_there_and_from_the_others_alike() -> None:
    assert direction_weights(torch.tensor([0.3, 0.7]), 0).tolist() == pytest.approx([1, -1])
    shares = torch.tensor([0.2, 0.6, 0.2], dtype=torch.float64)  # of the rest .75 and .25; alike .5 and .5
    assert direction_weights(shares, 0).tolist() == pytest.approx([1, -0.625, -0.375])
    assert shares.tolist() == [0.2, 0.6, 0.2]  # the record is not written to
    alone = direction_weights(torch.tensor([1.0, 0.0, 0.0]), 0)  # nothing else is there: away from both alike
    assert alone.tolist() == [1, -0.5, -0.5]


def combine(weights: torch.Tensor, predictions: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bnk,bnkchw->bnchw", weights, predictions)


def sums_to_zero(*shape: int, seed: int) -> torch.Tensor:
    weights = randn(*shape, seed=seed)
    return weights - weights.mean(-1, keepdim=True)


@pytest.mark.parametrize("k", [3, 4])
def test_the_main_part_is_what_a_singular_value_decomposition_says(k: int) -> None:
    """Of each person by itself, in its mask: sum_i (s_i / s_1) v_i <v_i, d>, the cells weighed by sqrt(M); not too long."""
    predictions, weights = randn(2, 3, k, 2, 4, 5, seed=1), sums_to_zero(2, 3, k, seed=2)
    masks = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(3)).double()
    found, whole = (combine(w, predictions) for w in (main_weights(weights, predictions, masks), weights))
    for place in ((b, j) for b in range(2) for j in range(3)):
        root = masks[place].sqrt().expand(2, 4, 5).flatten()
        differences = (predictions[place] - predictions[place].mean(0)).flatten(1) * root
        _, sizes, along = torch.linalg.svd(differences, full_matrices=False)
        direction = whole[place].flatten() * root
        expected = along.T * (sizes / sizes[0]) @ (along @ direction)
        expected *= min(1, LENGTH * float(direction.norm() / expected.norm()))
        torch.testing.assert_close(found[place].flatten() * root, expected, atol=1e-4, rtol=1e-4)


def test_along_the_line_of_the_values_only_the_length_shrinks_and_what_is_beside_it_more() -> None:
    """Values at 0, 1, 2, 3 of a line; a thing that only the second one has, half as strong as the line, is reduced."""
    line, own = torch.zeros(2, 1, 1, 4)
    line[..., 0], own[..., 1] = 1.0, 1.0
    values = torch.stack([k * line for k in range(4)])[None, None]
    weights, mask = torch.tensor([[[0.0, 1.0, -1.0, 0.0]]]).double(), torch.ones(1, 1, 1, 4)
    d = combine(main_weights(weights, values, mask).float(), values)
    torch.testing.assert_close(d[0, 0], -LENGTH * line, atol=1e-5, rtol=0)
    values[:, :, 1] += 0.5 * own
    d = combine(main_weights(weights, values, mask).float(), values)
    assert -1 < d[..., 0].item() < -0.8 and 0 < d[..., 1].item() < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_the_main_part_has_at_most_its_length(seed: int) -> None:
    predictions, weights = randn(1, 1, 4, 2, 4, 4, seed=seed), sums_to_zero(1, 1, 4, seed=seed + 9)
    main = combine(main_weights(weights, predictions, torch.ones(1, 1, 4, 4)), predictions)
    assert main.norm() <= LENGTH * combine(weights, predictions).norm() * (1 + 1e-6)


def test_who_is_pushed_nowhere_stays_so_exactly_and_a_model_that_overflows_raises_nothing() -> None:
    predictions, masks = randn(1, 1, 4, 2, 4, 4), torch.ones(1, 1, 4, 4)
    assert not main_weights(torch.zeros(1, 1, 4), predictions, masks).any()
    assert not main_weights(torch.zeros(1, 1, 4), torch.zeros_like(predictions), masks).isnan().any()
    for broken in (float("nan"), float("inf"), 1e30):
        main_weights(sums_to_zero(1, 1, 4, seed=0), torch.full_like(predictions, broken).float(), masks)
