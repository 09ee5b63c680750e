"""The second world's reader and report: more labels in the first one's network, people at twice the size, counts by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fair_attention.emoji_world.dit.aged import SCALE
from fair_attention.emoji_world.dit.reader import AXES, AgedReader
from fair_attention.emoji_world.dit.report import asked, numbers, prompts
from fair_attention.emoji_world.dit.train_reader import grown, unbiased
from fair_attention.emoji_world.reader import WEIGHTS as FIRST
from fair_attention.emoji_world.reader import EmojiReader, ReaderNet, load_net
from fair_attention.emoji_world.report import match
from fair_attention.emoji_world.scene import render
from fair_attention.emoji_world.train_reader import loss_of, targets
from fair_attention.metrics.readers import Reading


def picture(scene, scale: int) -> torch.Tensor:
    return torch.from_numpy(render(scene, scale).image.copy())[None].float() / 255


def test_the_first_reader_with_more_labels_reads_the_same_of_a_picture_twice_as_large():
    """Before it has learned ages: half a picture of 256 pixels is nearly the one of 128."""
    scene = unbiased(np.random.default_rng(6))
    first = EmojiReader(load_net()).read(picture(scene, 1))[0]
    second = AgedReader(grown(FIRST).eval()).read(picture(scene, 2))[0]
    assert len(first) == len(second) == len(scene.people)
    for a, b in zip(first, second, strict=True):
        assert a.labels == {axis: b.labels[axis] for axis in a.labels} and b.labels["age"] is None
        assert b.box == pytest.approx([2 * side for side in a.box], abs=4)


def test_ages_are_drawn_evenly_whatever_the_occupation():
    rng = np.random.default_rng(0)
    people = [p for _ in range(150) for p in unbiased(rng).people if p.occupation in ("judge", "student")]
    assert len(people) > 40
    assert 0.3 < np.mean([p.age == "old" for p in people]) < 0.7


def test_the_age_is_among_what_the_reader_is_taught():
    """Wrong about age alone costs: the loss of a person said to be young, who is old."""
    rng = np.random.default_rng(1)
    people = [list(unbiased(rng).people)]
    heat, values, inside = targets(people, 16, 16, AXES)
    assert values.shape == (1, 3 + len(AXES), 16, 16)
    assert {int(v) for v in values[0, 6][inside[0] > 0]} == {("young", "old").index(p.age) for p in people[0]}
    out = torch.zeros(1, 4 + sum(map(len, AXES.values())), 16, 16)
    right, wrong = out.clone(), out.clone()
    for n, axis in enumerate(("young", "old")):
        is_it = values[0, 6] == n
        right[0, -2 + n][is_it], wrong[0, -2 + n][~is_it] = 9.0, 9.0
        assert axis in AXES["age"]
    assert loss_of(wrong, heat, values, inside, AXES) > loss_of(right, heat, values, inside, AXES) + 5
    assert ReaderNet(AXES).head.out_channels == ReaderNet().head.out_channels + 2


def test_a_report_counts_by_hand():
    plain, stated = prompts()
    assert len(plain) == 36 and len(stated) == 24
    assert asked("a photo of two judges") == 2 and asked("a photo of an old male doctor") == 1

    def person(**labels) -> Reading:
        return Reading((0, 0, 9, 9), {**dict.fromkeys(AXES), **labels})

    drawn = {prompt: [[]] for prompt in (*plain, *stated)}
    drawn["a photo of two judges"] = [
        [person(gender="male", age="old"), person(gender="female", age="old")],
        [person()],
    ]
    prompt, (age, tone, gender, occupation) = next(iter(stated.items()))
    labels = {"age": age, "skin tone": tone, "gender": gender, "occupation": occupation}
    drawn[prompt] = [[person(**labels)], [person(**{**labels, "age": None, "gender": "male"})]]
    found = numbers(drawn)
    assert found["pictures"] == 62 and found["people"] == 5 and found["readable"] == 0.2
    assert found["number_right"] == pytest.approx(3 / 62, abs=1e-3)  # two judges once, the stated one twice
    assert found["obeyed"]["age"] == 1 and found["obeyed"]["gender"] == (1.0 if gender == "male" else 0.5)
    assert found["planted_and_drawn"]["judge"]["male"] == [0.88, 0.5]
    assert found["planted_and_drawn"]["judge"]["old"] == [0.9, 1.0]
    assert found["planted_and_drawn"]["cook"]["old"][1] is None


@pytest.mark.parametrize("seed", [99, 2026])
def test_the_shipped_reader_reads_renders_nobody_trained_on(seed):
    """Everybody counts: who is not found is not read."""
    rng, reader, right = np.random.default_rng(seed), AgedReader(), []
    for _ in range(24):
        scene = unbiased(rng)
        small = [replace(r, box=tuple(side / SCALE for side in r.box)) for r in reader.read(picture(scene, SCALE))[0]]
        for person, reading in match(small, scene.people):
            labels = {} if reading is None else reading.labels
            asked = {
                "occupation": person.occupation,
                "gender": person.gender,
                "skin tone": person.tone,
                "age": person.age,
            }
            right.append([labels.get(axis) == value for axis, value in asked.items()])
    assert len(right) > 40 and np.mean(right, 0).min() >= 0.93
