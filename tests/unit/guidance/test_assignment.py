"""Assignment: exactness against brute force, bounds, determinism, and what each method promises."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.guidance.fair.assignment import (
    ASSIGNMENTS,
    assign,
    first_counts,
    image_quota,
    indexed_quota,
    running_quota,
)
from fair_attention.guidance.fair.quota_cost import RunningCounts

SHARES = [(0.5, 0.5), (0.3, 0.7), (0.1, 0.2, 0.3, 0.4), (1 / 3, 1 / 3, 1 / 3), (0.6, 0.4, 0.0)]

shares_strategy = (
    st.lists(st.integers(0, 20), min_size=1, max_size=8)
    .filter(any)
    .map(lambda weights: tuple(w / sum(weights) for w in weights))
)
seeds = st.integers(0, 2**64 - 1)


def cost(shares, people, before: RunningCounts, counts, balance: float) -> float:
    """The running quota's cost, written out."""
    total = sum(before.counts) + people
    run = zip(before.start, before.counts, counts, shares, strict=True)
    image = zip(counts, shares, strict=True)
    return sum((s + have + c - pi * total) ** 2 for s, have, c, pi in run) + balance * sum(
        (c - people * pi) ** 2 for c, pi in image
    )


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("balance", [0.0, 1.0, 3.0])
def test_greedy_is_exact(shares, balance: float) -> None:
    k = len(shares)
    for people in range(6):
        allocations = [c for c in product(range(people + 1), repeat=k) if sum(c) == people]
        for have in product(range(3), repeat=k):
            before = RunningCounts(have, (0.0,) * k)
            found = running_quota(shares, people, 0, 0, before, balance).counts
            least = min(cost(shares, people, before, c, balance) for c in allocations)
            assert cost(shares, people, before, found, balance) == pytest.approx(least, abs=1e-9)


def test_running_quota_by_hand() -> None:
    # shares 1/2, 1/2, mu 1. So far 4 and 1, now 3 people: the run's quota is 4 each, the image's 1.5 each.
    # c = (0,3): 0 + 0 + 2 * 2.25 = 4.5;   c = (1,2): 1 + 1 + 2 * .25 = 2.5
    assert running_quota((0.5, 0.5), 3, 0, 0, RunningCounts((4, 1), (0.0, 0.0))).counts == (1, 2)
    # so far 3 and 1, now 2: quota 3 each. c = (0,2): 0 + 0 + 1 + 1 = 2;   c = (1,1): 1 + 1 + 0 + 0 = 2: a tie
    ties = {running_quota((0.5, 0.5), 2, seed, 0, RunningCounts((3, 1), (0.0, 0.0))).counts for seed in range(20)}
    assert ties == {(0, 2), (1, 1)}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ASSIGNMENTS), shares_strategy, st.integers(0, 9), seeds, st.integers(0, 5))
def test_sums_determinism_and_nobody_gets_a_share_of_zero(method, shares, people, seed, image) -> None:
    allocation, after = assign(method, shares, people, seed, image)
    assert len(allocation.individuals) == people == sum(allocation.counts)
    assert Counter(allocation.individuals) == Counter({k: c for k, c in enumerate(allocation.counts) if c})
    assert all(shares[k] > 0 for k in allocation.individuals)
    assert (allocation, after) == assign(method, shares, people, seed, image)
    assert after.counts == allocation.counts


@settings(deadline=None)
@given(shares_strategy, st.integers(0, 12), seeds, st.integers(0, 2**64))
def test_image_quota_is_within_one_person(shares, people, seed, image) -> None:
    counts = image_quota(shares, people, seed, image).counts
    assert all(abs(c - people * share) < 1 for c, share in zip(counts, shares, strict=True))


@settings(deadline=None)
@given(st.sampled_from(SHARES), st.lists(st.integers(0, 6), min_size=1, max_size=40), seeds)
def test_running_quota_keeps_the_run_within_two_people_of_target(shares, numbers, seed) -> None:
    before = None
    for image, people in enumerate(numbers):
        _, before = assign("running quota", shares, people, seed, image, before)
        total = sum(before.counts)
        assert all(abs(c - share * total) < 2 for c, share in zip(before.counts, shares, strict=True))


@pytest.mark.parametrize("method", ASSIGNMENTS)
@pytest.mark.parametrize("people", [1, 2, 3])
def test_many_short_runs_meet_the_target(method: str, people: int) -> None:
    shares = (0.1, 0.2, 0.7)
    counts = [0, 0, 0]
    for seed in range(250):
        counts = [a + b for a, b in zip(counts, assign(method, shares, people, seed, 0)[0].counts, strict=True)]
    # a lone person: standard deviation sqrt(.21 / 250) = 0.029; three of them
    assert [c / sum(counts) for c in counts] == pytest.approx(shares, abs=0.087)


def test_indexed_quota_is_the_running_quota_while_all_images_hold_as_many_people() -> None:
    for shares in SHARES:
        before = None
        for image in range(12):
            running, before = assign("running quota", shares, 3, 42, image, before)
            assert running == indexed_quota(shares, 3, 42, image)


@pytest.mark.parametrize("method", [m for m in ASSIGNMENTS if m != "running quota"])
def test_an_image_alone_is_as_in_the_batch(method: str) -> None:
    before, batch = None, []
    for image, people in enumerate([2, 1, 4, 3]):
        allocation, before = assign(method, (0.3, 0.7), people, 9, image, before)
        batch.append(allocation)
    assert assign(method, (0.3, 0.7), 4, 9, 2)[0] == batch[2]


def test_running_quota_alone_is_as_in_the_batch_given_its_counters() -> None:
    _, before = assign("running quota", (0.3, 0.7), 2, 9, 0)
    second, _ = assign("running quota", (0.3, 0.7), 4, 9, 1, before)
    assert running_quota((0.3, 0.7), 4, 9, 1, before) == second


def test_the_start_is_random_and_balanced() -> None:
    starts = [first_counts((0.3, 0.7), 1, seed) for seed in range(50)]
    assert len({start.start for start in starts}) > 3
    assert all(sum(start.start) == pytest.approx(0) and max(map(abs, start.start)) < 1 for start in starts)
    assert all(start.counts == (0, 0) for start in starts)


def test_an_empty_first_image_starts_the_run_at_random_too() -> None:
    firsts = set()
    for seed in range(40):
        _, before = assign("running quota", (0.3, 0.7), 0, seed, 0)
        firsts.add(assign("running quota", (0.3, 0.7), 1, seed, 1, before)[0].individuals)
    assert firsts == {(0,), (1,)}


def test_who_gets_what_is_random() -> None:
    orders = {image_quota((0.5, 0.5), 2, seed, 0).individuals for seed in range(20)}
    assert orders == {(0, 1), (1, 0)}


def test_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="'lottery' is unknown"):
        assign("lottery", (0.5, 0.5), 2, 0, 0)


def test_two_people_left_over_are_each_dealt_by_the_remainders() -> None:
    """Of 2 people .4, .8 and .8 are expected: over many seeds the counts are that on average, never two of one."""
    found = [image_quota((0.2, 0.4, 0.4), 2, seed, 0).counts for seed in range(2000)]
    means = [sum(column) / len(found) for column in zip(*found, strict=True)]
    assert means == pytest.approx([0.4, 0.8, 0.8], abs=0.04)  # 3.6 standard errors
    assert {max(counts) for counts in found} == {1}
