"""Who of a picture gets what: the quota's counts stand, the people of a group exchange what changes them least."""

import itertools
import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.guidance.fair.assignment import PER_GROUP, assign, first_counts, running_quota
from fair_attention.guidance.fair.dealing import UNLIKELY, Counts, deal, least_change
from fair_attention.guidance.fair.quota_cost import AXIS_WEIGHT
from fair_attention.guidance.fair.target import PRESETS, TargetDistribution, cross

GENDER = TargetDistribution("gender", PRESETS["gender"], "quota per image")
CROSSED = cross(TargetDistribution("gender", PRESETS["gender"]), TargetDistribution("skin tone", PRESETS["skin tone"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=5), st.data())
def test_no_other_order_changes_people_less(dealt: list[int], data) -> None:
    leanings = [data.draw(st.lists(st.floats(0, 1), min_size=3, max_size=3)) for _ in dealt]

    def likelihood(order) -> float:
        return sum(math.log(max(p[k], UNLIKELY)) for p, k in zip(leanings, order, strict=True))

    chosen = least_change(dealt, leanings)
    assert Counter(chosen) == Counter(dealt)
    assert likelihood(chosen) >= max(map(likelihood, itertools.permutations(dealt))) - 1e-9


def test_two_who_are_one_of_each_already_are_not_swapped() -> None:
    for seed in range(8):
        dealt = deal(GENDER, [0, 0], seed, 0, {}, [[0.2, 0.8], [0.9, 0.1]])
        assert dealt == [1, 0]


def test_who_leans_gets_it_in_a_group_that_does_not_begin_with_the_first_person() -> None:
    for seed in range(8):
        dealt = deal(GENDER, [0, 1, 1], seed, 0, {}, [[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]])
        assert set(dealt) <= {0, 1} and (dealt[1] == dealt[2] or dealt[1:] == [1, 0])


def test_nothing_is_exchanged_between_groups() -> None:
    """Who is a pilot and who a teacher gets what the quota says, however much they lean: or each keeps its stereotype."""
    leaning = [[0.9, 0.1], [0.1, 0.9]]
    found = {tuple(deal(GENDER, [0, 1], seed, 0, {}, leaning)) for seed in range(16)}
    assert found == {(0, 1), (1, 0)}


@pytest.mark.parametrize("counts", [(1, 1), (2, 1), (1, 3)])
def test_a_quota_per_group_is_met_by_each_group(counts: tuple[int, int]) -> None:
    target, state = replace(GENDER, assignment=PER_GROUP), Counts()
    groups = [0] * counts[0] + [1] * counts[1]
    given: dict[int, Counter[int]] = {0: Counter(), 1: Counter()}
    unequal = 0
    for image in range(20):
        dealt = deal(target, groups, 7, image, state)
        for g, k in zip(groups, dealt, strict=True):
            given[g][k] += 1
        unequal += abs(dealt.count(0) - dealt.count(1)) > len(groups) % 2
    for g, count in enumerate(counts):
        assert abs(given[g][0] - 10 * count) <= 1
    assert unequal <= 2  # and the picture as a whole is as equal as its people allow, but where a group has to catch up


def axis_cost(counts, shares, before, axes) -> float:
    """The cost of running_quota, written out for the brute force."""
    n, total = sum(counts), sum(before.counts) + sum(counts)
    run = [
        s + c + new - share * total
        for s, c, new, share in zip(before.start, before.counts, counts, shares, strict=True)
    ]
    own = [new - share * n for new, share in zip(counts, shares, strict=True)]
    cost = sum(r * r for r in run) + sum(o * o for o in own)
    for values in axes:
        for v in set(values):
            members = [k for k in range(len(shares)) if values[k] == v]
            cost += AXIS_WEIGHT * (sum(run[k] for k in members) ** 2 + sum(own[k] for k in members) ** 2)
    return cost


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 4), st.integers(0, 10_000), st.integers(0, 3))
def test_a_crossed_quota_is_the_best_of_all_allocations(people: int, seed: int, image: int) -> None:
    axes, shares = CROSSED.axis_indices, CROSSED.shares
    before = first_counts(shares, people, seed, axes)
    for earlier in range(image):
        before = before.plus(running_quota(shares, people, seed, earlier, before, axes=axes).counts)
    counts = running_quota(shares, people, seed, image, before, axes=axes).counts
    every = (
        tuple(Counter(c).get(k, 0) for k in range(8)) for c in itertools.combinations_with_replacement(range(8), people)
    )
    least = min(axis_cost(c, shares, before, axes) for c in every)
    assert axis_cost(counts, shares, before, axes) == pytest.approx(least, abs=1e-6)


def test_four_people_of_a_crossed_target_are_two_and_two_and_one_of_each_tone() -> None:
    state = Counts()
    for image in range(12):
        dealt = deal(CROSSED, [0] * 4, 3, image, state)
        gender, tone = ([values[k] for k in dealt] for values in CROSSED.axis_indices)
        assert sorted(gender) == [0, 0, 1, 1] and sorted(tone) == [0, 1, 2, 3]


def test_the_first_group_is_dealt_by_the_seed_itself_as_if_it_were_alone() -> None:
    """So that another group in the prompt changes nothing for the people of the first."""
    attributes = tuple(replace(a, share=share) for a, share in zip(PRESETS["gender"], (3.0, 1.0), strict=True))
    target = TargetDistribution("gender", attributes, PER_GROUP)
    alone, beside = Counts(), Counts()
    counts = None
    for image in range(16):
        wanted, counts = assign(PER_GROUP, target.shares, 3, 5, image, counts, (), [0, 0])
        assert deal(target, [0, 0, 0], 5, image, alone) == list(wanted.individuals)
        dealt = deal(target, [1, 0, 1, 0, 0], 5, image, beside)
        assert [dealt[j] for j in (1, 3, 4)] == list(wanted.individuals)
    assert counts is not None and alone[0].counts == beside[0].counts == (36, 12)


def test_axes_of_a_crossed_target() -> None:
    assert [[a.name for a in values] for values in CROSSED.single_axes] == [
        ["female", "male"],
        ["light", "tan", "brown", "dark"],
    ]
    assert CROSSED.axis_indices == ((0, 0, 0, 0, 1, 1, 1, 1), (0, 1, 2, 3, 0, 1, 2, 3))
    assert GENDER.single_axes == (GENDER.attributes,) and GENDER.axis_indices == ((0, 1),)
