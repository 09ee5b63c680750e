"""The second world: ages are drawn as its table says, captions name them, and nothing of the first world has changed for it."""

import hashlib

import numpy as np
import pytest
import torch

from fair_attention.emoji_world import captions, scene
from fair_attention.emoji_world.ages import AGES, GREY
from fair_attention.emoji_world.autoencoder import PatchEncoder
from fair_attention.emoji_world.dit.aged import (
    KNOWN,
    SCALE,
    SIZE,
    age_bias,
    aged_caption,
    compose_aged,
    draw_aged_groups,
)
from fair_attention.emoji_world.dit.hints import AXES, group_labels, token_labels
from fair_attention.emoji_world.dit.stock import Stock, halved
from fair_attention.emoji_world.dit.train import SUPERVISED, learning_rate, shape_loss
from fair_attention.emoji_world.hints import NOBODY
from fair_attention.emoji_world.sprites import person_sprite
from fair_attention.emoji_world.world import GENDERS, OCCUPATIONS, TONES

FIRST_WORLD = (
    "899ca80e63ca6f397f3d31dd77ff5bcbc731b7154a71f0d84378ed9667749286"  # of the 60 scenes below, before there were ages
)


def first_world() -> str:
    """A digest of pictures, masks and captions of the first world."""
    rng, digest = np.random.default_rng(11), hashlib.sha256()
    for _ in range(60):
        groups, thing = captions.draw_groups(rng)
        drawn = scene.render(scene.compose(rng, groups, thing))
        for array in (drawn.image, drawn.person, drawn.head, drawn.things):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(captions.text(captions.word_caption(rng, groups, thing)).encode())
    return digest.hexdigest()


def test_the_first_world_is_as_it_was():
    assert first_world() == FIRST_WORLD


def test_the_first_world_has_nobody_old():
    rng = np.random.default_rng(5)
    people = [p for _ in range(50) for p in scene.compose(rng, *captions.draw_groups(rng)).people]
    assert {p.age for p in people} == {"young"}


def test_an_age_that_a_caption_names_is_drawn():
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(300):
        groups, thing = draw_aged_groups(rng)
        drawn = compose_aged(rng, groups, thing)
        words = captions.text(aged_caption(rng, groups, thing)).split()
        assert set(words) <= set(KNOWN)
        for index, group in enumerate(groups):
            named += group.age is not None
            ages = {p.age for p in drawn.people if p.group == index}
            assert group.age is None or (ages == {group.age} and group.age in words)
        assert any(g.age for g in groups) or not set(AGES) & set(words)
    assert 100 < named < 250


@pytest.mark.parametrize(("group", "text"), [
    (scene.Group("doctor", 2, "female", "dark", "old"), "two old dark female doctors"),
    (scene.Group("artist", 1, None, None, "young"), "a young artist"),
    (scene.Group("doctor", 1, None, None, "old"), "an old doctor"),
])  # fmt: skip
def test_the_age_comes_first(group, text):
    said = {captions.text(aged_caption(np.random.default_rng(seed), (group,), None)) for seed in range(60)}
    assert text in said


@pytest.mark.parametrize("occupation", ["judge", "student", "pilot"])
def test_unnamed_ages_follow_the_table(occupation):
    """2000 pictures: the standard error of a share is below 0.012, so 0.04 is above three of them."""
    rng = np.random.default_rng(1)
    drawn = [compose_aged(rng, (scene.Group(occupation, 1),), None).people[0].age for _ in range(2000)]
    assert np.mean([age == "old" for age in drawn]) == pytest.approx(age_bias()["old"][occupation], abs=0.04)
    assert set(age_bias()["old"]) == set(OCCUPATIONS)


@pytest.mark.parametrize("occupation", OCCUPATIONS)
def test_old_people_are_the_same_with_grey_hair(occupation):
    """More of the head is grey, nothing below it changes, and they differ from everybody young."""
    for gender in GENDERS:
        for tone in TONES:
            young, old = (np.asarray(person_sprite(occupation, gender, tone, age=age)).astype(int) for age in AGES)
            assert np.array_equal(young[..., 3], old[..., 3])
            changed = np.abs(young - old).sum(-1) > 60
            assert 350 < changed.sum() < 6000
            became = old[changed][:, :3]
            assert (np.abs(became - np.array(GREY)).max(1) < 90).mean() > 0.7


def test_a_larger_picture_is_the_same_scene():
    rng = np.random.default_rng(4)
    drawn = compose_aged(rng, *draw_aged_groups(rng))
    small, large = scene.render(drawn), scene.render(drawn, SCALE)
    assert large.image.shape == (SIZE, SIZE, 3)
    half = halved(large)
    assert half.person.shape == small.person.shape
    assert np.abs(half.person - small.person).mean() < 0.01
    coarse = large.image.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(coarse - small.image).mean() < 4


def test_a_stock_goes_on_where_it_was_kept(tmp_path):
    """The scenes drawn after loading are those that would have come anyway, and a file is as large as what it holds."""

    def stock(limit: int = 400) -> Stock:
        torch.manual_seed(0)
        return Stock(PatchEncoder(width=8, blocks=1), limit, seed=1)

    kept, again = stock(), stock()
    kept.grow(3)
    kept.save(tmp_path / "stock.pt")
    kept.grow(2)
    again.load(tmp_path / "stock.pt")
    assert len(again) == 3
    again.grow(2)
    assert again.named == kept.named and len(kept) == 5
    assert torch.equal(again.latents, kept.latents) and torch.equal(again.labels, kept.labels)
    assert (tmp_path / "stock.pt").stat().st_size < 100_000
    full = stock(limit=2)
    full.grow(3)
    assert len(full) == 2 and full.named[0] == kept.named[2] and full.named[1] == kept.named[1]


def test_labels_hold_the_age_of_whom_a_token_shows():
    people = [
        scene.Person("pilot", "female", "dark", 0, 0, 8, 0, "old"),
        scene.Person("cook", "male", "light", 0, 0, 8, 0),
    ]
    masks = np.zeros((2, 16, 16), np.float32)
    masks[0, :, :8] = 1
    masks[1, :8, 8:12] = 1
    labels = token_labels(masks, people)
    assert labels.shape == (len(AXES), 2, 2)
    assert labels[3].tolist() == [[AGES.index("old"), AGES.index("young")], [AGES.index("old"), NOBODY]]
    assert labels[0, 0, 1] == OCCUPATIONS.index("cook")
    assert group_labels(scene.Group("person", 2, age="old")) == (NOBODY, NOBODY, NOBODY, AGES.index("old"))


def test_maps_are_held_to_the_shape_of_whom_a_word_denotes():
    """A map that is the silhouette costs nothing; one spread evenly costs log(256 / 64): the silhouette is a quarter."""
    cover = torch.zeros(1, 3, 2, 16, 16)
    cover[0, 0, 0, :8, :8] = 1
    shape = cover[0, 0, 0].flatten()
    pointers = [(0, 3, 0, 0)]
    blocks = max(SUPERVISED) + 1
    right = torch.zeros(1, 256, 77)
    right[0, :, 3] = shape * 0.2
    assert float(shape_loss([right] * blocks, pointers, cover)) == pytest.approx(0, abs=1e-3)
    even = torch.full((1, 256, 77), 0.01)
    assert float(shape_loss([even] * blocks, pointers, cover)) == pytest.approx(np.log(4), abs=1e-3)
    assert float(shape_loss([even] * blocks, [], cover)) == 0


def test_the_learning_rate_is_level_until_it_cools():
    assert learning_rate(99, 10000, 1000, 1.0) == pytest.approx(0.5)
    assert learning_rate(5000, 10000, 1000, 1.0) == learning_rate(8000, 10000, 1000, 1.0) == 1
    assert learning_rate(9500, 10000, 1000, 1.0) == pytest.approx(0.51)
    assert learning_rate(9999, 10000, 1000, 1.0) < 0.03
