"""PSNR and SSIM: by hand, and against scikit-image where it is installed."""

import math

import pytest
import torch

from fair_attention.metrics.consistency import psnr, ssim


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_psnr_by_hand() -> None:
    reference = torch.zeros(2, 4, 4, 3)
    image = reference.clone()
    image[0] += 0.1  # MSE .01: 20 dB
    assert psnr(image, reference).tolist() == pytest.approx([20, math.inf], abs=1e-5)


def test_psnr_inside_and_outside_a_mask() -> None:
    reference, image = torch.zeros(1, 2, 2, 1), torch.tensor([[[[0.1], [0.01]], [[0.0], [0.0]]]])
    mask = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert psnr(image, reference, mask).item() == pytest.approx(20, abs=1e-4)
    # outside: one pixel of three with error 1e-4: 10 log10(3e4)
    assert psnr(image, reference, 1 - mask).item() == pytest.approx(10 * math.log10(3e4), abs=1e-4)
    assert psnr(image, reference, mask * 0.5).item() == pytest.approx(20, abs=1e-4)  # weights, not values
    assert psnr(image, reference, mask * 0).isnan().all()


def test_ssim_of_constant_images_by_hand() -> None:
    a, b = torch.full((1, 16, 16, 3), 0.5), torch.full((1, 16, 16, 3), 0.7)
    # no variance: (2 * .5 * .7 + C1) / (.25 + .49 + C1), C1 = 1e-4
    assert ssim(a, b).item() == pytest.approx((0.7 + 1e-4) / (0.74 + 1e-4), abs=1e-6)
    assert ssim(a, a).item() == pytest.approx(1)


def test_ssim_of_one_window_by_hand() -> None:
    # 11 px: one window. b = 1 - a: mu_b = 1 - mu_a, var_b = var_a, cov = -var_a
    a = rand(1, 11, 11, 1).double()
    g = torch.exp(-0.5 * (torch.arange(-5.0, 6.0, dtype=torch.float64) / 1.5) ** 2)
    w = torch.outer(g, g) / g.sum() ** 2
    mu = (w * a[0, ..., 0]).sum()
    var = (w * (a[0, ..., 0] - mu) ** 2).sum()
    luminance = (2 * mu * (1 - mu) + 1e-4) / (mu**2 + (1 - mu) ** 2 + 1e-4)
    assert ssim(a, 1 - a).item() == pytest.approx((luminance * (-2 * var + 9e-4) / (2 * var + 9e-4)).item(), abs=1e-9)


def test_ssim_with_a_mask_sees_only_its_place() -> None:
    reference, image = rand(1, 40, 40, 3), rand(1, 40, 40, 3)
    image[:, 20:] = rand(1, 20, 40, 3, seed=1)
    mask = torch.zeros(1, 40, 40)
    mask[:, :15] = 1  # windows around row 14 reach row 19
    assert ssim(image, reference, mask).item() == pytest.approx(1)
    assert ssim(image, reference, 1 - mask).item() < 0.7
    assert ssim(image, reference, mask * 0).isnan().all()


def test_each_image_by_itself() -> None:
    a, b = rand(3, 16, 20, 3), rand(3, 16, 20, 3, seed=1)
    for measure in (psnr, ssim):
        together = measure(a, b)
        assert together.shape == (3,)
        assert together.tolist() == pytest.approx(
            [measure(x, y).item() for x, y in zip(a.split(1), b.split(1), strict=True)]
        )


def test_against_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    a = rand(1, 37, 50, 3)
    b = (a + 0.2 * rand(1, 37, 50, 3, seed=1)).clamp(0, 1)
    x, y = a[0].double().numpy(), b[0].double().numpy()
    expected = metrics.structural_similarity(
        x, y, data_range=1.0, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-9)
    assert psnr(a, b).item() == pytest.approx(metrics.peak_signal_noise_ratio(x, y, data_range=1.0), abs=1e-9)


def test_bad_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="must be alike"):
        psnr(rand(1, 8, 8, 3), rand(2, 8, 8, 3))
    with pytest.raises(ValueError, match="10x12 px is too small"):
        ssim(rand(1, 12, 10, 3), rand(1, 12, 10, 3))
