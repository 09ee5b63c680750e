"""Fair Inference's direction maths: quantile, opposition, masks, momentum; against SEGA in eps form."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.guidance.fair.directions import (
    blend,
    combine_individuals,
    edit_direction,
    in_mask_quantile,
    keep_energy,
    keep_strongest,
    momentum,
    opposition,
    soften_mask,
    whole_image,
)
from fair_attention.guidance.parametrization import to_eps


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_quantile_inside_the_mask_by_hand() -> None:
    d = torch.tensor([[[[1.0, -2.0, 3.0], [-4.0, 100.0, 50.0]]]])
    mask = torch.tensor([[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]])
    # inside: 1 2 3 4, outside 100 and 50 do not count. q = .5: half the weight (1, 2) comes before 3
    assert in_mask_quantile(d, mask, 0.5).item() == 3
    assert in_mask_quantile(d, mask, 0.0).item() == 1
    assert in_mask_quantile(d, mask, 1.0).item() == 4  # the largest always stays
    # weights 1 1 1 .5 (sum 3.5), q = .5: 1.75 must come before; 1 and 2 make 2 >= 1.75, so 3
    mask[0, 1, 0] = 0.5
    assert in_mask_quantile(d, mask, 0.5).item() == 3


def test_quantile_is_per_sample_and_channel() -> None:
    d = torch.tensor([[[[1.0, 2.0]], [[30.0, 40.0]]], [[[5.0, 6.0]], [[70.0, 80.0]]]])
    assert in_mask_quantile(d, torch.ones(2, 1, 2), 0.5).flatten().tolist() == [2, 40, 6, 80]


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1), st.integers(0, 1000))
def test_share_kept_inside_a_binary_mask(q: float, seed: int) -> None:
    d, mask = randn(1, 2, 8, 8, seed=seed), randn(1, 8, 8, seed=seed + 1) > 0
    kept = (keep_strongest(d, mask, q) != 0) & mask.unsqueeze(1)
    n = int(mask.sum())
    assert all(abs(int(k) - (1 - q) * n) <= 1 for k in kept.sum((-2, -1)).flatten())


def test_the_strongest_cells_that_hold_a_share_of_the_energy_by_hand() -> None:
    d = torch.tensor([[[[3.0, -4.0, 1.0, 9.0]]]])
    mask = torch.tensor([[[1.0, 1.0, 1.0, 0.0]]])  # energies 9 16 1 0, in all 26
    for share, kept in ((0.6, [0, -4, 0, 0]), (0.62, [3, -4, 0, 0]), (0.97, [3, -4, 1, 0]), (0.0, [0, 0, 0, 0])):
        assert keep_energy(d, mask, share).flatten().tolist() == kept
    half = torch.tensor([[[1.0, 0.25, 1.0, 0.0]]])  # energies 9 4 1 0, in all 14: the 3 alone holds 0.64
    assert keep_energy(d, half, 0.6).flatten().tolist() == [3, 0, 0, 0]
    assert not keep_energy(torch.zeros(1, 1, 2, 2), torch.ones(1, 2, 2), 0.6).any()


def test_equal_values_are_all_kept_and_an_empty_mask_gives_nothing_odd() -> None:
    d = torch.ones(1, 1, 2, 2)
    assert keep_strongest(d, torch.ones(1, 2, 2), 0.5).sum() == 4
    assert keep_strongest(d, torch.zeros(1, 2, 2), 0.5).isfinite().all()


def test_binary_set_is_the_difference_of_the_two() -> None:
    female, male, base = randn(3, 1, 4, 3, 3)
    # (f - u) - (m - u) = f - m
    torch.testing.assert_close(edit_direction(female, [male], base, 4.0, opposition(2)), 4 * (female - male))


def test_up_to_four_attributes_are_opposed_to_the_mean_of_the_others_and_more_not_at_all() -> None:
    a, b, c, base = randn(4, 1, 4, 3, 3)
    assert opposition(3) == opposition(4) == 1 and opposition(5) == opposition(8) == 0
    torch.testing.assert_close(edit_direction(a, [b, c], base, 2.0, opposition(3)), 2 * a - (b + c))
    torch.testing.assert_close(edit_direction(a, [b, c], base, 7.5, opposition(8)), 7.5 * (a - base))


def test_denoised_form_equals_sega_in_eps_form() -> None:
    x, eps_u, eps_a, eps_b = randn(4, 1, 4, 6, 6)
    masks = (randn(1, 1, 6, 6, seed=3) > 0).double()
    sigma = 3.0
    d_eps = 4 * ((eps_a - eps_u) - (eps_b - eps_u))
    guided_eps = eps_u + masks * keep_strongest(d_eps, masks[:, 0], 0.5)
    denoised = {name: x - sigma * eps for name, eps in [("u", eps_u), ("a", eps_a), ("b", eps_b)]}
    d = edit_direction(denoised["a"], [denoised["b"]], denoised["u"], 4.0, 1.0)
    gamma = combine_individuals(keep_strongest(d, masks[:, 0], 0.5).unsqueeze(1), masks)
    torch.testing.assert_close(denoised["u"] + gamma, x - sigma * guided_eps)
    torch.testing.assert_close(to_eps(gamma, sigma), guided_eps - eps_u)


def test_each_person_gets_their_own_direction() -> None:
    directions = torch.stack([torch.full((1, 1, 1, 3), 2.0), torch.full((1, 1, 1, 3), -5.0)], 1)
    masks = torch.tensor([[[[1.0, 0.5, 0.0]], [[0.0, 0.5, 0.0]]]])
    # 1*2 ; .5*2 - .5*5 ; nobody
    assert combine_individuals(directions, masks).flatten().tolist() == [2, -1.5, 0]


def test_momentum_by_hand() -> None:
    gamma, union = torch.full((1, 1, 1, 2), 10.0), torch.tensor([[[1.0, 0.0]]])
    gamma_1, nu = momentum(gamma, torch.zeros_like(gamma), union)
    assert gamma_1.flatten().tolist() == [10, 10] and nu.flatten().tolist() == [4, 4]  # .4 * 10
    gamma_2, nu = momentum(gamma, nu, union)
    assert gamma_2.flatten().tolist() == pytest.approx([11.2, 10])  # 10 + .3 * 4, and only inside
    assert nu.flatten().tolist() == pytest.approx([0.6 * 4 + 0.4 * 11.2, 0.6 * 4 + 0.4 * 10])


def test_momentum_is_carried_where_somebody_is_in_every_channel() -> None:
    gamma, nu, union = randn(2, 4, 3, 5), randn(2, 4, 3, 5, seed=1), torch.zeros(2, 3, 5)
    union[1, 2, 4] = 1
    found, _ = momentum(gamma, nu, union)
    wanted = gamma.clone()
    wanted[1, :, 2, 4] += 0.3 * nu[1, :, 2, 4]
    assert torch.allclose(found, wanted)


def test_soft_mask_of_one_pixel() -> None:
    mask = torch.zeros(1, 1, 15, 15, dtype=torch.bool)
    mask[0, 0, 7, 7] = True
    soft = soften_mask(mask)[0, 0]
    weights = [math.exp(-0.5 * i * i) for i in range(-3, 4)]
    # dilated to 3x3, so the centre holds the kernel's weight within one pixel, squared
    assert soft[7, 7].item() == pytest.approx((sum(weights[2:5]) / sum(weights)) ** 2, abs=1e-6)
    assert soft[7, 2] == 0 and soft[7, 3] > 0  # 1 px dilation + 3 px kernel
    assert soft.sum().item() == pytest.approx(9, abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(0, 3))
def test_soft_masks_never_sum_above_one(seed: int, people: int) -> None:
    soft = soften_mask(randn(2, people, 9, 9, seed=seed) > 0)
    assert soft.shape == (2, people, 9, 9)
    assert (soft >= 0).all() and (soft.sum(1) <= 1 + 1e-6).all()


def test_soft_mask_is_full_at_the_edge_and_empty_stays_empty() -> None:
    assert soften_mask(torch.ones(1, 1, 8, 8)).allclose(torch.ones(1, 1, 8, 8))
    assert soften_mask(torch.zeros(1, 2, 8, 8)).abs().sum() == 0


def test_images_of_a_batch_do_not_mix() -> None:
    d, masks = randn(3, 4, 8, 8), soften_mask(randn(3, 2, 8, 8, seed=1) > 0.5)
    kept = keep_strongest(d, masks[:, 0], 0.5)
    for i in range(3):
        assert torch.equal(kept[i : i + 1], keep_strongest(d[i : i + 1], masks[i : i + 1, 0], 0.5))


def test_whole_image_is_the_mean_over_the_people_of_each_image() -> None:
    directions = torch.tensor([[2.0, 4.0, 90.0], [1.0, 5.0, 7.0], [3.0, 3.0, 3.0]])[..., None, None, None]
    masks = torch.tensor([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])[..., None, None].expand(3, 3, 1, 2)
    mean, mask = whole_image(directions.expand(3, 3, 1, 1, 2), masks)
    assert mean.shape == (3, 1, 1, 1, 2) and mask.shape == (3, 1, 1, 2)
    # (2 + 4) / 2, the third has no mask; (1 + 5 + 7) / 3; nobody
    assert mean[:, 0, 0, 0, 0].tolist() == pytest.approx([3, 13 / 3, 0])
    assert mask[:, 0, 0, 0].tolist() == [1, 1, 0]


def test_two_opposed_people_cancel_without_masks() -> None:
    female, male = randn(2, 1, 4, 3, 3)
    directions = torch.stack([edit_direction(a, [b], b, 3.0, 1.0) for a, b in ((female, male), (male, female))], 1)
    mean, _ = whole_image(directions, torch.ones(1, 2, 3, 3))
    torch.testing.assert_close(mean, torch.zeros_like(mean))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_a_blend_is_exact_outside_and_inside(seed: int) -> None:
    edited, plain = randn(2, 2, 4, 5, 5, seed=seed).float()
    mask = randn(2, 5, 5, seed=seed + 1).clamp(0, 1).float()
    mixed = blend(edited, plain, mask)
    outside, inside = (mask == 0).unsqueeze(1).expand_as(mixed), (mask == 1).unsqueeze(1).expand_as(mixed)
    assert torch.equal(mixed[outside], plain[outside]) and torch.equal(mixed[inside], edited[inside])
    torch.testing.assert_close(mixed, mask.unsqueeze(1) * edited + (1 - mask.unsqueeze(1)) * plain)
