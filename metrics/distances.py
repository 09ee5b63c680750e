"""The distances of bias.py for many sets of frequencies at once, with the slopes that intervals need.

Frequencies are arrays [..., K] that sum to 1 over the last axis. `centre` [K] is where the distance is 0: equal shares for
E1 and MAD, any target for the total variation distance.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Distance = Callable[[Array, Array], Array]


def e1(frequencies: Array, centre: Array) -> Array:
    """E1 = 2 / (K (K - 1)) * sum_{i<j} |f_i - f_j|, from sorted frequencies.   [..., K] -> [...]

    sum_{i<j} |f_i - f_j| = sum_i (2 i - K - 1) f_(i), with f_(1) <= ... <= f_(K).
    """
    return np.sort(frequencies, -1) @ _ranks(frequencies.shape[-1])


def mad(frequencies: Array, centre: Array) -> Array:
    """MAD = 1 / K * sum_k |f_k - 1 / K|.   [..., K] -> [...]"""
    return np.abs(frequencies - centre).mean(-1)


def total_variation(frequencies: Array, centre: Array) -> Array:
    """1/2 sum_k |f_k - pi_k|.   [..., K] -> [...]"""
    return np.abs(frequencies - centre).sum(-1) / 2


def slope(distance: Distance, frequencies: Array, centre: Array) -> Array:
    """d with distance(f) = sum_k d_k (f_k - pi_k) as long as no difference changes its sign.   [..., K] -> [..., K]

    All three distances are made of absolute differences, so between two ties they are straight.
    """
    if distance is e1:
        ranks = np.broadcast_to(_ranks(frequencies.shape[-1]), frequencies.shape)
        slopes = np.empty(frequencies.shape)
        np.put_along_axis(slopes, np.argsort(frequencies, -1, kind="stable"), ranks, -1)
        return slopes
    return np.sign(frequencies - centre) / (2 if distance is total_variation else frequencies.shape[-1])


def onto_simplex(points: Array) -> Array:
    """The nearest frequencies (Euclidean): 0 or more each, sum 1.   [..., K] -> [..., K]

    max(x - theta, 0), with the theta for which the sum is 1 (Duchi et al., ICML 2008).
    """
    descending = -np.sort(-points, -1)
    above = np.cumsum(descending, -1) - 1
    count = np.arange(1, points.shape[-1] + 1)
    support = (descending * count > above).sum(-1, keepdims=True)
    theta = np.take_along_axis(above, support - 1, -1) / support
    return np.maximum(points - theta, 0)


def _ranks(k: int) -> Array:
    return (2 * np.arange(1, k + 1) - k - 1) * 2 / (k * (k - 1))
