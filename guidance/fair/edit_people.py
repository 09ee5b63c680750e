"""People found in a picture, as a user wants them: dropped, split, merged, drawn, given an attribute. See edits.py.

The map viewer shows the same before anything runs, so `web/js/maps/edits.js` has these rules once more, number for number.
A place means whoever is there: the person whose cells hold it, else the nearest, up to NEAR. An edit changes nobody but
whom it names; the report says of those who are not found any more, or have moved.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...attention.maps import read_size
from ..run_record import Person, SampledRun, Status
from .edits import DRAW, DROP, GIVE, MERGE, SPLIT, Edit, Place

NEAR = 0.1  # of the picture: as far from a person's cells an edit still means that person
MOVED = 0.03  # of the picture: a person is where it was, up to this
Mask = NDArray[np.bool_]
Somebody = Callable[[str, Tensor], Person]  # (noun, mask [h,w]) -> who was drawn there


def edit_run(
    found: list[list[Person]], edits: Sequence[Edit], run: SampledRun, names: Sequence[str], somebody: Somebody
) -> list[list[Person]]:
    """The people of each image of a run, edited; the run notes what became of the edits.

    names: of the target's attributes; none where nothing is given.
    """
    if not edits:
        return found
    numbers = run.numbers or tuple(range(len(found)))
    own = [[e for e in edits if (e.seed, e.image) == (run.seed, number)] for number in numbers]
    if not any(own):
        seeds = ", ".join(sorted({str(e.seed) for e in edits}))
        run.note(f"people were edited in other pictures (seed {seeds}), nobody in these (seed {run.seed})")
    edited, size = [], read_size(run.store.latent_size)
    for image, (people, said) in enumerate(zip(found, own, strict=True), 1):
        after, notes = edit_people(people, said, names, somebody, size)
        if said:
            run.note(f"image {image}: as edited by hand, {', '.join(e.kind for e in said)}")
        for note in notes:
            run.note(f"image {image}: {note}")
        edited.append(after)
    return edited


def edit_people(
    found: Sequence[Person], edits: Iterable[Edit], names: Sequence[str], somebody: Somebody, size: tuple[int, int]
) -> tuple[list[Person], list[str]]:
    """The people of one image after its edits, one after the other, and what has to be said of them. size: of masks."""
    people, notes = list(found), []
    for edit in edits:
        if edit.kind == DRAW:
            mask = polygon(edit.at, size)
            if mask.any():
                people.append(somebody(edit.name, torch.from_numpy(mask).float()))
            else:
                notes.append("what was drawn is too small to be anybody")
            continue
        chosen = [who_is_at(people, place) for place in edit.at[: 2 if edit.kind == MERGE else 1]]
        notes += [_gone(edit.kind, place) for place, j in zip(edit.at, chosen, strict=False) if j is None]
        there = [j for j in chosen if j is not None]
        if len(there) < len(chosen):
            continue
        notes += [said for place, j in zip(edit.at, there, strict=False) if (said := _moved(people[j], place))]
        people, note = _changed(people, there, edit, names)
        notes += [note] if note else []
    return people, notes


def _changed(people: list[Person], there: list[int], edit: Edit, names: Sequence[str]) -> tuple[list[Person], str]:
    first = min(there)
    before, person, after = people[:first], people[first], people[first + 1 :]
    if edit.kind == DROP:
        return [*before, replace(person, status=Status.DROPPED, attribute=None, name="", reason=""), *after], ""
    if edit.kind == GIVE:
        given, note = _given(person, edit.name, names)
        return [*before, given, *after], note
    if edit.kind == MERGE:
        other = people[max(there)]
        both = replace(person, mask=torch.maximum(person.mask, other.mask))
        return [*before, both, *(p for p in after if p is not other)], ""
    assert edit.kind == SPLIT, edit.kind
    parts = halves(person.mask, *edit.at[1:])
    if not parts:
        return people, f"{person.label} at {_at(edit.at[0])} was not split: all of it is on one side"
    return [*before, *(replace(person, mask=mask) for mask in parts), *after], ""


def _given(person: Person, name: str, names: Sequence[str]) -> tuple[Person, str]:
    if not names:
        return person, ""
    if name not in names:
        return person, f"{person.label} was to be {name}, which the target does not hold: dealt as the others"
    if person.status is Status.STATED:
        return (
            person,
            f"{person.label} was to be {name}, and stays: {person.reason} (see edit_fixed in Linguistic Alignment)",
        )
    return replace(person, attribute=names.index(name), status=Status.CHOSEN, name=name, reason=""), ""


def _gone(kind: str, place: Place) -> str:
    return f"nobody is at {_at(place)} any more, so {kind} was left out"


def _moved(person: Person, place: Place) -> str:
    x, y = spot(cells(person.mask))
    far = (x - place[0]) ** 2 + (y - place[1]) ** 2 > MOVED**2
    return f"{person.label}, edited at {_at(place)}, is at {_at((x, y))} now" if far else ""


def _at(place: Place) -> str:
    return f"({place[0]:.2f}, {place[1]:.2f})"


def cells(mask: Tensor) -> Mask:
    return (mask >= 0.5).numpy()


def who_is_at(people: Sequence[Person], place: Place) -> int | None:
    """Which of the people a place means: the one whose cells are nearest, up to NEAR; of several the one whose centre is."""
    reached = []
    for j, person in enumerate(people):
        inside = cells(person.mask)
        if person.status is Status.DROPPED or not inside.any():
            continue
        gap, (x, y) = distance(inside, place), centre(inside)
        if gap <= NEAR * NEAR:
            reached.append((gap, (x - place[0]) * (x - place[0]) + (y - place[1]) * (y - place[1]), j))
    return min(reached)[2] if reached else None


def _squares(inside: Mask, place: Place) -> NDArray[np.float64]:
    """[h,w]: squared distance of each cell's middle to a place, in shares of the picture's sides."""
    height, width = inside.shape
    dx = (np.arange(width) + 0.5) / width - place[0]
    dy = (np.arange(height) + 0.5) / height - place[1]
    return (dx * dx)[None] + (dy * dy)[:, None]


def distance(inside: Mask, place: Place) -> float:
    """Squared, from a place to the nearest middle of these cells; 0 where one of them holds it."""
    height, width = inside.shape
    row, column = min(height - 1, int(place[1] * height)), min(width - 1, int(place[0] * width))
    return 0.0 if inside[row, column] else float(_squares(inside, place)[inside].min())


def centre(inside: Mask) -> Place:
    """The mean of the cells' middles."""
    (height, width), (ys, xs) = inside.shape, np.nonzero(inside)
    return (int(xs.sum()) + 0.5 * len(xs)) / len(xs) / width, (int(ys.sum()) + 0.5 * len(ys)) / len(ys) / height


def spot(inside: Mask) -> Place:
    """A place inside: the middle of the cell nearest to the centre, the first in reading order."""
    height, width = inside.shape
    nearest = np.where(inside, _squares(inside, centre(inside)), np.inf).argmin()
    return (int(nearest) % width + 0.5) / width, (int(nearest) // width + 0.5) / height


def halves(mask: Tensor, one: Place, other: Place) -> tuple[Tensor, Tensor] | None:
    """A mask cut between two places, each cell to the nearer one; None where that leaves one of them nothing."""
    inside = cells(mask)
    nearer = _squares(inside, one) <= _squares(inside, other)
    if not (inside & nearer).any() or not (inside & ~nearer).any():
        return None
    first = torch.from_numpy(nearer).to(mask)
    return mask * first, mask * (1 - first)


def polygon(corners: Sequence[Place], size: tuple[int, int]) -> Mask:
    """[h,w]: cells whose middle an outline encloses, counted odd and even."""
    height, width = size
    xs = ((np.arange(width) + 0.5) / width)[None]
    ys = ((np.arange(height) + 0.5) / height)[:, None]
    inside = np.zeros(size, bool)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y1 != y2:
            inside ^= ((y1 > ys) != (y2 > ys)) & (xs < (x2 - x1) * (ys - y1) / (y2 - y1) + x1)
    return inside
