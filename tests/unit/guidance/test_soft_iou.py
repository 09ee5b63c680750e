"""Soft masks and their overlap, the released Sinkhorn top-k included."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.guidance.energy.soft_iou import (
    chance_overlap,
    min_max,
    sinkhorn_potentials,
    sinkhorn_topk,
    soft_iou,
    soft_top_mask,
    top_threshold,
)

SCALES = (0.2, 0.5, 1, 2, 5, 10, 20)


def uniform(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def released_topk(x: torch.Tensor, share: float = 0.3, gamma: float = 0.01, iterations: int = 20) -> torch.Tensor:
    """The released method step by step, ending with m_i = n exp(S_i1 + f_i + g_1); x [n]."""
    n, k = len(x), int(share * len(x))
    s = -((x[:, None] - torch.tensor([[0.0, 1.0]], dtype=x.dtype)) ** 2) / gamma
    v = torch.tensor([(n - k) / n, k / n], dtype=x.dtype)
    f = torch.zeros(n, 1, dtype=x.dtype)
    for _ in range(iterations):
        g = v.log() - torch.logsumexp(s + f, 0)
        f = torch.tensor(1 / n, dtype=x.dtype).log() - torch.logsumexp(s + g, 1, keepdim=True)
    return n * torch.exp(s[:, 1] + f[:, 0] + g[1])


def test_soft_iou_by_hand() -> None:
    a, b = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    assert soft_iou(a, b).item() == pytest.approx(1 / 3)
    # .5 everywhere on 4 pixels: both 4 * .25 = 1; 2 + 2 - 1 = 3
    assert soft_iou(torch.full((1, 4), 0.5), torch.full((1, 4), 0.5)).item() == pytest.approx(1 / 3)
    assert soft_iou(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0


def test_chance_of_two_thirty_percent_masks() -> None:
    # .09 / (.6 - .09) = .1765
    m = torch.full((10, 10), 0.3)
    assert chance_overlap(m, m).item() == pytest.approx(0.09 / 0.51)


def test_min_max() -> None:
    x = torch.tensor([[[2.0, 4.0, 6.0]], [[5.0, 5.0, 5.0]]])
    assert min_max(x).flatten().tolist() == pytest.approx([0, 0.5, 1, 0, 0, 0])
    assert min_max(x.half()).dtype == torch.float32


def test_top_threshold_is_the_quantile_of_the_whole_map() -> None:
    x = torch.arange(11.0).reshape(1, 11) / 10  # 0, .1, ... 1: the 0.7-quantile is .7
    assert top_threshold(x).item() == pytest.approx(0.7)
    m = soft_top_mask(x)
    assert m[0, 7].item() == pytest.approx(0.5)
    assert m[0, 8].item() == pytest.approx(1 / (1 + 2.718281828**-2))  # (.8 - .7) / .05 = 2


def test_threshold_has_no_gradient() -> None:
    x = uniform(6, 6).requires_grad_()
    threshold = top_threshold(x)
    assert not threshold.requires_grad
    (whole,) = torch.autograd.grad(soft_top_mask(x).sum(), x)
    (held,) = torch.autograd.grad(soft_top_mask(x, threshold=threshold).sum(), x)
    assert torch.equal(whole, held) and (whole >= 0).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(4, 80), st.floats(0.1, 20), st.integers(0, 1000))
def test_closed_form_is_the_released_iteration(n: int, scale: float, seed: int) -> None:
    x = (uniform(n, seed=seed) * scale).requires_grad_()
    closed, released = sinkhorn_topk(x), released_topk(x)
    torch.testing.assert_close(closed, released, atol=1e-6, rtol=0)
    weights = uniform(n, seed=seed + 1)
    gradients = [torch.autograd.grad((weights * m).sum(), x)[0] for m in (closed, released)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-6)


def test_sinkhorn_by_hand_after_one_iteration() -> None:
    # n = 4, share .3: k = 1, v = (3/4, 1/4). x_i = 1/2: S_i0 = S_i1 = -25, LSE = log 4 - 25, so
    # g_1 - g_0 = log(1/4) - log(3/4) = -log 3 and m = sigmoid(0 - log 3) = 1/4
    m = sinkhorn_topk(torch.full((4,), 0.5, dtype=torch.float64), iterations=1)
    assert m.tolist() == pytest.approx([0.25] * 4)


def test_sinkhorn_selects_in_each_row() -> None:
    x = torch.stack([torch.linspace(0, 0.1, 10), torch.linspace(0.9, 1, 10)]).double()
    m = sinkhorn_topk(x, iterations=2000)
    assert m.sum(-1).tolist() == pytest.approx([3, 3], abs=1e-3)  # 3 of 10 in each, though row 1 is far below row 2
    whole = sinkhorn_topk(x.flatten(), iterations=2000).reshape(2, 10)
    assert whole[0].sum().item() == pytest.approx(0, abs=1e-3) and whole[1].sum().item() == pytest.approx(6, abs=1e-3)


@pytest.mark.parametrize(
    ("iterations", "scale", "mean"),
    [
        *((20, s, m) for s, m in zip(SCALES, (0.283, 0.223, 0.256, 0.422, 0.844, 0.953, 0.969), strict=True)),
        *((200, s, m) for s, m in zip(SCALES, (0.297, 0.297, 0.297, 0.299, 0.374, 0.547, 0.746), strict=True)),
    ],
)
def test_released_iterations_do_not_converge_for_large_maps(iterations: int, scale: float, mean: float) -> None:
    """Mean mask of one draw of x ~ Beta(2,5) * scale, n = 64, from an independent calculation; 19/64 = 0.297 asked."""
    beta = torch.distributions.Beta(2.0, 5.0)
    torch.manual_seed(0)
    x = beta.sample((100, 64)).double() * scale
    masks = sinkhorn_topk(x, iterations=iterations).mean(-1)
    assert abs(masks.mean() - mean) < 3 * masks.std() + 0.001  # one draw lies within three standard deviations


def test_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        sinkhorn_potentials(torch.rand(3))


def test_chance_is_of_each_map_by_itself() -> None:
    """Means of 1/4 and 1/2, and of 1 and 1/2: (1/8) / (5/8) and (1/2) / 1."""
    a = torch.tensor([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    b = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    assert torch.allclose(chance_overlap(a, b), torch.tensor([0.2, 0.5]))


def test_each_map_has_a_range_of_its_own() -> None:
    maps = torch.tensor([[[0.0, 1.0], [2.0, 4.0]], [[10.0, 10.5], [11.0, 12.0]]])
    assert torch.allclose(min_max(maps), torch.tensor([[0.0, 0.25], [0.5, 1.0]]).expand(2, 2, 2), atol=1e-6)
