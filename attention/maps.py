"""Maps made comparable: smoothed, brought to one size, normalised. Shapes [..., h, w] throughout."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

READ_SIZE = 64  # longer side at which maps are read, as in DAAM, OVAM and BiasMap


def read_size(latent_size: tuple[int, int], longer: int = READ_SIZE) -> tuple[int, int]:
    """The latent's (h, w), enlarged by a whole factor until its longer side is at least `longer`."""
    factor = max(1, math.ceil(longer / max(latent_size)))
    return latent_size[0] * factor, latent_size[1] * factor


def scale_of(grid: tuple[int, int], latent: tuple[int, int]) -> int:
    """How many latent cells a block's cell spans: each downsampling halves a side and rounds up."""
    for scale in (1, 2, 4, 8, 16, 32):
        if tuple(math.ceil(side / scale) for side in latent) == tuple(grid):
            return scale
    return max(1, round(latent[0] / grid[0]))  # another patch changed the block's resolution


def place(area, grid: tuple[int, int], latent: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(whole grid, offset) of a block's map whose conditioning covers `area` = (h, w, y, x) of the latent, or all."""
    if area is None or len(area) != 4 or tuple(area[:2]) == tuple(latent):
        return grid, (0, 0)
    scale = scale_of(grid, tuple(area[:2]))
    whole = (max(grid[0], -(-latent[0] // scale)), max(grid[1], -(-latent[1] // scale)))
    y, x = (min(round(at / scale), w - g) for at, w, g in zip(area[2:], whole, grid, strict=True))
    return whole, (y, x)


def sum_size(latent_size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) at which the maps of all blocks are added up: 64 on the longer side (OVAM, BiasMap), in the latent's shape."""
    longer = max(latent_size)
    return tuple(max(1, round(side * READ_SIZE / longer)) for side in latent_size)  # type: ignore[return-value]


def gaussian_blur(maps: Tensor, sigma: float, radius: int | None = None) -> Tensor:
    """Separable Gaussian with reflected borders. Attend-and-Excite's 3x3, sigma 0.5 is radius=1."""
    radius = radius if radius is not None else max(1, math.ceil(3 * sigma))
    radius = min(radius, *(s - 1 for s in maps.shape[-2:]))
    if sigma <= 0 or radius < 1:
        return maps
    kernel = gaussian_kernel(sigma, radius, maps)
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    flat = F.conv2d(F.pad(flat, (0, 0, radius, radius), mode="reflect"), kernel.view(1, 1, -1, 1))
    flat = F.conv2d(F.pad(flat, (radius, radius, 0, 0), mode="reflect"), kernel.view(1, 1, 1, -1))
    return flat.reshape(maps.shape)


def gaussian_kernel(sigma: float, radius: int, like: Tensor) -> Tensor:
    """exp(-x^2 / (2 sigma^2)) at x = -radius ... radius, sum 1: [2 radius + 1], with the dtype and device of `like`."""
    x = torch.arange(-radius, radius + 1, device=like.device, dtype=like.dtype)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    return kernel / kernel.sum()


def iou(a: Tensor, b: Tensor) -> Tensor:
    """|a & b| / |a | b| of bool masks, in double precision.   [...,h,w] -> [...]; nan where both are empty"""
    return (a & b).sum((-2, -1)).double() / (a | b).sum((-2, -1))


def resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear upsampling (OVAM), area averaging downwards; each side by itself."""
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    smaller = (min(size[0], flat.shape[-2]), min(size[1], flat.shape[-1]))
    if smaller != tuple(flat.shape[-2:]):
        flat = area_average(flat, smaller)
    if smaller != tuple(size):
        flat = F.interpolate(flat, tuple(size), mode="bilinear", align_corners=False)
    return flat.reshape(*maps.shape[:-2], *size)


def area_average(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """[n,c,h,w] -> [n,c,*size], each cell the mean of all that it covers (adaptive average pooling).

    Apple's GPUs (mps) pool only where the sides divide evenly; there it is two products of matrices.
    """
    even = not any(old % new for old, new in zip(maps.shape[-2:], size, strict=True))
    if maps.device.type != "mps" or even:
        return F.adaptive_avg_pool2d(maps, size)
    return averaged(maps, size)


def averaged(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """P_h m P_w^T with P[i,j] = 1 / (end_i - start_i) for start_i <= j < end_i, start_i = floor(i h / h'), end_i =
    ceil((i + 1) h / h'): adaptive average pooling by products of matrices."""
    rows, columns = (_pooling(old, new).to(maps) for old, new in zip(maps.shape[-2:], size, strict=True))
    return rows @ maps @ columns.T


def _pooling(old: int, new: int) -> Tensor:
    matrix = torch.zeros(new, old)
    for i in range(new):
        start, end = i * old // new, -(-(i + 1) * old // new)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def minmax(maps: Tensor) -> Tensor:
    """(m - min m) / (max m - min m) over each map: values in 0..1; a flat map becomes zero."""
    low, high = maps.amin((-2, -1), keepdim=True), maps.amax((-2, -1), keepdim=True)
    flat = high - low <= 1e-5 * high.abs()  # rounding, not structure
    return ((maps - low) / (high - low).clamp_min(1e-12)).masked_fill(flat, 0)


def prepare(maps: Tensor, size: tuple[int, int], sigma: float = 0.5) -> Tensor:
    """Block maps [images, words, h, w] as voting wants them: smoothed 3x3, read at `size`, each map in 0..1."""
    return minmax(resize(gaussian_blur(maps, sigma, radius=1), size).clamp_min(0))
