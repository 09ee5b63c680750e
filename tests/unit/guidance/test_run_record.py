"""A person says what it is by its fields; the sentence is made of them."""

from dataclasses import replace

import pytest
import torch

from fair_attention.attention.capture import MapStore
from fair_attention.attention.records import Watch
from fair_attention.guidance.fair.outcome import LEFT, _undone
from fair_attention.guidance.fair.plan import given_by
from fair_attention.guidance.fair.second_pass import as_before, keep_attributes
from fair_attention.guidance.fair.target import PRESETS, TargetDistribution
from fair_attention.guidance.run_record import Person, Recording, SampledRun, Status

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


def test_the_last_runs_are_kept_and_failed_ones_make_room_first():
    recording = Recording(Watch(()), kept=3)
    runs = [SampledRun(MapStore((), 1, (8, 8))) for _ in range(6)]
    for run in runs[:4]:
        recording.begin(run)
    assert [id(r) for r in recording.runs] == [id(r) for r in runs[1:4]]
    runs[3].failed = True
    recording.begin(runs[4])
    recording.begin(runs[5])
    assert [id(r) for r in recording.runs] == [id(r) for r in (runs[2], runs[4], runs[5])]


def test_a_run_is_told_once_what_is_watched_and_what_was_refused_before_it():
    recording = Recording(Watch((), notes=("blocks were left out",)), refused=["no mask", "no mask"])
    first, second = (SampledRun(MapStore((), 1, (8, 8))) for _ in range(2))
    recording.begin(first)
    recording.begin(second)
    assert first.notes == ["blocks were left out", "the sampling before this one was refused: no mask"]
    assert second.notes == ["blocks were left out"] and recording.refused == []
