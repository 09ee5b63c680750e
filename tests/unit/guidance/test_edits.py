"""Edits of people: any text is read or refused in words; an edit does what it says, and nothing to anybody else."""

import json
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fair_attention.attention.capture import MapStore
from fair_attention.guidance.fair.edit_people import cells, edit_people, edit_run, halves, polygon, spot, who_is_at
from fair_attention.guidance.fair.edits import DRAW, DROP, GIVE, MERGE, PLACES, SPLIT, Edit, parse_edits
from fair_attention.guidance.run_record import Person, SampledRun, Status

SIZE = (48, 64)  # h, w
NAMES = ("female", "male")
place = st.tuples(*[st.floats(0, 1, allow_nan=False)] * 2)
edits = st.builds(
    lambda kind, seed, image, at, name: Edit(kind, seed, image, tuple(at[: PLACES[kind][1]]), name),
    st.sampled_from(list(PLACES)), st.none() | st.integers(0, 2**64), st.integers(0, 9), st.lists(place, min_size=3, max_size=9),
    st.text(min_size=1, max_size=9),
)  # fmt: skip


def said(e: Edit) -> dict:
    return {
        "edit": e.kind,
        "seed": None if e.seed is None else str(e.seed),
        "image": e.image,
        "at": e.at,
        "name": e.name,
    }


def somebody(noun: str, mask: torch.Tensor) -> Person:
    return Person(0, noun, mask)


@st.composite
def crowds(draw) -> list[Person]:
    """People side by side, each a box in a column of its own."""
    count = draw(st.integers(1, 4))
    found = []
    for j in range(count):
        left, right = 64 * j // count, 64 * (j + 1) // count
        x = draw(st.integers(left, right - 3))
        y, tall, wide = draw(st.integers(0, 40)), draw(st.integers(2, 8)), draw(st.integers(2, right - x))
        mask = torch.zeros(SIZE)
        mask[y : y + tall, x : x + wide] = 1
        found.append(Person(0, f"doctor {j}", mask))
    return found


def at(person: Person) -> tuple[float, float]:
    return spot(cells(person.mask))


def same(a: list[Person], b: list[Person]) -> bool:
    return len(a) == len(b) and all(
        p.status is q.status and p.name == q.name and torch.equal(p.mask, q.mask) for p, q in zip(a, b, strict=True)
    )


@given(st.lists(edits, max_size=5))
def test_what_is_written_is_read(some):
    assert parse_edits(json.dumps([said(e) for e in some]), "Node") == tuple(some)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["edit", "seed", "image", "at", "name", "other"]), inner | st.sampled_from(list(PLACES)))).map(json.dumps))  # fmt: skip
def test_any_other_text_is_refused_with_a_remedy(text):
    try:
        parse_edits(text, "Node")
    except ValueError as error:
        assert str(error).startswith("Node, edits: ") and "Explore Maps" in str(error)


@pytest.mark.parametrize("wrong", [
    {"at": []}, {"at": [[0.5, 1.5]]}, {"at": [[0.5, float("nan")]]}, {"at": [[0.5]]}, {"at": [[0.1, 0.1], [0.2, 0.2]]},
    {"image": "first"}, {"seed": "-1"}, {"seed": 1.5}, {"seed": "9" * 5000}, {"edit": "paint"}, {"edit": ["drop"]}, {"name": 5},
    {"edit": "give", "name": ""},
])  # fmt: skip
def test_an_edit_that_is_none_is_refused(wrong):
    right = {"edit": DROP, "seed": "7", "image": 0, "at": [[0.5, 0.5]]}
    assert parse_edits(json.dumps([right]), "Node") == (Edit(DROP, 7, 0, ((0.5, 0.5),)),)
    with pytest.raises(ValueError, match="Node, edits: number 2"):
        parse_edits(json.dumps([right, {**right, **wrong}]), "Node")


def test_a_text_without_end_is_refused():
    with pytest.raises(ValueError, match="more than 2000"):
        parse_edits(json.dumps(["x"] * 2001), "Node")


@given(crowds(), st.data())
@settings(deadline=None)
def test_each_edit_does_what_it_says_to_whom_it_names_only(found, data):
    j = data.draw(st.integers(0, len(found) - 1))
    person, place = found[j], at(found[j])
    assert who_is_at(found, place) == j

    dropped, notes = edit_people(found, [Edit(DROP, 7, 0, (place,))], NAMES, somebody, SIZE)
    assert dropped[j].status is Status.DROPPED and not dropped[j].may_change and notes == []
    assert same([*dropped[:j], *dropped[j + 1 :]], [*found[:j], *found[j + 1 :]])

    chosen, notes = edit_people(found, [Edit(GIVE, 7, 0, (place,), "male")], NAMES, somebody, SIZE)
    assert (chosen[j].attribute, chosen[j].why) == (1, "male, chosen by hand") and notes == []
    assert same([*chosen[:j], *chosen[j + 1 :]], [*found[:j], *found[j + 1 :]])

    ys, xs = person.mask.nonzero(as_tuple=True)
    ends = [((x + 0.5) / 64, (y + 0.5) / 48) for y, x in ((int(ys[0]), int(xs.min())), (int(ys[-1]), int(xs.max())))]
    split, notes = edit_people(found, [Edit(SPLIT, 7, 0, (place, *ends))] * 2, NAMES, somebody, SIZE)
    assert len(split) == len(found) + 1 and len(notes) >= 1  # the second time there is nothing to split
    assert torch.equal(split[j].mask + split[j + 1].mask, person.mask) and not bool(
        (split[j].mask * split[j + 1].mask).any()
    )
    assert same([*split[:j], *split[j + 2 :]], [*found[:j], *found[j + 1 :]])

    k = data.draw(st.integers(0, len(found) - 1))
    merge = Edit(MERGE, 7, 0, (place, at(found[k])))
    merged, notes = edit_people(found, [merge], NAMES, somebody, SIZE)
    first, last = min(j, k), max(j, k)
    assert len(merged) == len(found) - (j != k) and torch.equal(
        merged[first].mask, torch.maximum(person.mask, found[k].mask)
    )
    rest = [p for i, p in enumerate(found) if i not in (first, last)]
    assert same([p for i, p in enumerate(merged) if i != first], rest) and notes == []


@given(crowds(), st.lists(edits, max_size=6))
@settings(deadline=None)
def test_whatever_is_edited_everybody_found_stays_somebody_or_is_said_and_the_found_are_left_as_they_were(found, some):
    before = [(p.status, p.mask.clone()) for p in found]
    after, _ = edit_people(found, some, NAMES, somebody, SIZE)
    assert all(p.status is s and torch.equal(p.mask, m) for p, (s, m) in zip(found, before, strict=True))
    everywhere = torch.stack([p.mask for p in after]).amax(0)
    assert bool((everywhere >= torch.stack([p.mask for p in found]).amax(0)).all())
    again, _ = edit_people(found, some, NAMES, somebody, SIZE)
    assert same(after, again)


@given(crowds(), st.lists(edits, min_size=1, max_size=4), st.integers(0, 2**64), st.integers(0, 9))
@settings(deadline=None)
def test_an_edit_counts_in_the_picture_it_names_only(found, some, seed, number):
    run = SampledRun(MapStore((), 1, SIZE), seed=seed, number_images=partial(tuple, (number,)))
    run.store.latent_size = (48, 64)
    own = [e for e in some if (e.seed, e.image) == (seed, number)]
    (after,) = edit_run([found], some, run, NAMES, somebody)
    if not own:
        assert same(after, found) and run.notes[0].startswith("people were edited in other pictures (seed ")


def test_an_image_taken_out_of_a_batch_is_edited_as_in_it():
    left, right = (
        Person(0, "doctor", polygon(box(x, 0.2, x + 0.3, 0.8), (64, 64)).astype("float32")) for x in (0.1, 0.6)
    )
    people = [Person(0, "doctor", torch.from_numpy(p.mask)) for p in (left, right)]
    edit = [Edit(DROP, 7, 3, (at(people[1]),))]
    for numbers in ((0, 1, 2, 3), (3,)):
        run = SampledRun(MapStore((), len(numbers), (64, 64)), seed=7, number_images=partial(tuple, numbers))
        found = edit_run([list(people) for _ in numbers], edit, run, (), somebody)
        assert [[p.status for p in image] for image in found[:-1]] == [[Status.OPEN] * 2] * (len(numbers) - 1)
        assert [p.status for p in found[-1]] == [Status.OPEN, Status.DROPPED]
        assert run.notes == [f"image {len(numbers)}: as edited by hand, drop"]


def box(left: float, top: float, right: float, bottom: float) -> tuple:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def drawn(*corners: float) -> torch.Tensor:
    return torch.from_numpy(polygon(box(*corners), (64, 64))).float()


def test_whoever_has_moved_is_said_and_nobody_is_edited_in_another_s_place():
    person = Person(0, "doctor", drawn(0.25, 0.25, 0.5, 0.75))
    for where, status, said in (
        ((0.36, 0.5), Status.DROPPED, []),
        ((0.45, 0.5), Status.DROPPED, ["doctor, edited at (0.45, 0.50), is at (0.37, 0.49) now"]),
        ((0.58, 0.5), Status.DROPPED, ["doctor, edited at (0.58, 0.50), is at (0.37, 0.49) now"]),
        ((0.62, 0.5), Status.OPEN, ["nobody is at (0.62, 0.50) any more, so drop was left out"]),
    ):
        (after,), notes = edit_people([person], [Edit(DROP, 7, 0, (where,))], NAMES, somebody, (64, 64))
        assert (after.status, notes) == (status, said)


def test_an_attribute_that_the_target_or_the_prompt_leaves_no_room_for_is_said():
    free = Person(0, "doctor", drawn(0.1, 0.1, 0.4, 0.9))
    stated = Person(1, "pilot", drawn(0.6, 0.1, 0.9, 0.9), None, Status.STATED, "", "the prompt says female")
    wanted = [Edit(GIVE, 7, 0, (at(free),), "old"), Edit(GIVE, 7, 0, (at(stated),), "male")]
    after, notes = edit_people([free, stated], wanted, NAMES, somebody, (64, 64))
    assert same(after, [free, stated])
    assert notes[0] == "doctor was to be old, which the target does not hold: dealt as the others"
    assert notes[1].startswith("pilot was to be male, and stays: the prompt says female")
    assert edit_people([free], wanted[:1], (), somebody, (64, 64)) == ([free], [])  # where nothing is given


def test_an_outline_holds_the_cells_whose_middle_it_encloses():
    assert polygon(box(0.25, 0.5, 0.75, 1.0), (4, 8)).tolist() == [[0] * 8] * 2 + [[0, 0, 1, 1, 1, 1, 0, 0]] * 2
    triangle = polygon(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)), (4, 4))
    assert triangle.tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    person, notes = edit_people(
        [], [Edit(DRAW, 7, 0, box(0.501, 0.501, 0.502, 0.502), "doctor")], NAMES, somebody, (64, 64)
    )
    assert (person, notes) == ([], ["what was drawn is too small to be anybody"])
    ((pilot,), _) = edit_people([], [Edit(DRAW, 7, 0, box(0, 0, 0.5, 1), "pilot")], NAMES, somebody, (4, 4))
    assert pilot.label == "pilot" and pilot.mask.tolist() == [[1, 1, 0, 0]] * 4


def test_a_mask_is_cut_half_way_between_two_places_soft_borders_with_it():
    mask = torch.tensor([[0.2, 0.9, 1.0, 0.6, 0.3]])
    one, other = halves(mask, (0.25, 0.5), (0.75, 0.5))
    assert torch.equal(one, mask * torch.tensor([1, 1, 1, 0, 0])) and torch.equal(one + other, mask)
