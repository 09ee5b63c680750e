"""Who is where, from drawn maps: words of a group are asked for by the prompt, and what stands in for them is said."""

import torch

from fair_attention.attention.capture import MapStore, WordQuery
from fair_attention.attention.prompt.language import people_groups
from fair_attention.attention.records import AlignedPrompt, RegionFinder
from fair_attention.attention.regions import GroupColumns, VotingRule
from fair_attention.attention.trace import Block
from fair_attention.guidance.fair.people import find_people
from fair_attention.guidance.run_record import SampledRun

PROMPT = "the faces of two doctors next to a pilot"


def box(top: int, bottom: int, left: int, right: int) -> torch.Tensor:
    maps = torch.zeros(16, 16)
    maps[top:bottom, left:right] = 1
    return maps


def aligned() -> AlignedPrompt:
    groups = tuple(people_groups(PROMPT, "rules"))
    words = tuple(tuple(WordQuery(m.text, (i,)) for i, m in enumerate(group.members)) for group in groups)
    return AlignedPrompt(PROMPT, torch.zeros(1, 77, 4), groups, words)


def run_of(*words: torch.Tensor) -> SampledRun:
    store = MapStore(tuple(f"word {i}" for i in range(len(words))), 1, (64, 64))
    store.add(Block("output", 3), torch.stack(words)[None].flatten(-2), (16, 16), (16, 16), (0, 0))
    return SampledRun(store)


def test_columns_of_a_group_are_numbered_through_the_prompt():
    first, second = (aligned().columns(g) for g in (0, 1))
    assert [m.text for m in aligned().groups[0].members] == ["faces", "doctors"]
    assert first == GroupColumns((0, 1), noun=1, face=0, count=2)
    assert second == GroupColumns((2,), noun=2, face=None, count=1)


def test_each_group_is_found_by_its_own_words_and_a_fallback_is_said():
    """The faces lie at the left and the right, their "doctors" at the bottom, where no face is; the pilot in the middle."""
    faces, doctors, pilot = box(2, 6, 0, 4) + box(2, 6, 12, 16), box(13, 16, 0, 16), box(2, 14, 6, 10)
    run = run_of(faces, doctors, pilot)
    ((left, right, middle),) = find_people(RegionFinder(aligned(), VotingRule()), run)
    assert [p.label for p in (left, right, middle)] == ["doctors", "doctors", "pilot"]
    assert left.mask[16, 8] == 1 and right.mask[16, 56] == 1 and middle.mask[32, 32] == 1
    (note,) = run.notes
    assert note == (
        "image 1: faces of doctors found by the face word alone, not all 2 words: they agree on 0.0% of the picture only"
    )


def test_words_that_meet_need_no_word_about_it():
    run = run_of(box(2, 6, 2, 6), box(2, 14, 2, 6), box(2, 14, 10, 14))
    ((doctor, pilot),) = find_people(RegionFinder(aligned(), VotingRule()), run)
    assert (doctor.group, pilot.group) == (0, 1) and run.notes == []
    assert doctor.mask[16, 16] == 1 and doctor.mask[48, 16] == 0  # where face and doctor agree
