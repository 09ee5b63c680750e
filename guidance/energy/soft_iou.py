"""Soft masks of attribution maps and how much two of them overlap.

Maps and masks are [...,h,w], each map by itself: leading dimensions (batch, concepts) never mix. Half precision is
raised to float32, double stays double.
"""

import torch
from torch import Tensor

from ..parametrization import full_precision

TOP_SHARE = 0.30  # BiasMap code: a concept's mask is the strongest 30 % of its map


def soft_iou(m_a: Tensor, m_b: Tensor) -> Tensor:
    """SoftIoU = sum(m_a m_b) / ( sum m_a + sum m_b - sum(m_a m_b) + 1e-8 ).   [...,h,w] in 0 ... 1 -> [...]

    BiasMap code. For binary masks it is the IoU.
    """
    m_a, m_b = full_precision(m_a), full_precision(m_b)
    both = (m_a * m_b).sum((-2, -1))
    return both / (m_a.sum((-2, -1)) + m_b.sum((-2, -1)) - both + 1e-8)


def chance_overlap(m_a: Tensor, m_b: Tensor) -> Tensor:
    """The SoftIoU of independent masks with the mean values p_a, p_b:  p_a p_b / (p_a + p_b - p_a p_b).   -> [...]

    0.176 where both cover 30 %. Below it two concepts avoid each other, which is no less entangled than meeting.
    """
    p_a, p_b = full_precision(m_a).mean((-2, -1)), full_precision(m_b).mean((-2, -1))
    return p_a * p_b / (p_a + p_b - p_a * p_b + 1e-8)


def min_max(x: Tensor) -> Tensor:
    """(x - min) / (max - min + 1e-8) of each map, in 0 ... 1.   [...,h,w]; a constant map becomes zeros."""
    x = full_precision(x)
    low, high = x.amin((-2, -1), keepdim=True), x.amax((-2, -1), keepdim=True)
    return (x - low) / (high - low + 1e-8)


def top_threshold(x: Tensor, share: float = TOP_SHARE) -> Tensor:
    """tau, the (1 - share)-quantile over the whole map, without gradient.   [...,h,w] -> [...,1,1]"""
    return torch.quantile(full_precision(x.detach()).flatten(-2), 1 - share, dim=-1)[..., None, None]


def soft_top_mask(
    x: Tensor, share: float = TOP_SHARE, temperature: float = 0.05, threshold: Tensor | None = None
) -> Tensor:
    """m = sigmoid( (x - tau) / T ), tau = `top_threshold(x)` held fixed.   [...,h,w] -> [...,h,w] in 0 ... 1

    Our correction of BiasMap's `sinkhorn_topk`: it selects over the whole map, needs no iterations, and T = 0.05 on
    min-max maps keeps a gradient on more than a rim of pixels. tau has no gradient because its own would sit on the
    one or two pixels at the quantile. threshold: a given tau; finite differences must hold it fixed as autograd does.
    """
    x = full_precision(x)
    return torch.sigmoid((x - (top_threshold(x, share) if threshold is None else threshold)) / temperature)


def sinkhorn_potentials(x: Tensor, share: float = TOP_SHARE, gamma: float = 0.01, iterations: int = 20) -> Tensor:
    """(g_0, g_1) of the entropic optimal transport of n values to the anchors y = {0, 1}.   [...,n] -> [...,2]

        cost C_ij = (x_i - y_j)^2,  S = -C / gamma,  row marginal 1/n,  column marginals v = ((n - k)/n, k/n)
        repeat:   g_j = log v_j - LSE_i(S_ij + f_i);   f_i = log(1/n) - LSE_j(S_ij + g_j)         from f = 0

    with k = int(share * n). BiasMap code (SOFT top-k). All iterations carry gradient.
    """
    n = x.shape[-1]
    k = int(share * n)
    if not 0 < k < n:
        raise ValueError(f"the top {share:g} of {n} values is {k} of them: it has to be at least 1 and not all")
    x = full_precision(x).unsqueeze(-1)
    s = -((x - x.new_tensor([0.0, 1.0])) ** 2) / gamma
    log_v = x.new_tensor([(n - k) / n, k / n]).log()
    log_row = -x.new_tensor(float(n)).log()
    f = torch.zeros_like(x)
    for _ in range(iterations):
        g = log_v - torch.logsumexp(s + f, -2)
        f = log_row - torch.logsumexp(s + g.unsqueeze(-2), -1, keepdim=True)
    return g


def sinkhorn_topk(x: Tensor, share: float = TOP_SHARE, gamma: float = 0.01, iterations: int = 20) -> Tensor:
    """BiasMap's soft top-k mask along the last dimension, m_i = n exp(S_i1 + f_i + g_1), in closed form.   [...,n]

    f is updated last, so it normalises each row and  m_i = sigmoid( (2 x_i - 1) / gamma + g_1 - g_0 ):  a sigmoid of
    temperature gamma / 2. The released code calls it on [h,w] maps: it takes the top 30 % of every *row*, and with
    values above 1 its 20 iterations do not converge (nearly everything is selected). `soft_top_mask` does neither.
    """
    g = sinkhorn_potentials(x, share, gamma, iterations)
    return torch.sigmoid((2 * full_precision(x) - 1) / gamma + (g[..., 1] - g[..., 0]).unsqueeze(-1))
