"""Who is where, from drawn maps: words of a group are asked for by the prompt, and what stands in for them is said."""

import pytest
import torch

from fair_attention.attention.capture import MapStore, WordQuery
from fair_attention.attention.prompt.language import people_groups
from fair_attention.attention.records import AlignedPrompt, RegionFinder
from fair_attention.attention.regions import GroupColumns, VotingRule
from fair_attention.attention.trace import Block
from fair_attention.guidance.fair.people import check_mask_size, find_people, separate_parts, who_is_where
from fair_attention.guidance.run_record import SampledRun, Status

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


@pytest.mark.parametrize(
    "prompt", ["a photo of a doctor next to a female pilot", "a photo of a female doctor next to a pilot"]
)
def test_two_groups_in_one_place_are_one_person_and_what_is_stated_of_one_is_stated_of_both(prompt):
    groups = tuple(people_groups(prompt, "rules"))
    words = tuple(tuple(WordQuery(m.text, (i,)) for i, m in enumerate(group.members)) for group in groups)
    finder = RegionFinder(AlignedPrompt(prompt, torch.zeros(1, 77, 4), groups, words), VotingRule(align=False))
    run = run_of(*[box(2, 14, 4, 12) for group in words for _ in group])
    ((person,),) = find_people(finder, run, frozenset({"gender"}))
    assert (person.group, person.status, person.reason) == (0, Status.STATED, "the prompt says female")
    assert run.notes == ["image 1: doctor and pilot are in one place (IoU 1.00), so one person"]


def test_a_mask_s_parts_are_taken_apart_left_to_right_without_specks():
    mask = torch.zeros(1, 40, 40)
    mask[0, 5:25, 25:35], mask[0, 10:30, 2:12], mask[0, 39, 39] = 0.5, 1.0, 1.0
    left, right = separate_parts(mask)
    assert left.sum() == 200 and bool((left[10:30, 2:12] == 1).all())
    assert right.sum() == 100 and bool((right[5:25, 25:35] == 0.5).all())
    assert torch.equal(separate_parts(torch.zeros(1, 4, 4)), torch.zeros(1, 4, 4))


def test_masks_have_the_shape_of_the_picture_to_one_latent_cell():
    for size, latent in (((64, 64), (8, 8)), ((64, 73), (8, 8)), ((512, 256), (8, 4)), ((9, 9), (64, 64))):
        check_mask_size(torch.zeros(2, *size), latent, "Fair Inference")
    with pytest.raises(
        ValueError, match="Fair Inference, masks: they are 74 x 64, another shape than the latent's 8 x 8"
    ):
        check_mask_size(torch.zeros(2, 64, 74), (8, 8), "Fair Inference")


def test_people_are_sought_only_in_maps_that_were_recorded_of_these_words_and_blocks():
    run, finder = run_of(*[box(2, 14, 2, 6)] * 3), RegionFinder(aligned(), VotingRule())
    with pytest.raises(ValueError, match="Locate Regions: the attention holds the words word 0, word 1, word 2"):
        who_is_where(run, finder, "Locate Regions")
    run.store.labels = tuple(w.label for group in finder.aligned.words for w in group)
    assert [len(people) for people in who_is_where(run, finder, "Locate Regions")] == [1]
    other = RegionFinder(aligned(), VotingRule({Block("output", 5): 1.0}))
    with pytest.raises(ValueError, match=r"Locate Regions, regions: .*output\.5, which the attention does not have"):
        who_is_where(run, other, "Locate Regions")
    empty = SampledRun(MapStore(run.store.labels, 1, (64, 64)))
    with pytest.raises(ValueError, match="Locate Regions: the run recorded no map"):
        who_is_where(empty, finder, "Locate Regions")
