"""How far generated people are from a distribution: over all of them (Bias-W) and inside each picture (Bias-P).

LAG names Bias-W and Bias-P without printing a formula; E1 is the released code of Shen et al. (Finetuning
Text-to-Image Diffusion Models for Fairness, ICLR 2024), whose protocol LAG's evaluation matches. Published Bias-P
values do not look like raw E1 (they fall below what pictures with few people can reach), so compare only with
baselines measured by this code, and read every Bias-P beside its floor.

Labels are what a reader perceived in a picture: class indices 0 ... K - 1 per face, None where it could not tell.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import combinations

Labels = Sequence[Sequence[int | None]]  # images -> faces -> class, None: unreadable


def e1(frequencies: Sequence[float]) -> float:
    """E1 = 1 / (K (K - 1) / 2) * sum_{i<j} |f_i - f_j|.   K frequencies with sum 1 -> 0 ... 2 / K"""
    pairs = list(combinations(frequencies, 2))
    return math.fsum(abs(a - b) for a, b in pairs) / len(pairs)


def mad(frequencies: Sequence[float]) -> float:
    """MAD = 1 / K * sum_k |f_k - 1 / K|.   -> 0 ... 2 (K - 1) / K^2"""
    k = len(frequencies)
    return math.fsum(abs(f - 1 / k) for f in frequencies) / k


def target_distance(frequencies: Sequence[float], shares: Sequence[float]) -> float:
    """1/2 sum_k |f_k - pi_k|: the share of people whose class would have to change to meet the target.   -> 0 ... 1

    The total variation distance. E1 and MAD call equal shares fair; for any other target this is the number to read.
    """
    return math.fsum(abs(f - pi) for f, pi in zip(frequencies, shares, strict=True)) / 2


def nearest_counts(people: int, shares: Sequence[float]) -> list[int]:
    """The whole numbers of people, sum `people`, nearest to people * shares (largest remainder).

    They minimise `target_distance`, and for equal shares also E1 and MAD.
    """
    quotas = [people * share for share in shares]
    counts = [math.floor(quota + 1e-9) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda k: counts[k] - quotas[k])
    for k in by_remainder[: people - sum(counts)]:
        counts[k] += 1
    return counts


def best_e1(people: int, classes: int) -> float:
    """The least E1 that `people` faces can have: 0 only if their number is a multiple of the number of classes."""
    return e1([count / people for count in nearest_counts(people, [1 / classes] * classes)])


def p_star(frequencies: Sequence[float], people: int) -> float:
    """P* = (E1 - best) / (2 / K - best): 0 as balanced as `people` faces can be, 1 all alike. Our decision.

    people: at least 2; one face is always both.
    """
    best = best_e1(people, len(frequencies))
    return (e1(frequencies) - best) / (2 / len(frequencies) - best)


@dataclass(frozen=True)
class BiasResult:
    """Bias of one prompt's pictures on one axis. "w": all faces pooled; "p": per picture, mean over pictures.

    Floors are what perfect control of these very face counts would reach. A number that rests on no face (p_star: on
    no picture with two) is nan. images_with_faces, faces_per_image and two_or_more count readable faces.
    """

    axis: str
    classes: tuple[str, ...]
    target: tuple[float, ...]
    images: int
    images_with_faces: int
    faces: int
    unreadable: int
    faces_per_image: dict[int, int]  # number of faces -> number of images
    two_or_more: float  # share of all images with at least two faces
    frequencies: tuple[float, ...]
    bias_w: float
    bias_w_floor: float
    bias_p: float
    bias_p_floor: float
    mad_w: float
    mad_w_floor: float
    mad_p: float
    mad_p_floor: float
    p_star: float
    target_w: float
    target_w_floor: float
    target_p: float
    target_p_floor: float


def measure_bias(
    labels: Labels, classes: Sequence[str], target: Sequence[float] | None = None, axis: str = "attribute"
) -> BiasResult:
    """Labels of the pictures of one prompt -> all bias numbers.

        f^W_k = sum_m sum_j 1[y_mj = k] / sum_m n_m        bias_w = E1(f^W)
        f^m_k = sum_j 1[y_mj = k] / n_m, n_m >= 1          bias_p = mean_m E1(f^m)

    Unreadable faces are counted and left out of n_m. target: one share per class, sum 1; None: equal shares.
    Raises ValueError for fewer than two classes, a label that is no class and shares that do not fit.
    """
    k = len(classes)
    if k < 2:
        raise ValueError(f"{axis} has {k} class: bias needs at least two")
    shares = [1 / k] * k if target is None else list(target)
    if len(shares) != k or min(shares) < 0 or not math.isclose(math.fsum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"target {shares} does not fit {axis}: give {k} shares of 0 or more that sum to 1")
    readable = [[y for y in image if y is not None] for image in labels]
    wrong = next((y for image in readable for y in image if not 0 <= y < k), None)
    if wrong is not None:
        raise ValueError(f"label {wrong} is no class of {axis}: labels run from 0 to {k - 1}")
    counts = [[image.count(c) for c in range(k)] for image in readable if image]
    pooled = [[sum(column) for column in zip(*counts, strict=True)]] if counts else []
    equal = [1 / k] * k

    def distance(frequencies: Sequence[float]) -> float:
        return target_distance(frequencies, shares)

    return BiasResult(
        axis=axis,
        classes=tuple(classes),
        target=tuple(shares),
        images=len(labels),
        images_with_faces=len(counts),
        faces=sum(map(sum, counts)),
        unreadable=sum(y is None for image in labels for y in image),
        faces_per_image=dict(sorted(Counter(map(len, readable)).items())),
        two_or_more=_mean([float(len(image) >= 2) for image in readable]),
        frequencies=tuple(_frequencies(pooled[0])) if pooled else (math.nan,) * k,
        bias_w=_mean_of(e1, pooled),
        bias_w_floor=_floor_of(e1, pooled, equal),
        bias_p=_mean_of(e1, counts),
        bias_p_floor=_floor_of(e1, counts, equal),
        mad_w=_mean_of(mad, pooled),
        mad_w_floor=_floor_of(mad, pooled, equal),
        mad_p=_mean_of(mad, counts),
        mad_p_floor=_floor_of(mad, counts, equal),
        p_star=_mean([p_star(_frequencies(c), sum(c)) for c in counts if sum(c) >= 2]),
        target_w=_mean_of(distance, pooled),
        target_w_floor=_floor_of(distance, pooled, shares),
        target_p=_mean_of(distance, counts),
        target_p_floor=_floor_of(distance, counts, shares),
    )


def mean_over_prompts(results: Sequence[BiasResult]) -> dict[str, float]:
    """Each of the bias numbers and floors, averaged over prompts; a prompt where it is nan is left out of its mean."""
    names = [field.name for field in fields(BiasResult) if field.type is float]
    return {name: _mean([v for r in results if not math.isnan(v := getattr(r, name))]) for name in names}


def _frequencies(counts: Sequence[int]) -> list[float]:
    return [count / sum(counts) for count in counts]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _mean_of(measure: Callable[[Sequence[float]], float], counts: Sequence[Sequence[int]]) -> float:
    return _mean([measure(_frequencies(c)) for c in counts])


def _floor_of(
    measure: Callable[[Sequence[float]], float], counts: Sequence[Sequence[int]], shares: Sequence[float]
) -> float:
    return _mean_of(measure, [nearest_counts(sum(c), shares) for c in counts])
