"""The first world's scenes and captions with an age: who is old, and the words that say so."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..ages import AGES
from ..captions import KNOWN_WORDS, Word, draw_groups, word_caption
from ..scene import Group, Scene, compose
from ..world import HERE

SCALE = 2  # pixels a side for each of the first world's
SIZE = 256  # side of a picture, pixels
AGE_NAMED = 0.45  # share of captions that name one
KNOWN = (*KNOWN_WORDS, *AGES)


def age_bias() -> dict:
    """The planted bias: {"old": occupation -> share, "shared_within_picture": share}; see dit/bias.json."""
    return json.loads((HERE / "dit" / "bias.json").read_text(encoding="utf-8"))


def draw_aged_groups(rng: np.random.Generator) -> tuple[tuple[Group, ...], str | None]:
    """What a caption names, as in the first world, and in AGE_NAMED of the captions an age."""
    groups, thing = draw_groups(rng)
    if rng.random() >= AGE_NAMED:
        return groups, thing
    named = [len(groups) == 1 or rng.random() < 0.8 for _ in groups]
    ages = [str(rng.choice(AGES)) for _ in groups]
    return tuple(replace(g, age=a) if n else g for g, a, n in zip(groups, ages, named, strict=True)), thing


def compose_aged(rng: np.random.Generator, groups: tuple[Group, ...], thing: str | None, table: dict | None = None,
                 ages: Mapping | None = None) -> Scene:  # fmt: skip
    """A scene that the caption describes. Where it names no age, `ages` decides (the planted bias if none), as gender is."""
    scene = compose(rng, groups, thing, table)
    ages = ages or age_bias()
    people = list(scene.people)
    for index, group in enumerate(groups):
        members = [n for n, p in enumerate(people) if p.group == index]
        shared = rng.random() < ages["shared_within_picture"]
        first = rng.random()
        for n in members:
            draw = first if shared else rng.random()
            old = draw < ages["old"][people[n].occupation]
            people[n] = replace(people[n], age=group.age or AGES[old])
    return replace(scene, people=tuple(people))


def aged_caption(rng: np.random.Generator, groups: tuple[Group, ...], thing: str | None) -> list[Word]:
    """A caption of the first world with the age before the group's other words: "two old dark female doctors"."""
    words: list[Word] = []
    said: set[int] = set()
    for word in word_caption(rng, groups, thing):
        if word.role == "person" and word.group not in said:
            said.add(word.group)
            age = groups[word.group].age
            if age:
                if words[-1].text in ("a", "an"):
                    words[-1] = Word("an" if age == "old" else "a")
                words.append(Word(age, "person", word.group))
        words.append(word)
    return words
