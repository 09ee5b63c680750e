"""Windows and steps, by hand: a schedule of five levels, each a fifth of the sampling."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.guidance.schedule import Every, Window, check_window, no_step_in_window, step_of, stretched

LEVELS = (10.0, 8.0, 6.0, 4.0, 2.0)  # at 0, 0.2, 0.4, 0.6, 0.8


class Sampling:
    """As the host's: shares to noise levels, with what it gives for the two ends."""

    def percent_to_sigma(self, percent: float) -> float:
        return 999999999.9 if percent <= 0 else 0.0 if percent >= 1 else 10.0 - 10.0 * percent


def steps(start: float, end: float) -> list[int]:
    window = Window.of(Sampling(), start, end)
    return [step for step, level in enumerate(LEVELS) if window.holds(level)]


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        (0.0, 1.0, [0, 1, 2, 3, 4]),
        (0.0, 0.4, [0, 1]),  # the step that begins at the end does not belong to it
        (0.4, 1.0, [2, 3, 4]),  # the one that begins at the start does
        (0.4, 0.8, [2, 3]),
        (0.41, 0.59, []),
        (0.1, 0.41, [1, 2]),
        (0.0, 0.001, [0]),
        (0.999, 1.0, []),
    ],
)
def test_the_start_belongs_to_a_window_and_the_end_does_not(start, end, held):
    assert steps(start, end) == held


@given(st.lists(st.sampled_from([i / 20 for i in range(1, 20)]), max_size=4, unique=True).map(sorted))
def test_windows_that_follow_one_another_hold_each_step_once(edges):
    found = [step for a, b in zip([0.0, *edges], [*edges, 1.0], strict=True) for step in steps(a, b)]
    assert found == [0, 1, 2, 3, 4]


def test_rounding_moves_no_step_over_an_edge():
    """In half precision 8 may be 8.00004 or 7.99996; a level further away is another one."""
    after, before = Window.of(Sampling(), 0.2, 1.0), Window.of(Sampling(), 0.0, 0.2)
    for level in (8.0, 8.00004, 7.99996):
        assert after.holds(level) and not before.holds(level)
    assert before.holds(8.001) and not after.holds(8.001) and not before.holds(7.999)


def test_every_so_many_steps():
    every, taken = Every(3), []
    for step in range(1, 9):
        if not every.lasts(step):
            every.taken = step
            taken.append(step)
    assert taken == [1, 4, 7]
    assert not every.lasts(7)  # asked twice within a step: another picture
    assert every.lasts(8) and every.lasts(9) and not every.lasts(10)
    assert not every.lasts(2)  # the loop is run once more
    assert not Every(1, taken=3).lasts(4)


def test_a_prediction_between_two_levels_belongs_to_the_step_before():
    schedule = torch.tensor([*LEVELS, 0.0])
    assert [step_of(s, schedule, -1) for s in (11.0, 10.0, 9.0, 8.00004, 7.99996, 2.0, 1.0)] == [0, 0, 0, 1, 1, 4, 4]
    assert step_of(5.0, None, 7) == 7


def test_an_empty_window_is_refused_and_one_without_a_step_explained():
    with pytest.raises(ValueError, match="N: end_percent 0.2 must lie after start_percent 0.2"):
        check_window(0.2, 0.2, "N")
    said = no_step_in_window(Sampling(), LEVELS, 0.41, 0.59)
    assert said.startswith(
        "no step lies between start_percent 0.41 and end_percent 0.59: the 5 steps of this sampling begin"
    )
    assert "0%, 20%, 40%, 60%, 80%" in said


def test_six_steps_are_listed_and_of_more_the_first_three_and_the_last_two():
    six, seven = ([10.0 - step for step in range(count)] for count in (6, 7))
    assert "0%, 10%, 20%, 30%, 40%, 50% of" in no_step_in_window(Sampling(), six, 0.91, 0.92)
    assert "the 7 steps of this sampling begin at 0%, 10%, 20%, ..., 50%, 60% of" in no_step_in_window(
        Sampling(), seven, 0.91, 0.92
    )


def test_what_lasts_two_of_twenty_steps_lasts_a_seventh_of_a_longer_run():
    assert [stretched(2, steps) for steps in (1, 4, 20, 21, 28, 50, 100)] == [2, 2, 2, 3, 4, 7, 14]
    assert stretched(3, 50) == 10  # 10.7 steps: not less often than in fourteen
    assert [stretched(every, 20) for every in (3, 4, 10)] == [3, 4, 10]  # as told
    assert stretched(1, 50) == 1  # at every step
