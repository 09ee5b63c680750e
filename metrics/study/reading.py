"""A study read back: as what readers say, for the nodes and formulas that take that; row by row, for tables."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..readers import ReadAttributes, Reading, Source
from .rows import certificate_of
from .store import StudyError, StudyStore


@dataclass(frozen=True)
class Counted:
    """How many pictures and people a method has."""

    pictures: int
    people: int


def counted(store: StudyStore) -> dict[str, Counted]:
    """Of each method, by name."""
    found = store.db.execute(
        "SELECT method, count(*), total((SELECT count(*) FROM people WHERE picture = pictures.id)) "
        "FROM pictures JOIN sources ON sources.id = source GROUP BY method ORDER BY method"
    )
    return {method: Counted(int(pictures), int(people)) for method, pictures, people in found}


def reader_of(store: StudyStore) -> dict[str, Any]:
    """Who has read the study: {"reader", "axes", "certificate"}, as measured last. StudyError without any picture."""
    found = store.db.execute("SELECT content FROM readers ORDER BY id DESC LIMIT 1").fetchone()
    if found is None:
        raise StudyError("the study has no pictures yet: run it first")
    return json.loads(found[0])


def everybody(store: StudyStore, columns: str, method: str | None = None) -> Iterator[tuple]:
    """Those columns of each person, and of a picture without anybody once, its person's then None; of one method, or of all.

    In the order of methods, prompts, seeds and places: pictures and their people come one after the other.
    """
    chosen, given = ("", ()) if method is None else ("WHERE method = ?", (method,))
    return store.db.execute(
        f"SELECT {columns} FROM pictures JOIN sources ON sources.id = source LEFT JOIN people ON picture = pictures.id {chosen} "
        "ORDER BY method, prompt, length(seed), seed, batch_index, pictures.id, person",  # seeds: may be too large for SQLite's numbers
        given,
    )


def read_back(store: StudyStore, method: str) -> ReadAttributes:
    """Everybody recorded under a method, with prompts, seeds and places."""
    about = reader_of(store)
    images: list[tuple[Reading, ...]] = []
    sources: list[Source] = []
    for picture in pictures(store, method):
        images.append(tuple(picture["people"]))
        sources.append(Source(picture["prompt"], picture["seed"], picture["batch_index"]))
    axes = {axis: tuple(values) for axis, values in about["axes"].items()}
    certificate = certificate_of(about["certificate"]) if about["certificate"] else None
    return ReadAttributes(about["reader"], axes, tuple(images), certificate, tuple(sources))


def pictures(store: StudyStore, method: str) -> Iterator[dict[str, Any]]:
    """Each picture of a method with its people as readings, in the order of prompts, seeds and places."""
    columns = "pictures.id, prompt, seed, batch_index, left, top, right, bottom, read, certainty, confidence"
    current: dict[str, Any] = {}
    for id, prompt, seed, place, left, top, right, bottom, read, certainty, confidence in everybody(
        store, columns, method
    ):
        if id != current.get("id"):
            if current:
                yield current
            current = {
                "id": id,
                "prompt": prompt,
                "seed": None if seed is None else int(seed),
                "batch_index": place,
                "people": [],
            }
        if read is not None:
            current["people"].append(Reading((left, top, right, bottom), parsed(read), confidence, parsed(certainty)))
    if current:
        yield current


@lru_cache(maxsize=4096)
def parsed(text: str) -> dict[str, Any]:
    """Labels from JSON: few texts occur, many times."""
    return json.loads(text)
