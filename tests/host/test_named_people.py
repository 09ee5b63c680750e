"""Linguistic Alignment on the host: people named in `subject`, and two groups found in one place."""

import pytest
import torch


def groups(bench, prompt, **kw):
    return bench.align(prompt, **kw)[0].groups


def test_subject_names_whom_it_likes_and_leaves_a_stated_gender_alone(bench):
    tokens, _ = bench.align("a portrait of the female Anna and two robots", subject="Anna, robots")
    anna, robots = tokens.groups
    assert anna.noun.text == "Anna" and anna.fixed == (("gender", "female"),)
    assert tokens.stated(0, {"gender"}) == ("female",) and tokens.stated(1, {"gender"}) == ()
    assert (anna.count, robots.count) == (None, 2) and robots.plural


def test_subject_reads_attributes_of_words_linked_by_hand(bench):
    (group,) = groups(bench, "the faces of smiling Asian doctors", subject="faces + doctors")
    assert [member.text for member in group.members] == ["faces", "doctors"]
    assert group.fixed == (("race", "Asian"),)


def test_a_proper_name_is_nobody_without_subject(bench):
    with pytest.raises(ValueError, match="names no person"):
        bench.align("Anna in a garden", parser="rules")
    assert groups(bench, "Anna in a garden", subject="Anna")[0].noun.text == "Anna"


def test_a_person_named_twice_is_one_group_with_all_its_tokens(bench):
    tokens, _ = bench.align("a photo of a doctor. The doctor is happy", parser="rules")
    ((group, words),) = zip(tokens.groups, tokens.words, strict=True)
    assert group.count == 1 and [w.label for w in words] == ["doctor", "doctor", "happy"]
    assert words[0].positions != words[1].positions


def test_two_groups_in_one_place_are_one_person(bench):
    """Two words made to look at the same place: the maps of one are those of the other."""
    tokens, positive = bench.align("a photo of a doctor and a nurse", parser="rules")
    finder = bench.regions(tokens, individuals="one region", tau=0.05, rho=0.05)
    model, attention = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, tokens).result
    bench.sample(model, positive, steps=2)
    run = attention.runs[-1]
    for block in run.store.sums:
        run.store.sums[block][:, 1] = run.store.sums[block][:, 0]
    find_people = bench.host.pack.guidance.fair.people.find_people
    ((person,),) = find_people(finder, run, frozenset({"gender"}))
    assert (person.group, person.label) == (0, "doctor")
    assert run.notes == ["image 1: doctor and nurse are in one place (IoU 1.00), so one person"]


def test_a_person_in_one_place_with_a_stated_one_is_left_alone(bench):
    tokens, positive = bench.align("a photo of a doctor and a female nurse", parser="rules")
    finder = bench.regions(tokens, individuals="one region", tau=0.05, rho=0.05)
    model, attention = bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, tokens).result
    bench.sample(model, positive, steps=2)
    run = attention.runs[-1]
    for block, maps in run.store.sums.items():
        run.store.sums[block] = maps[:, :1].expand(maps.shape).clone()
    assert torch.isfinite(run.store.mean(next(iter(run.store.sums)))).all()
    ((person,),) = bench.host.pack.guidance.fair.people.find_people(finder, run, frozenset({"gender"}))
    assert person.label == "doctor" and person.why == "left alone, the prompt says female"
