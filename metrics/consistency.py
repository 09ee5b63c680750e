"""How much of a picture stayed as it was: PSNR and SSIM, over the whole picture or a part of it.

Images are [B,H,W,C] in 0 ... 1; a mask [B,H,W] or [H,W] in 0 ... 1 weighs the pixels (1 - mask: outside the people).
Results are per image, float64 on the CPU. An empty mask gives nan: nothing was compared.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..attention.maps import gaussian_kernel

WINDOW, SIGMA = 11, 1.5  # Wang et al., Image Quality Assessment (2004)
K1, K2 = 0.01, 0.03


def psnr(image: Tensor, reference: Tensor, mask: Tensor | None = None) -> Tensor:
    """PSNR = 10 log10(1 / MSE), in dB, MSE over pixels and channels.   -> [B]; equal images: inf

    With a mask MSE = sum_x m(x) mean_c (a - b)^2 / sum_x m(x).
    """
    a, b = _checked(image, reference)
    squared = ((a - b) ** 2).mean(-1)
    return -10 * torch.log10(_weighted_mean(squared, mask))


def ssim(image: Tensor, reference: Tensor, mask: Tensor | None = None) -> Tensor:
    """SSIM, mean over channels and over pixels whose 11x11 window lies inside the picture.   -> [B], at most 1

        SSIM = (2 mu_a mu_b + C1) (2 cov_ab + C2) / ((mu_a^2 + mu_b^2 + C1) (var_a + var_b + C2))

    with Gaussian windows (sigma 1.5, sum 1, population statistics), C1 = 0.01^2, C2 = 0.03^2. A mask weighs the window
    centres, so windows at its border see up to 5 px across. Raises ValueError for images smaller than 11 px.
    """
    a, b = (x.movedim(-1, 1) for x in _checked(image, reference))
    if min(a.shape[-2:]) < WINDOW:
        raise ValueError(f"{a.shape[-1]}x{a.shape[-2]} px is too small for SSIM: give {WINDOW} px or more a side")
    mu_a, mu_b = _window_mean(a), _window_mean(b)
    var_a = _window_mean(a * a) - mu_a**2
    var_b = _window_mean(b * b) - mu_b**2
    cov = _window_mean(a * b) - mu_a * mu_b
    c1, c2 = K1**2, K2**2
    similarity = (2 * mu_a * mu_b + c1) * (2 * cov + c2) / ((mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2))
    margin = WINDOW // 2
    centres = None if mask is None else mask[..., margin:-margin, margin:-margin]
    return _weighted_mean(similarity.mean(1), centres)


def _checked(image: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    if image.shape != reference.shape or image.dim() != 4:
        raise ValueError(f"image {list(image.shape)} and reference {list(reference.shape)} must be alike, [B,H,W,C]")
    return image.to("cpu", torch.float64), reference.to("cpu", torch.float64)


def _weighted_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """[B,h,w] -> [B]; the weights' sum 0: nan."""
    weights = torch.ones_like(values) if mask is None else mask.to(values).expand_as(values)
    return (weights * values).sum((-2, -1)) / weights.sum((-2, -1))


def _window_mean(x: Tensor) -> Tensor:
    """Gaussian-weighted mean of each full window.   [B,C,H,W] -> [B,C,H-10,W-10]"""
    kernel = gaussian_kernel(SIGMA, WINDOW // 2, x).reshape(1, 1, 1, WINDOW)
    single = x.flatten(0, 1).unsqueeze(1)
    return F.conv2d(F.conv2d(single, kernel), kernel.transpose(2, 3)).unflatten(0, x.shape[:2]).squeeze(2)
