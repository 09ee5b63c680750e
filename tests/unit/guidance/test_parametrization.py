"""Noise form against denoised form, and windows."""

import pytest
import torch

from fair_attention.guidance.parametrization import to_denoised, to_eps
from fair_attention.guidance.schedule import in_window


def test_denoised_difference_is_minus_sigma_times_the_eps_difference() -> None:
    x, eps_a, eps_b = torch.randn(3, 2, 4, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([0.5, 7.0], dtype=torch.float64)
    s = sigma.reshape(2, 1, 1, 1)
    denoised_a, denoised_b = x - s * eps_a, x - s * eps_b  # the definition of eps
    torch.testing.assert_close(to_denoised(eps_a - eps_b, sigma), denoised_a - denoised_b)
    torch.testing.assert_close(to_eps(denoised_a - denoised_b, sigma), eps_a - eps_b)
    torch.testing.assert_close(to_denoised(eps_a, 2.0), -2 * eps_a)


def test_window_is_half_open() -> None:
    # 10 of 50 steps of warm-up: step 9 is at 0.18, step 10 at 0.2
    assert not in_window(9 / 50, 0.2, 1) and in_window(10 / 50, 0.2, 1) and in_window(49 / 50, 0.2, 1)
    assert not in_window(0.5, 0.5, 0.5)
    assert not in_window(0.5, 0.0, 0.5)


@pytest.mark.parametrize(("start", "end", "says"), [(0.5, 0.4, "ends before it starts"), (-0.1, 1, "out of range")])
def test_bad_windows_are_refused(start: float, end: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        in_window(0.5, start, end)


@pytest.mark.parametrize(("start", "end"), [(1.5, 0.5), (1.5, 1.6), (0.5, 1.5), (-0.1, 0.5), (-0.2, -0.1)])
def test_a_window_outside_the_run_is_refused(start, end) -> None:
    with pytest.raises(ValueError, match="out of range"):
        in_window(0.5, start, end)


def test_empty_windows_at_both_ends_hold_nothing() -> None:
    assert not in_window(0.0, 0.0, 0.0) and not in_window(0.9, 1.0, 1.0)
