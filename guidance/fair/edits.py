"""People whom a user has edited: what an edit says, and its text, a list in JSON, as the map viewer writes it.

An edit names a picture (the sampling's seed and which image of that seed it is) and places in it, never a person's number:
numbers change as soon as one person more is found. Our decision, all of it.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

DROP, SPLIT, MERGE, DRAW, GIVE = "drop", "split", "merge", "draw", "give"
# How many places each names. drop, give: the person's. merge: both persons'. split: the person's, then one of each part.
# draw: the corners of the outline.
PLACES = {DROP: (1, 1), GIVE: (1, 1), MERGE: (2, 2), SPLIT: (3, 3), DRAW: (3, 400)}
MOST = 2000  # edits that one text may hold
REMEDY = "edit people on Explore Maps, or empty the text"
Place = tuple[float, float]  # x and y, in shares of the picture's width and height


@dataclass(frozen=True)
class Edit:
    """seed: of the sampling; None: of one whose seed is not known. image: which image of its seed, from 0. name: the attribute
    that is given, or the noun of who is drawn."""

    kind: str
    seed: int | None
    image: int
    at: tuple[Place, ...]
    name: str = ""


def parse_edits(text: str, node: str) -> tuple[Edit, ...]:
    """The edits of a text, in their order; none for an empty one. ValueError, with what to do, for anything else."""
    try:
        said = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, list):
        raise ValueError(f"{node}, edits: {text[:60]!r} is no list of edits; {REMEDY}")
    if len(said) > MOST:
        raise ValueError(f"{node}, edits: they are {len(said)}, more than {MOST}; {REMEDY}")
    return tuple(_edit(one, f"{node}, edits: number {number}") for number, one in enumerate(said, 1))


def _edit(said: Any, where: str) -> Edit:
    try:
        kind, seed, image, at, name = (said.get(k) for k in ("edit", "seed", "image", "at", "name"))
        least, most = PLACES[kind]
        places = tuple((float(x), float(y)) for x, y in at)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise ValueError(f"{where} ({str(said)[:60]}) is no edit of people; {REMEDY}") from None
    if not least <= len(places) <= most or not all(math.isfinite(s) and 0 <= s <= 1 for p in places for s in p):
        raise ValueError(f"{where}: {kind} has {least} to {most} places, of numbers from 0 to 1; {REMEDY}")
    if not isinstance(image, int) or not isinstance(name or "", str) or (kind == GIVE and not name):
        raise ValueError(
            f"{where}: image is a number from 0 on, name a text, and who is given an attribute has a name; {REMEDY}"
        )
    # A seed is text there: JavaScript's numbers are exact to 2**53 only.
    if seed is not None and not (str(seed).isdecimal() and len(str(seed)) < 30):
        raise ValueError(f"{where}: seed {seed!r} is no whole number; {REMEDY}")
    return Edit(kind, None if seed is None else int(seed), image, places, name or "")
