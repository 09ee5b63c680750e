"""A person says what it is by its fields; the sentence is made of them."""

from dataclasses import replace

import pytest
import torch

from fair_attention.guidance.fair.outcome import LEFT, _undone
from fair_attention.guidance.fair.plan import given_by
from fair_attention.guidance.fair.second_pass import as_before, keep_attributes
from fair_attention.guidance.fair.target import PRESETS, TargetDistribution
from fair_attention.guidance.run_record import Person, Status

TARGET = TargetDistribution("gender", PRESETS["gender"], "indexed quota", 7)
MASK = torch.ones(64, 64)
FREE = Person(0, "doctor", MASK)
STATED = Person(0, "doctor", MASK, status=Status.STATED, reason="the prompt says female")
GIVEN = given_by(TARGET, FREE, 1)
KEPT = replace(GIVEN, status=Status.KEPT)
NAME = PRESETS["gender"][1].name


@pytest.mark.parametrize(
    ("person", "may_change", "why"),
    [
        (FREE, True, ""),
        (STATED, False, "left alone, the prompt says female"),
        (GIVEN, True, f"{NAME}, by indexed quota, seed 7"),
        (KEPT, True, f"{NAME}, as in the sampling before"),
    ],
)
def test_the_reason_is_made_of_the_fields(person, may_change, why):
    assert (person.may_change, person.why) == (may_change, why)


def test_a_second_pass_keeps_what_the_first_has_given():
    ((found, stated),) = keep_attributes([[FREE, STATED]], [(GIVEN,)])
    assert (found.status, found.attribute, found.name) == (Status.KEPT, 1, NAME) and stated is STATED
    ((other,),) = keep_attributes([[Person(1, "pilot", MASK)]], [(GIVEN,)])  # of another group
    assert other.status is Status.OPEN
    assert [p.status for p in as_before([GIVEN, STATED], (64, 64))] == [Status.KEPT, Status.STATED]


def test_a_run_that_steered_nobody_takes_back_only_what_it_has_given_itself():
    assert (_undone(GIVEN).status, _undone(GIVEN).attribute, _undone(GIVEN).why) == (Status.OPEN, None, LEFT)
    assert _undone(KEPT) is KEPT and _undone(STATED) is STATED
    assert _undone(FREE).why == LEFT
