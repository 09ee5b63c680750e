"""What the attention is asked: which blocks a rule names, which are there, and what a prompt states of its people."""

import pytest
import torch

from fair_attention.attention.capture import WordQuery
from fair_attention.attention.prompt.language import people_groups
from fair_attention.attention.records import (
    AlignedPrompt,
    RegionFinder,
    Watch,
    check_blocks,
    named_blocks,
    parse_blocks,
)
from fair_attention.attention.regions import VotingRule
from fair_attention.attention.trace import Block

THREE, FOUR = Block("output", 3), Block("output", 4)


def aligned(prompt: str, **kw) -> AlignedPrompt:
    groups = tuple(people_groups(prompt, "rules"))
    return AlignedPrompt(prompt, torch.zeros(1, 77, 4), groups, tuple(() for _ in groups), **kw)


@pytest.mark.parametrize(
    ("weights", "named"),
    [(None, None), ("uniform", None), ({THREE: 0.5, FOUR: 0.0}, {THREE}), ({FOUR: -1.0}, set())],
)
def test_a_rule_names_the_blocks_that_it_gives_a_weight_above_zero(weights, named):
    assert named_blocks(VotingRule(weights)) == named


def test_a_block_that_is_named_has_to_be_there():
    finder = RegionFinder(aligned("a doctor"), VotingRule({THREE: 1.0, FOUR: 0.0}))
    check_blocks(finder, [THREE], "Locate Regions", "the attention")
    check_blocks(RegionFinder(finder.aligned, VotingRule()), [], "Locate Regions", "the attention")
    with pytest.raises(
        ValueError, match=r"Locate Regions, regions: .* weight to output.3, which the attention does not"
    ):
        check_blocks(finder, [FOUR], "Locate Regions", "the attention")


def test_blocks_as_users_write_them():
    present = [THREE, FOUR]
    assert parse_blocks(" ", present, "Capture") is None
    assert parse_blocks("output.3", present, "Capture") == {THREE}
    assert parse_blocks("output.4,\n output.3,", present, "Capture") == {THREE, FOUR}
    for text, message in (("output.5", "this model has no output.5; it has output.3, output.4"), ("five", "no cross")):
        with pytest.raises(ValueError, match=f"Capture, blocks: .*{message}"):
            parse_blocks(text, present, "Capture")


def test_what_a_prompt_states_leaves_no_room_and_skin_tone_and_race_state_one_another():
    prompt = aligned("two female doctors and an Asian pilot")
    assert prompt.stated(0, ["gender"]) == ("female",) and prompt.stated(0, ["age"]) == ()
    assert prompt.stated(1, ["skin tone"]) == prompt.stated(1, ["race"]) == ("Asian",)
    changed = aligned("two female doctors", edit_fixed=True)
    assert changed.stated(0, ["gender"]) == () and changed.says(0, ["gender"]) == ("female",)


def test_a_watch_names_its_words_in_order():
    assert Watch((WordQuery("doctors", (2,)), WordQuery("cats", (4, 5)))).labels == ("doctors", "cats")


def test_the_face_of_a_group_is_numbered_through_the_prompt():
    groups = tuple(people_groups("a pilot and two doctors with smiling faces", "rules"))
    words = tuple(tuple(WordQuery(m.text, (i,)) for i, m in enumerate(group.members)) for group in groups)
    columns = AlignedPrompt("", torch.zeros(1, 77, 4), groups, words).columns(1)
    assert (columns.words, columns.noun, columns.face) == ((1, 2, 3), 1, 3)
