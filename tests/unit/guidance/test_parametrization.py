"""Noise form against denoised form."""

import torch

from fair_attention.guidance.parametrization import to_denoised, to_eps


def test_denoised_difference_is_minus_sigma_times_the_eps_difference() -> None:
    x, eps_a, eps_b = torch.randn(3, 2, 4, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([0.5, 7.0], dtype=torch.float64)
    s = sigma.reshape(2, 1, 1, 1)
    denoised_a, denoised_b = x - s * eps_a, x - s * eps_b  # the definition of eps
    torch.testing.assert_close(to_denoised(eps_a - eps_b, sigma), denoised_a - denoised_b)
    torch.testing.assert_close(to_eps(denoised_a - denoised_b, sigma), eps_a - eps_b)
    torch.testing.assert_close(to_denoised(eps_a, 2.0), -2 * eps_a)
