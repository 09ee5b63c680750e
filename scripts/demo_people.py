"""What became of the people of the demo: a row each, what was kept, what was reached, and what could not be measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..emoji_world.looks import looks
from ..emoji_world.reader import EmojiReader
from ..guidance.fair.target import Attribute
from ..guidance.run_record import Status, sentence
from ..metrics.people import gone, kept, match_people, reading_at
from ..metrics.readers import Reading

Readings = list[list[Reading]]


def axis_of(wanted: Sequence[Attribute]) -> str:
    return wanted[0].axis_values[0][0]


def rows(
    wanted: Sequence[Attribute], before: Readings, after: Readings, people: list[list[dict[str, Any]]], pictures: Tensor
) -> list[dict[str, Any]]:
    """One row a person: where it was found, what it was given and why, how it was steered, what is read before and after."""
    found = []
    for image, (picture, here) in enumerate(zip(pictures, people, strict=True)):
        size = (picture.shape[0], picture.shape[1])
        for number, person in enumerate(here, 1):
            a, b = (reading_at(person["mask"], readings[image], size) for readings in (before, after))
            given = None if person["attribute"] is None else wanted[person["attribute"]].name
            found.append({
                "picture": image,
                "person": number,
                "group": person["label"],
                "given": given,
                "why": sentence(Status(person["status"]), person["name"], person["reason"]),
                "steered": person.get("steered", []),
                "read_before": a and dict(a.labels),
                "read_after": b and dict(b.labels),
                "box": b and [round(v) for v in b.box],
                "looks": b and looks(picture, b),
            })  # fmt: skip
    return found


def became(wanted: Sequence[Attribute], read: dict[str, Readings], people: list[dict[str, Any]]) -> dict[str, Any]:
    """What was kept and what was reached; and what of the target the reader cannot say."""
    axis, (before, after) = axis_of(wanted), read.values()
    pairs = [pair for a, b in zip(before, after, strict=True) for pair in match_people(a, b)]
    kept_shares = {}
    for name in EmojiReader.axes:
        if name != axis:
            found = kept(pairs, name)
            down, up, p = found.drift(EmojiReader.axes[name])
            kept_shares[name] = {"people": found.people, "kept": found.same, "towards": [down, up], "sign_test_p": p}
    unknown = [a.name for a in wanted if a.name not in EmojiReader.axes.get(axis, ())]
    asked: dict[str, list[int]] = {}
    for person in people:
        if person["given"] is not None and person["given"] not in unknown:
            met, total = asked.get(person["given"], [0, 0])
            read_as = person["read_after"] and person["read_after"].get(axis)
            asked[person["given"]] = [met + (read_as == person["given"]), total + 1]
    return {
        "kept": kept_shares,
        "people_gone": gone(pairs),
        "reached": {name: {"read": met, "given": total} for name, (met, total) in asked.items()},
        "not_measured": [f"the {EmojiReader.name} does not read {', '.join(unknown)}"] if unknown else [],
    }
