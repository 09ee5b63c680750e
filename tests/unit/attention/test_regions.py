"""From a store to people: votes, alignment over linked words, thresholds and hints, on drawn maps."""

import pytest
import torch

from fair_attention.attention import regions
from fair_attention.attention.capture import MapStore
from fair_attention.attention.regions import GroupColumns, VotingRule, locate
from fair_attention.attention.trace import Block

QUARTER = Block("output", 3)


def store_of(*words: torch.Tensor, images: int = 1) -> MapStore:
    """One block of [16,16] at a quarter of a 64x64 latent; a word is [16,16], or [images,16,16]."""
    maps = torch.stack([w.expand(images, 16, 16) for w in words], 1)
    store = MapStore(tuple(f"word {i}" for i in range(len(words))), images, (64, 64))
    store.add(QUARTER, maps.flatten(-2), (16, 16), (16, 16), (0, 0))
    return store


def box(top: int, bottom: int, left: int, right: int) -> torch.Tensor:
    maps = torch.zeros(16, 16)
    maps[top:bottom, left:right] = 1
    return maps


def people(store: MapStore, rule: VotingRule, words=(0,), noun=0, face=None, count=None):
    """What is located of one group, image by image."""
    (images,) = locate(store, rule, [GroupColumns(words, noun, face, count)])
    return images


HEADS, BODIES = box(2, 6, 2, 6) + box(2, 6, 10, 14), box(2, 14, 2, 6) + box(2, 14, 10, 14)
ALONE = VotingRule(align=False)


def inside(region: torch.Tensor, y: int, x: int) -> bool:
    """At a cell of the 16x16 block, in the region read at 64x64."""
    return bool(region[4 * y + 2, 4 * x + 2] > 0)


def test_the_noun_alone_where_words_are_not_aligned():
    (found,) = people(store_of(HEADS, BODIES), ALONE, (0, 1), noun=1, face=0)
    assert found.region.shape == (64, 64)
    assert inside(found.region, 12, 4) and inside(found.region, 4, 12) and not inside(found.region, 4, 8)
    assert found.masks.shape == (2, 64, 64) and found.rule == "the noun alone"


def test_linked_words_agree_on_what_they_share():
    (found,) = people(store_of(HEADS, BODIES), VotingRule(), (0, 1), 1, 0)
    assert inside(found.region, 4, 4) and not inside(found.region, 12, 4)
    assert found.rule == "soft AND of 2 words" and not found.fell_back
    assert bool((found.score >= 0).all()) and found.score.max() > 0.99


def test_a_group_is_asked_for_by_its_columns_of_the_store():
    """A group whose words come second and third in the store."""
    other = box(10, 14, 0, 16)
    store = store_of(other, BODIES, HEADS)
    (noun,) = people(store, ALONE, (1, 2), noun=1, face=2)
    assert inside(noun.region, 12, 4) and not inside(noun.region, 12, 8)
    apart = store_of(other, box(12, 16, 0, 16), HEADS)  # the linked words never meet: the face word decides
    (face,) = people(apart, VotingRule(), (1, 2), noun=1, face=2)
    assert inside(face.region, 4, 4) and not inside(face.region, 14, 8)
    assert face.rule.startswith("face word alone") and face.fell_back


def test_each_image_has_its_own_people():
    store = store_of(torch.stack([BODIES, box(4, 12, 6, 10)]), images=2)
    first, second = people(store, VotingRule())
    assert len(first.masks) == 2 and len(second.masks) == 1


def test_the_number_in_the_prompt_is_a_hint_that_can_be_refused():
    store = store_of(BODIES)
    assert len(people(store, VotingRule(), count=1)[0].masks) == 1
    assert len(people(store, VotingRule(use_count=False), count=1)[0].masks) == 2


def test_one_region_instead_of_individuals():
    (found,) = people(store_of(BODIES), VotingRule(split=False), count=2)
    assert found.masks.shape == (1, 64, 64) and torch.equal(found.masks[0], found.region)


def test_the_mean_is_cut_at_tau():
    """Mean-then-threshold: half of the maximum is inside at tau 0.4 and outside at 0.6."""
    store = store_of(box(2, 14, 2, 8) + 0.5 * box(2, 14, 8, 14))
    (low,) = people(store, VotingRule(vote=False, tau=0.4))
    (high,) = people(store, VotingRule(vote=False, tau=0.6))
    assert inside(low.region, 8, 11) and not inside(high.region, 8, 11) and inside(high.region, 8, 4)


def test_a_flat_map_finds_nobody():
    (found,) = people(store_of(torch.full((16, 16), 0.2)), VotingRule(), count=3)
    assert len(found.masks) == 0 and not bool(found.region.any())


def test_blocks_that_were_not_captured_are_reported():
    with pytest.raises(ValueError, match="no captured block has a weight above 0"):
        people(store_of(BODIES), VotingRule({Block("input", 1): 1.0}))


def test_without_votes_the_mean_map_is_cut_at_tau():
    """0.5 of the maximum votes as much as the maximum does, at tau 0.4; as a mean it is 0.5 of it, below a tau of 0.6."""
    faint = torch.maximum(0.5 * box(2, 14, 2, 6), box(2, 14, 10, 14))
    for vote, tau, both in ((True, 0.4, True), (True, 0.6, False), (False, 0.4, True), (False, 0.6, False)):
        rule = VotingRule(align=False, vote=vote, tau=tau)
        (found,) = people(store_of(faint), rule)
        assert inside(found.region, 8, 12) and inside(found.region, 8, 4) == both
        assert (found.score[34, 18] > 0.9) == (vote and both)


def test_the_rule_s_defaults_are_the_published_ones():
    assert VotingRule() == VotingRule(None, 0.4, 0.5, 0.4, True, True, True, True)


def test_the_maps_are_prepared_once_for_all_groups(monkeypatch):
    calls, real = [], regions.stack_blocks
    monkeypatch.setattr(regions, "stack_blocks", lambda *args: calls.append(args) or real(*args))
    groups = [GroupColumns((0,), 0), GroupColumns((1,), 1)]
    heads, bodies = locate(store_of(HEADS, BODIES), ALONE, groups)
    assert len(calls) == 1
    assert not inside(heads[0].region, 12, 4) and inside(bodies[0].region, 12, 4)


def test_where_nothing_is_found_nobody_is_neither_cut_nor_whole():
    (found,) = people(store_of(torch.full((16, 16), 0.2)), VotingRule(split=False))
    assert found.masks.shape == (0, 64, 64)
    assert regions.cut(torch.zeros(4, 6).bool(), torch.zeros(4, 6), None).shape == (0, 4, 6)


def test_a_word_alone_has_its_own_threshold():
    """45 of 100 votes: below rho, above the threshold of words that are aligned."""
    store = store_of(BODIES)
    other = Block("output", 4)
    store.add(other, torch.zeros(1, 1, 256), (16, 16), (16, 16), (0, 0))
    assert len(people(store, VotingRule({QUARTER: 45.0, other: 55.0}))[0].masks) == 0
    assert len(people(store, VotingRule({QUARTER: 55.0, other: 45.0}))[0].masks) == 2
