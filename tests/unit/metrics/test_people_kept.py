"""Who is who before and after, and what is counted as kept; by hand."""

import pytest
import torch

from fair_attention.metrics.people import GONE, UNREADABLE, gone, kept, match_people, reached, reading_at
from fair_attention.metrics.readers import Reading

TONES = ("light", "tan", "brown", "dark")


def person(x: float, tone: str | None = "tan", y: float = 50, side: float = 20, **labels) -> Reading:
    return Reading((x - side / 2, y - side / 2, x + side / 2, y + side / 2), {"skin tone": tone, **labels})


def test_people_are_matched_by_place_and_nobody_twice() -> None:
    before = [person(20), person(60), person(100)]
    after = [person(24), person(58), person(62), person(111)]
    assert [b and b.box[0] for _, b in match_people(before, after)] == [
        14,
        48,
        None,
    ]  # 111 is 11 away, half a width is 10
    assert match_people([person(20), person(22)], [person(21)])[1][1] is None


def test_a_person_moved_up_is_as_far_as_one_moved_aside() -> None:
    assert match_people([person(20)], [person(20, y=59)])[0][1] is not None
    assert match_people([person(20)], [person(20, y=60)])[0][1] is None


def test_kept_counts_unreadable_and_gone_as_changed_and_leaves_out_who_was_unreadable_before() -> None:
    tones = [("tan", "tan"), ("tan", "light"), ("brown", None), ("dark", GONE), (None, "tan")]
    pairs = [(person(0, a), None if b == GONE else person(0, b)) for a, b in tones]
    found = kept(pairs, "skin tone")
    assert (found.people, found.same, found.share) == (4, 1, 0.25)
    assert found.changes == {("tan", "light"): 1, ("brown", UNREADABLE): 1, ("dark", GONE): 1}
    assert gone(pairs) == 0.2


def test_drift_is_a_sign_test() -> None:
    pairs = [(person(0, "brown"), person(0, "tan"))] * 6 + [(person(0, "light"), person(0, "dark"))]
    lighter, darker, p = kept(pairs, "skin tone").drift(TONES)
    assert (lighter, darker) == (6, 1)
    assert p == pytest.approx(2 * 8 / 128)  # 7 fair coins: P(6 or 7 of one side) = 8 / 128, both sides
    assert kept([(person(0), person(0))], "skin tone").drift(TONES) == (0, 0, 1.0)


def test_what_is_read_at_a_mask() -> None:
    mask = torch.zeros(16, 16)
    mask[4:8, 2:6] = 1  # centre (x 4, y 6) of 16: (32, 48) of a picture of 128
    there = person(32, y=48)
    assert reading_at(mask, [person(100), person(36, y=50), there], (128, 128)) is there
    assert reading_at(mask, [person(60, y=48)], (128, 128)) is None
    assert reading_at(torch.zeros(16, 16), [there], (128, 128)) is None


def test_reached_by_attribute() -> None:
    given = [
        ({"gender": "female", "skin tone": "dark"}, person(0, "dark", gender="female")),
        ({"gender": "female", "skin tone": "dark"}, person(0, "brown", gender="female")),
        ({"gender": "male", "skin tone": "dark"}, None),
    ]
    assert reached(given) == {"female dark": (1, 2), "male dark": (0, 1)}
