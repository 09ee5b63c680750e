"""Bias-W and Bias-P, their floors, targets that are not uniform; expected values by hand."""

import math
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.guidance.fair.assignment import assign
from fair_attention.metrics.bias import (
    best_e1,
    e1,
    mad,
    mean_over_prompts,
    measure_bias,
    nearest_counts,
    p_star,
    target_distance,
)

GENDERS = ("female", "male")
weights_strategy = st.lists(st.integers(0, 9), min_size=2, max_size=5).filter(any)


def test_e1_and_mad_by_hand() -> None:
    # (.5, .3, .2): pairs .2 + .3 + .1 = .6, over 3 pairs = .2; deviations from 1/3: .1667 + .0333 + .1333, over 3
    assert e1([0.5, 0.3, 0.2]) == pytest.approx(0.2)
    assert mad([0.5, 0.3, 0.2]) == pytest.approx((0.5 - 1 / 3 + 1 / 3 - 0.3 + 1 / 3 - 0.2) / 3)
    assert e1([0.9, 0.1]) == pytest.approx(0.8)  # |f_m - f_f|


@pytest.mark.parametrize(
    ("k", "homogeneous", "best"),
    [
        (2, (1.000, 0.500), {2: (0, 0), 3: (0.333, 0.167), 4: (0, 0), 5: (0.200, 0.100)}),
        (4, (0.500, 0.375), {2: (0.333, 0.250), 3: (0.167, 0.125), 4: (0, 0), 5: (0.100, 0.075)}),
        (8, (0.250, 0.219), {2: (0.214, 0.188), 3: (0.179, 0.156), 4: (0.143, 0.125), 5: (0.107, 0.094)}),
    ],
)
def test_reference_ranges(k: int, homogeneous: tuple, best: dict) -> None:
    """E1 / MAD of a homogeneous image and of the most balanced one of n people."""
    alike = [1.0] + [0.0] * (k - 1)
    assert (e1(alike), mad(alike)) == pytest.approx(homogeneous, abs=5e-4)
    for n, (best_of_e1, best_of_mad) in best.items():
        balanced = [c / n for c in nearest_counts(n, [1 / k] * k)]
        assert best_e1(n, k) == pytest.approx(best_of_e1, abs=5e-4)
        assert mad(balanced) == pytest.approx(best_of_mad, abs=6e-4)


@pytest.mark.parametrize(("k", "expected"), [(2, (0.372, 0.186)), (4, (0.272, 0.157)), (8, (0.177, 0.147))])
def test_independent_draws_of_four_people(k: int, expected: tuple) -> None:
    """All k^4 equally likely images for k = 2 and 4, a sample for k = 8; the table's values were simulated.

    For k = 2 exactly (2 * 1 + 8 * 1/2 + 6 * 0) / 16 = 0.375: 2 images of one gender, 8 of 3 to 1, 6 of 2 to 2.
    """
    rng = random.Random(0)
    images = list(product(range(k), repeat=4)) if k < 8 else [rng.choices(range(k), k=4) for _ in range(4000)]
    frequencies = [[image.count(c) / 4 for c in range(k)] for image in images]
    assert sum(map(e1, frequencies)) / len(images) == pytest.approx(expected[0], abs=6e-3)
    assert sum(map(mad, frequencies)) / len(images) == pytest.approx(expected[1], abs=6e-3)


@pytest.mark.parametrize("weights", [(1, 1), (3, 7), (1, 2, 3, 4), (1, 1, 1), (0, 1, 2)])
@pytest.mark.parametrize("people", range(1, 7))
def test_nearest_counts_reach_the_least_distance(weights: tuple, people: int) -> None:
    shares = [w / sum(weights) for w in weights]
    all_counts = [c for c in product(range(people + 1), repeat=len(shares)) if sum(c) == people]
    least = min(target_distance([x / people for x in c], shares) for c in all_counts)
    found = nearest_counts(people, shares)
    assert sum(found) == people
    assert target_distance([x / people for x in found], shares) == pytest.approx(least)


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("people", range(1, 7))
def test_balanced_counts_reach_the_least_e1_and_mad(k: int, people: int) -> None:
    every = [[x / people for x in c] for c in product(range(people + 1), repeat=k) if sum(c) == people]
    assert best_e1(people, k) == pytest.approx(min(map(e1, every)))
    assert mad([c / people for c in nearest_counts(people, [1 / k] * k)]) == pytest.approx(min(map(mad, every)))


def test_p_star_is_zero_at_best_and_one_when_all_are_alike() -> None:
    assert p_star([2 / 3, 1 / 3], 3) == pytest.approx(0)
    assert p_star([1, 0], 3) == pytest.approx(1)
    # four of two classes, 3 and 1: E1 = .5, best 0, homogeneous 1
    assert p_star([0.75, 0.25], 4) == pytest.approx(0.5)


def test_a_whole_result_by_hand() -> None:
    # images: [f f m], [m], [], [f None]; faces: f 3, m 2
    r = measure_bias([[0, 0, 1], [1], [], [0, None]], GENDERS, axis="gender")
    assert (r.images, r.images_with_faces, r.faces, r.unreadable) == (4, 3, 5, 1)
    assert r.faces_per_image == {0: 1, 1: 2, 3: 1}
    assert r.two_or_more == pytest.approx(1 / 4)
    assert r.frequencies == pytest.approx((0.6, 0.4))
    assert r.bias_w == pytest.approx(0.2) and r.mad_w == pytest.approx(0.1) and r.target_w == pytest.approx(0.1)
    assert r.bias_w_floor == pytest.approx(0.2)  # five people are 3 and 2 at best
    assert r.bias_p == pytest.approx((1 / 3 + 1 + 1) / 3) == r.bias_p_floor
    assert r.mad_p == pytest.approx((1 / 6 + 1 / 2 + 1 / 2) / 3)
    assert r.p_star == pytest.approx(0)  # only the first image counts


def test_target_that_is_not_uniform() -> None:
    # target .3/.7; images [f m], [m m m]: f 1/5. W: |.2 - .3| = .1; best of five: 1 or 2 female: .1
    r = measure_bias([[0, 1], [1, 1, 1]], GENDERS, target=(0.3, 0.7))
    assert r.target_w == pytest.approx(0.1) == r.target_w_floor
    # P: |.5 - .3| = .2 and |0 - .3| = .3; floors: two people .6 female -> 1 (.2); three .9 -> 1 (|1/3 - .3| = .0333)
    assert r.target_p == pytest.approx(0.25)
    assert r.target_p_floor == pytest.approx((0.2 + 1 / 30) / 2)
    exact = measure_bias([[0] * 3 + [1] * 7], GENDERS, target=(0.3, 0.7))
    assert (exact.target_w, exact.bias_w) == pytest.approx((0, 0.4))  # on target, and not uniform


@pytest.mark.parametrize(("k", "floor"), [(2, 0.242), (4, 0.195), (8, 0.160)])
def test_perfect_control_by_running_quota_reaches_the_floor(k: int, floor: float) -> None:
    """500 images of 1 ... 6 people: Bias-W 0.000, raw Bias-P at the published calculation of its floor."""
    rng, before, labels = random.Random(3), None, []
    for image in range(500):
        allocation, before = assign("running quota", [1 / k] * k, rng.choice((1, 2, 3, 3, 4, 5, 6)), 1, image, before)
        labels.append(allocation.individuals)
    r = measure_bias(labels, [str(c) for c in range(k)])
    assert r.bias_w < 0.001
    assert r.bias_p == pytest.approx(r.bias_p_floor)
    assert r.bias_p_floor == pytest.approx(floor, abs=0.035)  # the mix of face counts is drawn
    assert r.p_star == pytest.approx(0)


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=8), weights_strategy.filter(lambda w: len(w) == 3))
def test_nothing_is_below_its_floor(labels: list, weights: list) -> None:
    r = measure_bias(labels, "abc", [w / sum(weights) for w in weights])
    if r.faces:
        pairs = [(r.bias_w, r.bias_w_floor), (r.bias_p, r.bias_p_floor), (r.mad_w, r.mad_w_floor)]
        pairs += [(r.mad_p, r.mad_p_floor), (r.target_w, r.target_w_floor), (r.target_p, r.target_p_floor)]
        assert all(value >= floor - 1e-9 for value, floor in pairs)
        assert math.isnan(r.p_star) or -1e-9 <= r.p_star <= 1 + 1e-9


def test_no_face_is_nan_not_fair() -> None:
    r = measure_bias([[], [None]], GENDERS)
    assert math.isnan(r.bias_w) and math.isnan(r.bias_p) and math.isnan(r.target_w)
    assert (r.faces, r.unreadable, r.two_or_more) == (0, 1, 0)


def test_mean_over_prompts() -> None:
    results = [measure_bias([[0, 0]], GENDERS), measure_bias([[0, 1]], GENDERS), measure_bias([[]], GENDERS)]
    means = mean_over_prompts(results)
    assert means["bias_w"] == pytest.approx(0.5)  # 1 and 0; the prompt without a face does not count
    assert means["two_or_more"] == pytest.approx(2 / 3)
    assert "faces" not in means


@pytest.mark.parametrize(
    ("labels", "classes", "target", "says"),
    [
        ([[0]], ("one",), None, "at least two"),
        ([[2]], GENDERS, None, "label 2 is no class"),
        ([[-1]], GENDERS, None, "label -1 is no class"),
        ([[0]], GENDERS, (0.5, 0.6), "sum to 1"),
        ([[0]], GENDERS, (1.0,), "give 2 shares"),
        ([[0]], GENDERS, (1.5, -0.5), "of 0 or more"),
    ],
)
def test_bad_input_is_refused(labels, classes, target, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        measure_bias(labels, classes, target)
