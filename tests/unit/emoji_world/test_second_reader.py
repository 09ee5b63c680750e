"""The second reader of the emoji world: an ordinary folder that the ordinary code opens, and right on people it never saw."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")

from fair_attention.emoji_world import compare_readers, train_second_reader
from fair_attention.emoji_world.captions import draw_groups
from fair_attention.emoji_world.reader import AXES
from fair_attention.emoji_world.scene import compose, render
from fair_attention.emoji_world.train_reader import recast
from fair_attention.emoji_world.world import GENDERS, OCCUPATIONS, SECOND_READER, TONES
from fair_attention.metrics.readers import Reading
from fair_attention.metrics.readers.opening import FITTING, open_reader
from fair_attention.metrics.readers.person_reader import PersonReader


@pytest.fixture(scope="module")
def reader():
    return PersonReader(open_reader(SECOND_READER, FITTING, ""))


def test_it_reads_what_the_first_reads_and_is_small(reader):
    assert dict(reader.axes) == dict(AXES) and reader.name == "emoji-world-vit"
    assert reader.instrument.labels_by == "the model's own labels"
    assert sum(f.stat().st_size for f in SECOND_READER.iterdir()) < 1_000_000


def test_it_is_right_on_renders_of_seeds_of_their_own(reader):
    """Every attribute equally likely; 60 scenes, at least 95 % right of the people on each axis, unreadable ones wrong."""
    rng, right, people = np.random.default_rng(77), dict.fromkeys(AXES, 0), 0
    for _ in range(60):
        scene = recast(rng, compose(rng, *draw_groups(rng)))
        image = torch.from_numpy(render(scene).image.copy())[None].float() / 255
        boxes = [((p.left, p.top, p.left + p.size, p.top + p.size), 1.0) for p in scene.people]
        (read,) = reader.read(image, [boxes])
        for person, reading in zip(sorted(scene.people, key=lambda p: p.left), read, strict=True):
            truth = {"occupation": person.occupation, "gender": person.gender, "skin tone": person.tone}
            people += 1
            for axis, value in truth.items():
                right[axis] += reading.labels[axis] == value
    assert people > 100 and min(right.values()) >= 0.95 * people, (right, people)


def test_crops_are_of_the_people_with_their_labels():
    """A white person at a known place of a black picture fills the middle of its crop; labels are the indices of its attributes."""
    scene = compose(np.random.default_rng(0), *draw_groups(np.random.default_rng(0)))
    person = replace(scene.people[0], left=40, top=40, size=40, occupation="pilot", gender="female", tone="dark")
    picture = torch.zeros(1, 128, 128, 3, dtype=torch.uint8)
    picture[:, 40:80, 40:80] = 255
    shown, labels = train_second_reader.crops(np.random.default_rng(1), picture, [(0, person)] * 8)
    assert shown.shape == (8, 3, 48, 48) and int(shown[:, :, 20:28, 20:28].min()) == 255
    assert labels.tolist() == [[OCCUPATIONS.index("pilot"), GENDERS.index("female"), TONES.index("dark")]] * 8


def test_captions_of_redrawn_scenes_state_everything():
    groups, _ = train_second_reader.stated_groups(np.random.default_rng(3))
    assert all(g.noun in OCCUPATIONS and g.gender in GENDERS and g.tone in TONES for g in groups)


def test_agreement_by_hand():
    """Four people: alike, differing, one left open by the first, one by the second."""

    def people(first, second):
        reading = [
            Reading((0, 0, 9, 9), {axis: value for axis in AXES}, certainty=dict.fromkeys(AXES, 0.9))
            for value in (first, second)
        ]
        return torch.zeros(16, 16, 3), *reading

    found = [people("x", "x"), people("x", "y"), people(None, "y"), people("x", None)]
    assert compare_readers.agreement(found, "gender") == (1, 2, 2)
    assert [axis for _, axis in compare_readers.differing(found)] == list(AXES)
    assert compare_readers.sheet(compare_readers.differing(found)).size == (1200, 160)


def test_pairs_are_read_in_the_first_readers_boxes(monkeypatch):
    boxes = [[Reading((1, 2, 30, 40), {}, 0.8)]]
    monkeypatch.setattr(compare_readers, "EmojiReader", lambda: SimpleNamespace(read=lambda images: boxes))
    second = SimpleNamespace(
        read=lambda images, found: [[Reading(box, {}, sure) for box, sure in people] for people in found]
    )
    ((picture, a, b),) = compare_readers.pairs(torch.full((1, 8, 8, 3), 255, dtype=torch.uint8), second)
    assert a.box == b.box == (1, 2, 30, 40) and float(picture.min()) == 1.0
