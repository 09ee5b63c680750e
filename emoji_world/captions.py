"""Captions: what a scene may be called, and which of the words denote what in the picture."""

from dataclasses import dataclass

import numpy as np

from .scene import Group
from .world import GENDERS, OCCUPATIONS, THINGS, TONES, plural

NUMBER = {1: "a", 2: "two", 3: "three", 4: "four"}
ROLES = ("person", "head", "things")
NOUNS = (*OCCUPATIONS, "person", "man", "woman")
KNOWN_WORDS = (
    *"a an the photo of and with next to beside face faces gender skin".split(),
    *("two", "three", "four", *GENDERS, *TONES, *NOUNS, *map(plural, NOUNS), *THINGS),
)  # every word a caption can hold: the only ones the model learns


@dataclass(frozen=True)
class Word:
    """One word of a caption; role and group say what it denotes ("person" of group 0), None: nothing to point at."""

    text: str
    role: str | None = None
    group: int = 0


def draw_groups(rng: np.random.Generator) -> tuple[tuple[Group, ...], str | None]:
    """What a caption names: one or two groups (four people at most), attributes in seven of ten, a thing in two of five."""
    two = rng.random() < 0.2
    total = int(
        rng.choice((2, 3, 4), p=(0.6, 0.25, 0.15)) if two else rng.choice((1, 2, 3, 4), p=(0.27, 0.33, 0.25, 0.15))
    )
    counts = (total,) if not two else (1, total - 1) if rng.random() < 0.5 else (total - 1, 1)
    nouns = ["person" if rng.random() < 0.12 else str(rng.choice(OCCUPATIONS)) for _ in counts]
    if two and rng.random() < 0.3:
        nouns[1] = nouns[0]
    named_gender, named_tone = rng.random() < 0.5, rng.random() < 0.45
    groups = tuple(
        Group(
            noun,
            count,
            str(rng.choice(GENDERS)) if named_gender and (not two or rng.random() < 0.8) else None,
            str(rng.choice(TONES)) if named_tone and (not two or rng.random() < 0.8) else None,
        )
        for noun, count in zip(nouns, counts, strict=True)
    )
    return groups, str(rng.choice(THINGS)) if rng.random() < 0.4 else None


def word_caption(rng: np.random.Generator, groups: tuple[Group, ...], thing: str | None) -> list[Word]:
    """One of the forms such a caption takes: "a photo of the faces of two dark female pilots with cats"."""
    words = [Word(w) for w in ("a photo of".split() if rng.random() < 0.45 else ())]
    if rng.random() < 0.2 and len(groups) == 1:
        face = "face" if groups[0].count == 1 else "faces"
        words += [Word("the"), Word(face, "head"), Word("of")]
    for index, group in enumerate(groups):
        if index:
            words.append(Word("and"))
        words += _word_group(rng, group, index)
    if thing:
        words += [Word(w) for w in ("with", "next to", "beside")[rng.integers(3)].split()]
        words.append(Word(thing, "things"))
    return words


def _word_group(rng: np.random.Generator, group: Group, index: int) -> list[Word]:
    noun, gender, tone = group.noun, group.gender, group.tone
    before: list[Word] = []
    after: list[Word] = []
    if tone and rng.random() < 0.2:
        after += [Word("with"), Word(tone, "person", index), Word("skin", "head", index)]
    elif tone:
        before.append(Word(tone, "person", index))
    if gender and noun == "person" and rng.random() < 0.5:
        noun = {"male": "man", "female": "woman"}[gender]
    elif gender and rng.random() < 0.12:
        after = [Word("of"), Word(gender, "person", index), Word("gender", "person", index), *after]
    elif gender:
        before.append(Word(gender, "person", index))
    number = NUMBER[group.count]
    text = noun if group.count == 1 else plural(noun)
    first = before[0].text if before else text
    if number == "a" and first[0] in "aeiou":
        number = "an"
    return [Word(number), *before, Word(text, "person", index), *after]


def text(words: list[Word]) -> str:
    return " ".join(w.text for w in words)
