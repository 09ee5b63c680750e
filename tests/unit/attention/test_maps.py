"""Maps made comparable: sizes, smoothing and ranges, by hand."""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.attention import maps as module
from fair_attention.attention.maps import averaged, gaussian_blur, minmax, prepare, read_size, resize, scale_of


@pytest.mark.parametrize(
    ("latent", "expected"),
    [((64, 64), (64, 64)), ((16, 16), (64, 64)), ((8, 12), (48, 72)), ((96, 64), (96, 64)), ((128, 128), (128, 128))],
)
def test_read_size_is_a_whole_multiple_of_the_latent(latent, expected):
    assert read_size(latent) == expected


@pytest.mark.parametrize(
    ("grid", "latent", "scale"),
    [((64, 64), (64, 64), 1), ((16, 16), (64, 64), 4), ((3, 3), (9, 9), 4), ((2, 2), (9, 9), 8), ((5, 4), (20, 16), 4),
     ((5, 7), (40, 56), 8), ((10, 10), (64, 64), 6)],
)  # fmt: skip
def test_scale_of_a_block(grid, latent, scale):
    """Every downsampling rounds up; the last is no power of two, as under a patch that shrinks a block."""
    assert scale_of(grid, latent) == scale


def test_blur_keeps_a_constant_and_spreads_a_point():
    assert torch.allclose(gaussian_blur(torch.ones(2, 3, 5, 7), 0.5, 1), torch.ones(2, 3, 5, 7))
    point = torch.zeros(5, 5)
    point[2, 2] = 1
    edge = torch.tensor([1.0, torch.e**2, 1.0])  # exp(-x^2 / (2 * 0.5^2)) over its middle exp(0), times e^2
    kernel = edge / edge.sum()
    blurred = gaussian_blur(point, 0.5, 1)
    assert torch.allclose(blurred[1:4, 1:4], torch.outer(kernel, kernel))
    assert blurred[0].sum() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (2, 2)])
def test_blur_of_maps_smaller_than_its_kernel(shape):
    maps = torch.rand(3, *shape)
    assert gaussian_blur(maps, 2.0).shape == maps.shape


def test_resize_up_is_bilinear_and_down_the_area_average():
    maps = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    assert torch.allclose(resize(maps, (4, 4))[0], torch.tensor([0.0, 0.25, 0.75, 1.0]))
    assert torch.allclose(resize(maps, (1, 1)), torch.tensor([[1.5]]))
    assert torch.equal(resize(maps, (2, 2)), maps)


def test_resize_treats_each_side_by_itself():
    maps = torch.tensor([[0.0, 2.0]])
    assert torch.allclose(resize(maps, (2, 1)), torch.tensor([[1.0], [1.0]]))
    assert resize(torch.rand(2, 5, 4, 6), (8, 3)).shape == (2, 5, 8, 3)


def test_minmax_fills_the_range_and_flat_maps_are_zero():
    maps = torch.stack([torch.linspace(0.2, 0.6, 6).view(2, 3), torch.full((2, 3), 0.3)])
    scaled = minmax(maps)
    assert scaled[0].min() == 0 and torch.allclose(scaled[0].max(), torch.tensor(1.0))
    assert bool((scaled[1] == 0).all())


def test_prepared_maps_are_read_in_one_size_and_range():
    maps = prepare(torch.rand(2, 3, 4, 6), (48, 72))
    assert maps.shape == (2, 3, 48, 72)
    assert torch.allclose(maps.amax((-2, -1)), torch.ones(2, 3)) and bool((maps.amin((-2, -1)) == 0).all())


@pytest.mark.parametrize(("old", "new"), [((96, 96), (64, 64)), ((5, 7), (3, 2)), ((8, 8), (4, 2)), ((9, 4), (9, 3))])
def test_averaging_by_matrices_is_adaptive_pooling(old, new):
    """For Apple's GPUs, which pool only where the sides divide evenly."""
    maps = torch.rand(2, 3, *old, dtype=torch.double)
    assert torch.allclose(averaged(maps, new), torch.nn.functional.adaptive_avg_pool2d(maps, new))
    assert averaged(torch.tensor([[[[1.0, 2.0, 6.0]]]]), (1, 2)).tolist() == [[[[1.5, 4.0]]]]


def test_maps_below_zero_are_no_flat_maps():
    """high + low is 0 here, high - low is not."""
    assert minmax(torch.tensor([[-1.0, 1.0]])).tolist() == [[0.0, 1.0]]


def test_prepared_maps_are_smoothed_as_attend_and_excite_does():
    maps = torch.zeros(1, 1, 5, 5)
    maps[0, 0, 2, 2] = 1
    wanted = gaussian_blur(maps, 0.5, 1)
    assert torch.allclose(prepare(maps, (5, 5)), wanted / wanted.max(), atol=1e-6)


def test_a_blur_reaches_as_far_as_the_shorter_side_lets_it():
    """Three cells reflect at most two away: a radius of 9 is one of 2, and one cell is no blur at all."""
    maps = torch.rand(3, 5)
    assert torch.allclose(gaussian_blur(maps, 1.5, 9), gaussian_blur(maps, 1.5, 2))
    assert not torch.allclose(gaussian_blur(maps, 1.5, 9), gaussian_blur(maps, 1.5, 1))
    line = torch.rand(1, 6)
    assert torch.equal(gaussian_blur(line, 2.0), line)


def test_resize_is_bilinear_up_on_one_side_while_it_averages_on_the_other():
    """Rows 0, 1, 2 of four cells each become six rows of two."""
    maps = torch.tensor([0.0, 1.0, 2.0])[:, None].expand(3, 4)
    wanted = torch.tensor([0.0, 0.25, 0.75, 1.25, 1.75, 2.0])[:, None].expand(6, 2)
    assert torch.allclose(resize(maps, (6, 2)), wanted)
    assert torch.allclose(resize(maps.T, (2, 6)), wanted.T)


def test_apple_s_gpus_pool_by_products_only_where_the_sides_do_not_divide_evenly(monkeypatch):
    def taken(device: str, side: int) -> str:
        stand_in = SimpleNamespace(shape=torch.Size((1, 1, side, side)), device=SimpleNamespace(type=device))
        return module.area_average(stand_in, (4, 4))

    monkeypatch.setattr(module, "averaged", lambda *_: "products")
    monkeypatch.setattr(module.F, "adaptive_avg_pool2d", lambda *_: "pooling")
    assert [taken(*of) for of in (("mps", 8), ("mps", 6), ("cpu", 6))] == ["pooling", "products", "pooling"]
