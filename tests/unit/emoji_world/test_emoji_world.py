"""The emoji world: scenes are what their captions say, masks are exact, the bias is the table's."""

import numpy as np
import pytest

from fair_attention.emoji_world import captions, scene
from fair_attention.emoji_world.corpus import coverage, target_shape
from fair_attention.emoji_world.sprites import person_sprite
from fair_attention.emoji_world.world import GENDERS, OCCUPATIONS, SIZE, TONES, bias, plural


def scenes(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        groups, thing = captions.draw_groups(rng)
        yield rng, groups, thing, scene.compose(rng, groups, thing)


def test_a_scene_holds_the_people_its_caption_names():
    for _, groups, _, drawn in scenes(200):
        assert 1 <= len(drawn.people) <= 4
        for index, group in enumerate(groups):
            people = [p for p in drawn.people if p.group == index]
            assert len(people) == group.count
            assert all(p.occupation == group.noun for p in people) or group.noun == "person"
            assert all(p.gender == group.gender for p in people) or group.gender is None
            assert all(p.tone == group.tone for p in people) or group.tone is None


def test_captions_use_known_words_and_name_what_was_asked():
    seen = set()
    for rng, groups, thing, _ in scenes(400):
        words = captions.word_caption(rng, groups, thing)
        text = captions.text(words)
        assert {w.text for w in words} <= set(captions.KNOWN_WORDS)
        for group in groups:
            noun = group.noun if group.count == 1 else plural(group.noun)
            named = {noun, "man", "men", "woman", "women"} if group.noun == "person" else {noun}
            assert named & set(text.split())
            assert group.tone is None or group.tone in text.split()
        assert thing is None or text.endswith(thing)
        assert " a artist" not in f" {text}" and " an doctor" not in f" {text}"
        seen.add(text.split()[0])
    assert {"a", "two", "three", "four"} <= seen


@pytest.mark.parametrize("occupation", ["doctor", "singer", "farmer"])
def test_unnamed_attributes_follow_the_table(occupation):
    """4000 pictures of one person: the standard error of a share is below 0.008, so 0.03 is about four of them."""
    rng = np.random.default_rng(1)
    drawn = [scene.draw_attributes(rng, scene.Group(occupation, 1))[0] for _ in range(4000)]
    table = bias()["occupations"][occupation]
    assert np.mean([gender == "male" for _, gender, _ in drawn]) == pytest.approx(table["male"], abs=0.03)
    for tone, share in zip(TONES, table["tones"], strict=True):
        assert np.mean([t == tone for _, _, t in drawn]) == pytest.approx(share, abs=0.03)


def test_people_of_a_picture_mostly_share_their_attributes():
    """shared + (1 - shared) x chance: 0.85 + 0.15 (0.9^3 + 0.1^3) = 0.96 for three doctors' gender."""
    rng = np.random.default_rng(2)
    groups = [scene.draw_attributes(rng, scene.Group("doctor", 3)) for _ in range(3000)]
    alike = np.mean([len({gender for _, gender, _ in people}) == 1 for people in groups])
    assert alike == pytest.approx(0.96, abs=0.02)


def test_every_row_of_the_table_is_a_distribution():
    table = bias()
    assert tuple(table["occupations"]) and set(table["occupations"]) == set(OCCUPATIONS)
    assert tuple(table["tones"]) == TONES
    for row in table["occupations"].values():
        assert sum(row["tones"]) == pytest.approx(1) and 0 < row["male"] < 1


def test_masks_are_disjoint_and_match_the_pixels():
    for _, groups, _, drawn in scenes(40, seed=3):
        picture = scene.render(drawn)
        assert picture.image.shape == (SIZE, SIZE, 3)
        assert picture.person.shape == (len(drawn.people), SIZE, SIZE)
        assert float(picture.person.sum(0).max()) <= 1 + 1e-5
        assert (picture.head <= picture.person + 1e-6).all()
        blank = scene.render(scene.Scene(groups, drawn.people[:1], (), drawn.wall, drawn.floor, drawn.horizon))
        outside = (picture.person.sum(0) == 0) & (picture.things == 0) & (blank.person.sum(0) == 0)
        assert (picture.image[outside] == blank.image[outside]).all()


def test_people_are_not_hidden_behind_each_other():
    for _, _, _, drawn in scenes(150, seed=4):
        shown = scene.render(drawn).person.sum((1, 2))
        for person, area in zip(drawn.people, shown, strict=True):
            whole = (
                np.asarray(person_sprite(person.occupation, person.gender, person.tone, person.size))[..., 3].sum()
                / 255
            )
            assert area > 0.6 * whole


def test_all_sprites_differ():
    sprites = {person_sprite(o, g, t, 32).tobytes() for o in OCCUPATIONS for g in GENDERS for t in TONES}
    assert len(sprites) == len(OCCUPATIONS) * len(GENDERS) * len(TONES)


def test_coverage_is_the_share_of_each_cell():
    """One person: the cells' mean coverage is the silhouette's share of the picture; heads lie inside people."""
    for _, _, _, drawn in scenes(20, seed=5):
        picture = scene.render(drawn)
        cells = coverage(picture, [p.group for p in drawn.people])
        assert cells[0].sum(0).mean() == pytest.approx(picture.person.sum(0).mean(), abs=1e-3)
        assert (cells[1] <= cells[0] + 1e-6).all()


def test_target_shape_sums_to_one():
    torch = pytest.importorskip("torch")
    cover = torch.zeros(1, 16, 16)
    cover[0, :8, :8] = 1  # a quarter of the picture: at 8x8 it fills 16 cells
    shape = target_shape(cover, 8)
    assert shape.sum().item() == pytest.approx(1)
    assert (shape > 0).sum().item() == 16
