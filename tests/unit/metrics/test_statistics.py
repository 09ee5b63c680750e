"""Statistics of bias against hand-computed cases, closed forms and scipy."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from fair_attention.metrics import bias, distances
from fair_attention.metrics.chance import chance
from fair_attention.metrics.comparison import compare
from fair_attention.metrics.correction import checked, corrected, observed, read_as
from fair_attention.metrics.intervals import distance_interval
from fair_attention.metrics.resampling import drawn_pictures, mean_interval, share_intervals
from fair_attention.metrics.sample import Sample, degrees, effective_people, likeness, sample_of
from fair_attention.metrics.significance import holm, no_bias, no_difference
from fair_attention.metrics.statistics import largest_risk_difference, measure, unreadable_bounds
from fair_attention.metrics.statistics_report import format_measurement

GENDERS = ("female", "male")
frequencies = st.lists(st.integers(0, 20), min_size=2, max_size=6).filter(any).map(lambda c: [x / sum(c) for x in c])


@given(frequencies, frequencies)
def test_distances_of_arrays_are_those_of_lists(found, wanted):
    f, k = np.array(found), len(found)
    equal = np.full(k, 1 / k)
    assert distances.e1(f, equal) == pytest.approx(bias.e1(found))
    assert distances.mad(f, equal) == pytest.approx(bias.mad(found))
    if len(wanted) == k:
        assert distances.total_variation(f, np.array(wanted)) == pytest.approx(bias.target_distance(found, wanted))
    for distance in (distances.e1, distances.mad, distances.total_variation):
        slopes = distances.slope(distance, f, equal)
        assert slopes @ (f - equal) == pytest.approx(float(distance(f, equal)), abs=1e-12)


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=5))
def test_projection_onto_the_simplex_is_the_nearest_point(point):
    """Against every point of a grid of frequencies."""
    found = distances.onto_simplex(np.array(point))
    assert found.sum() == pytest.approx(1) and found.min() >= 0
    grid = [np.array(g) / 6 for g in product(range(7), repeat=len(point)) if sum(g) == 6]
    nearest = min(((g - point) ** 2).sum() for g in grid)
    assert ((found - point) ** 2).sum() <= nearest + 1e-9


def test_likeness_by_hand():
    """Two pictures of two: [2 female], [1, 1]. Inside: 4 ordered pairs, 2 unlike. Across 8 ordered pairs, each woman of one
    with both of the other: half unlike. (2 + 4 * .4) / (4 * .5 + 4) = .6."""
    assert likeness(sample_of([[0, 0], [0, 1]], 2)) == pytest.approx(1 - 3.6 / 6)


def test_people_who_are_always_alike_are_worth_one_a_picture():
    """Four a picture, all alike: rho tends to 1, and 4 people to 1."""
    sample = sample_of([[i % 2] * 4 for i in range(400)], 2)
    assert likeness(sample) == pytest.approx(1, abs=0.01)
    assert effective_people(sample)[0] == pytest.approx(400, rel=0.02)
    mixed = sample_of([[0, 1] for _ in range(400)], 2)  # as a quota deals them: never alike
    assert likeness(mixed) == pytest.approx(-1, abs=0.02)
    assert effective_people(mixed)[0] == 8000  # at most ten times


def test_degrees_count_pictures_with_somebody_readable():
    assert degrees(sample_of([[0], [1], [None], [0], []], 2, ["a", "a", "a", "b", "b"])) == 1


@pytest.mark.parametrize(
    ("n", "k", "mean", "high"), [(36, 2, 0.130, 0.333), (100, 4, 0.057, 0.100), (250, 8, 0.025, 0.037)]
)
def test_chance_is_the_published_table(n, k, mean, high):
    found = chance([n], [1 / k] * k)
    assert found == pytest.approx((mean, high), abs=0.004)


def test_chance_of_two_classes_is_the_binomial_and_prompts_are_averaged():
    # |2 x / 3 - 1| of three people: 1 in 2 of 8, 1/3 in 6 of 8
    assert chance([3], (0.5, 0.5))[0] == pytest.approx(0.5, abs=0.01)
    # one person alone is always 1: mean over prompts (1 + .5) / 2; nobody is left out
    assert chance([1, 3, 0], (0.5, 0.5))[0] == pytest.approx(0.75, abs=0.01)
    assert math.isnan(chance([0], (0.5, 0.5))[0])


def test_no_bias_is_the_sign_test_of_pictures():
    """One person a picture, 10 of 12 alike: renaming two classes is a fair coin a picture, so p is that of |X - 6| >= 4,
    with the equal ones by half."""
    p = no_bias(sample_of([[0]] * 10 + [[1]] * 2, 2), permutations=20_000)
    exact = 2 * binom.sf(10, 12, 0.5) + binom.pmf(10, 12, 0.5)
    assert p == pytest.approx(exact, abs=0.005)


def test_no_bias_takes_pictures_as_wholes():
    """Three pictures of four alike are three coins, not twelve people."""
    assert no_bias(sample_of([[0] * 4] * 3, 2)) == pytest.approx(0.125, abs=0.03)  # 2/8, half of it
    assert no_bias(sample_of([[0]] * 12, 2)) < 0.01
    assert math.isnan(no_bias(sample_of([[None]], 2)))


def test_no_difference_swaps_pairs():
    """Two pairs, before all female, after all male: E1 is 1 on both sides. Before female and after mixed: swaps of both or none give
    the measured difference of 1, one swap gives 0 (each side 3 : 1): p = 1/2 * 1/2."""
    same = sample_of([[0, 0], [0, 0]], 2)
    assert no_difference(same, sample_of([[1, 1], [1, 1]], 2)) == pytest.approx(0.5)  # no other swap differs either
    p = no_difference(same, sample_of([[0, 1], [0, 1]], 2), permutations=8000)
    assert p == pytest.approx(0.25, abs=0.02)
    with pytest.raises(ValueError, match="no pairs"):
        no_difference(same, sample_of([[0]], 2))


def test_holm_by_hand():
    # sorted .01 .02 .04: times 3, 2, 1 = .03 .04 .04
    assert holm([0.04, 0.01, math.nan, 0.02])[:2] == pytest.approx([0.04, 0.03])
    assert holm([0.04, 0.01, math.nan, 0.02])[3] == pytest.approx(0.04)
    assert holm([0.9, 0.8]) == [1.0, 1.0] and math.isnan(holm([math.nan])[0])


def test_adjusted_counts_of_two_classes_are_rogan_and_gladen():
    """Sensitivity .9, specificity .8, 55 % read positive: (.55 + .8 - 1) / (.9 + .8 - 1) = .5."""
    matrix = read_as(np.array([[90.0, 10, 0], [20, 80, 0]]))
    assert corrected(np.array([0.55, 0.45]), matrix) == pytest.approx([0.5, 0.5])
    assert corrected(np.array([0.05, 0.95]), matrix) == pytest.approx([0, 1])  # below what errors alone would give


def test_classes_left_open_are_counted_up():
    """Half of the women are left open, no man is: 1 woman read to 2 men is 1 to 1."""
    matrix = read_as(np.array([[50.0, 0, 50], [0, 100, 0]]))
    assert corrected(np.array([1 / 3, 2 / 3]), matrix) == pytest.approx([0.5, 0.5])


@given(frequencies.filter(lambda f: len(f) <= 4))
def test_correction_turns_the_reading_round(true):
    k = len(true)
    counts = np.full((k, k + 1), 5.0)
    counts[np.arange(k), np.arange(k)] = 80
    matrix = read_as(counts)
    assert corrected(observed(np.array(true), matrix), matrix) == pytest.approx(true, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ([[1, 1, 0]], "2 rows of 3"),
        ([[0, 0, 9], [1, 9, 0]], "nobody readable of female"),
        ([[5, 5, 0], [5, 5, 0]], "hardly tells"),
    ],
)
def test_certificates_that_cannot_correct_are_refused(counts, says):
    with pytest.raises(ValueError, match=says):
        checked(counts, GENDERS)


def test_interval_of_two_classes_is_near_the_exact_one():
    """100 pictures of one person, 70 : 30. The shares' interval of Clopper and Pearson is .60 to .79, so E1 is .20 to .58."""
    found = distance_interval(sample_of([[0]] * 70 + [[1]] * 30, 2), draws=4000)
    assert found.value == pytest.approx(0.4)
    assert (found.low, found.high) == pytest.approx((0.20, 0.58), abs=0.03)


def test_interval_of_a_fair_batch_begins_at_0_and_its_centre_is_below_the_value():
    found = distance_interval(sample_of([[0]] * 22 + [[1]] * 18, 2))
    assert found.low == 0 and found.central < found.value < found.high


def test_interval_of_people_all_alike_is_not_a_point():
    """Thirty of thirty: the rule of three says up to a tenth may be otherwise, an E1 of .8; with two tails a little more."""
    found = distance_interval(sample_of([[0]] * 30, 2))
    assert found.value == found.high == pytest.approx(1) and 0.70 < found.low < 0.85


def test_alike_people_widen_the_interval():
    alone = distance_interval(sample_of([[0]] * 80 + [[1]] * 40, 2))
    alike = distance_interval(sample_of([[0] * 4] * 20 + [[1] * 4] * 10, 2))
    assert alike.value == pytest.approx(alone.value)
    assert alike.high - alike.low > 1.5 * (alone.high - alone.low)


def test_uncertain_certificates_widen_the_corrected_interval():
    sample = sample_of([[0]] * 200 + [[1]] * 100, 2)
    small, large = (
        distance_interval(sample, confusion=np.array([[0.9, 0.1, 0], [0.1, 0.9, 0]]) * n) for n in (20, 20_000)
    )
    assert small.value == pytest.approx(large.value) == pytest.approx((2 / 3 - 1 / 3) / 0.8)
    assert small.high - small.low > 1.3 * (large.high - large.low)


def test_interval_to_a_target():
    """On target .3 : .7 the distance is 0, though E1 is .4."""
    sample = sample_of([[0]] * 30 + [[1]] * 70, 2)
    found = distance_interval(sample, distances.total_variation, np.array([0.3, 0.7]))
    assert found.value == pytest.approx(0, abs=1e-9) and found.low == 0 and found.high < 0.15


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 1, 2, None]), max_size=4), max_size=8), st.integers(1, 3))
def test_any_batch_has_ordered_limits_inside_the_range(labels, prompts):
    sample = sample_of(labels, 3, [str(i % prompts) for i in range(len(labels))])
    found = distance_interval(sample, draws=100)
    if not sample.people.sum():
        assert math.isnan(found.low)
    else:
        assert -1e-9 <= found.low <= found.central <= found.high <= 2 / 3 + 1e-9


def test_the_mean_over_pictures_by_the_normal_law():
    """400 values of mean .5 and standard deviation .5: +- 1.96 * .025."""
    values = np.array([0.0, 1.0] * 200)
    assert mean_interval(values, np.zeros(400, int), 0, 1) == pytest.approx((0.451, 0.549), abs=0.006)


def test_pictures_that_do_not_differ_leave_room():
    """1 - .025^(1/20) = .168 of pictures may be otherwise unseen."""
    assert mean_interval(np.ones(20), np.zeros(20, int), 0.0, 1.0) == pytest.approx((1 - 0.1684, 1), abs=1e-3)


def test_pictures_are_drawn_within_their_prompt():
    times = drawn_pictures(np.array([0, 0, 0, 1]), 50)
    assert (times[:, :3].sum(1) == 3).all() and (times[:, 3] == 1).all() and times[:, 0].max() > 1


def test_share_intervals_are_wilson_for_single_people():
    """1000 of 2000: .5 -+ 1.96 * sqrt(.25 / 2000)."""
    low, high = share_intervals(sample_of([[0]] * 1000 + [[1]] * 1000, 2))[0]
    assert (low, high) == pytest.approx((0.478, 0.522), abs=1e-3)


def test_bounds_if_all_unreadable_were_of_one_class():
    """3 women, 1 man, 2 unreadable: with two men 3 : 3 = 0, with two women 5 : 1 = 2/3."""
    assert unreadable_bounds(sample_of([[0, 0, None], [0, 1, None]], 2)) == pytest.approx((0, 2 / 3))


def test_prompts_are_averaged_and_have_rows():
    """Doctors are men, teachers women: together 0, mean over prompts 1."""
    found = measure([[1]] * 6 + [[0]] * 6, GENDERS, prompts=["doctor"] * 6 + ["teacher"] * 6)
    assert found.result.bias_w == 0 and found.bias_w.value == 1
    assert [row.prompt for row in found.rows] == ["doctor", "teacher"]
    # each row: 2 of 64 signs as extreme, half of them: 1/64, times two rows
    assert found.rows[0].p == pytest.approx(2 / 64, abs=0.015)


def test_the_largest_risk_difference():
    assert largest_risk_difference(bias.measure_bias([[0, 0, 1]], ("a", "b", "c"))) == (pytest.approx(2 / 3), "a", "c")


def test_comparison_of_a_biased_with_a_fair_model():
    before = sample_of([[0, 0], [0, 0], [0, 0], [0, 1]] * 12, 2)  # 7 : 1, E1 .75
    after = sample_of([[0, 1]] * 48, 2)
    found = compare(before, after)
    assert found.value == pytest.approx(-0.75) and found.low < -0.75 < found.high < -0.4 and found.p < 0.01
    same = compare(before, before)
    assert same.value == 0 and same.low <= 0 <= same.high and same.p > 0.4


def test_the_report_says_what_a_reviewer_asks_for():
    text = format_measurement(
        measure([[0, 0, 1], [1], [], [0, None]] * 3, GENDERS, certificate=[[9, 1, 0], [1, 9, 0]], axis="gender")
    )
    for said in (
        "Bias-W: 0.200 (95 %: ", "once in twenty", "test of no bias: p = ", "Bias-P: 0.778 (95 %: ", "floor 0.778",
        "Risk Difference, the largest: 0.200, female against male", "3 people are unreadable, counted here and in no share",
        "corrected by the reader's certificate: female 0.625, male 0.375; Bias-W 0.250 (95 %", "quota make them dependent",
    ):  # fmt: skip
        assert said in text, said
    assert "it has no certificate" in format_measurement(measure([[0, 1]], GENDERS))
    assert "hardly tells" in format_measurement(measure([[0, 1]], GENDERS, certificate=[[5, 5, 0], [5, 5, 0]]))


@pytest.mark.parametrize("classes", [2, 4])
def test_many_pictures_drawn_together_say_what_they_say_one_by_one(classes, monkeypatch):
    """Large samples take a shorter way to the same distributions."""
    from fair_attention.metrics import resampling, significance

    rng = np.random.default_rng(5)
    counts = rng.multinomial(
        3, np.full(classes, 1 / classes) + 0.03 * np.eye(classes)[0] - 0.03 * np.eye(classes)[1], 400
    )
    other = rng.multinomial(3, np.full(classes, 1 / classes), 400)
    after = np.where(rng.random((400, 1)) < 0.2, other, counts)  # most pictures stay, so that both move together
    prompt = np.repeat([0, 1], 200)
    before, later = (Sample(c, np.zeros(400, np.int64), prompt, ("a", "b")) for c in (counts, after))
    values = distances.e1(counts / 3, np.full(classes, 1 / classes))

    def all_of_them():
        low, high = resampling.mean_interval(values, prompt, 0.0, 1.0)
        return [
            significance.no_bias(before),
            significance.no_difference(before, later),
            low,
            high,
            resampling.correlation(before, later),
        ]

    one_by_one = all_of_them()
    monkeypatch.setattr(significance, "LARGE", 0)
    monkeypatch.setattr(resampling, "LARGE", 0)
    together = all_of_them()
    assert together == pytest.approx(one_by_one, abs=0.08)
    assert together != one_by_one  # another way indeed
    assert significance._renamed_together(before, 3, rng).sum((1, 2)).tolist() == [1200] * 3
