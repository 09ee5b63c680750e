"""Who is in the pictures, for the map viewer: each person's cells and how it stands, before and after the user's edits."""

import re
from collections.abc import Sequence
from itertools import groupby

from torch import Tensor

from ..attention.maps import read_size
from ..guidance.run_record import Person, SampledRun

MASK = re.compile(r"mask \d+")  # who came as a mask, without a noun
People = Sequence[Sequence[Person]]


def crowd(run: SampledRun, now: People, nouns: Sequence[str] = ()) -> dict:
    """now: the people of each image as the run has left them. nouns: of the groups that the prompt names.

    `found` is whom the run has found, before edits it was given; `names` what can be given.
    """
    found = run.found or now
    height, width = read_size(run.store.latent_size)
    labels = dict.fromkeys([*nouns, *(p.label for people in now for p in people if not MASK.fullmatch(p.label))])
    return {
        "seed": None if run.seed is None else str(run.seed),  # the page's numbers are exact to 2**53 only
        "numbers": list(run.numbers or range(run.store.images)),
        "names": [a.name for a in run.target.attributes] if run.target else [],
        "nouns": list(labels),
        "height": height,
        "width": width,
        "found": [[told(p) for p in people] for people in found],
        "now": [[told(p) for p in people] for people in now],
    }


def told(person: Person) -> dict:
    status = person.status.value
    return {"label": person.label, "status": status, "name": person.name, "why": person.why, "runs": runs(person.mask)}


def runs(mask: Tensor) -> list[int]:
    """How many cells lie outside, then inside, then outside again ..., row by row. mask [h,w]; a cell is inside from 0.5 on."""
    lengths: list[int] = []
    for inside, cells in groupby((mask >= 0.5).flatten().tolist()):
        if inside and not lengths:
            lengths.append(0)
        lengths.append(len(list(cells)))
    return lengths
