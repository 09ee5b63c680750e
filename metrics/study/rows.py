"""What one run of a graph has to say: who is in each of its pictures, what each was given, and what was read.

The rows travel as JSON in what *Record People* shows, through the host's history, to whoever asked for the run.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..readers import Certificate, Confusion, ReadAttributes

LAYOUT = 1  # of the JSON
LONGEST = 300  # characters of a name: of a class, an attribute, a file


@dataclass(frozen=True)
class PersonRow:
    """box: left, top, right, bottom in pixels. read: axis -> value, None unreadable. given: the attribute's name, "" for none."""

    box: tuple[float, float, float, float]
    read: Mapping[str, str | None]
    certainty: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 1.0
    given: str = ""
    status: str = ""  # how Fair Inference had it stand: open, stated, assigned, kept


@dataclass(frozen=True)
class PictureRow:
    """batch_index: place in the batch of its seed. unread: names of attributes given to people nobody is read at the place of."""

    batch_index: int
    width: int
    height: int
    people: tuple[PersonRow, ...] = ()
    unread: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class CellRows:
    """All pictures of one seed. certificate: as its file has it, None where the reader has none."""

    reader: str
    axes: Mapping[str, tuple[str, ...]]
    pictures: tuple[PictureRow, ...]
    certificate: Mapping[str, Any] | None = None

    def dumps(self) -> str:
        pictures = [
            {
                "batch_index": p.batch_index, "width": p.width, "height": p.height, "unread": list(p.unread),
                "people": [
                    {"box": list(m.box), "read": dict(m.read), "certainty": dict(m.certainty), "confidence": m.confidence,
                     "given": m.given, "status": m.status}
                    for m in p.people
                ],
            }
            for p in self.pictures
        ]  # fmt: skip
        head = {"layout": LAYOUT, "reader": self.reader, "axes": {a: list(v) for a, v in self.axes.items()}}
        return json.dumps({**head, "certificate": self.certificate, "pictures": pictures}, ensure_ascii=False)


def loads(text: str) -> CellRows:
    """Rows from JSON that a server has sent. ValueError says what is wrong with them: they may be a stranger's."""
    try:
        content = json.loads(text)
        if content["layout"] != LAYOUT:
            raise ValueError(
                f"layout {content['layout']}, this version reads {LAYOUT}: use the same version of Fair Attention"
            )
        axes = {_name(a): tuple(_name(v) for v in values) for a, values in content["axes"].items()}
        pictures = tuple(_picture(p, axes) for p in content["pictures"])
        if sorted({p.batch_index for p in pictures}) != list(range(len(pictures))):
            raise ValueError("the pictures are not numbered from 0")
        certificate = content["certificate"]
        if certificate is not None:
            certificate_of(certificate)
        return CellRows(_name(content["reader"]), axes, pictures, certificate)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"what Record People sent cannot be read ({error or type(error).__name__})") from error


def _picture(content: dict, axes: Mapping[str, tuple[str, ...]]) -> PictureRow:
    people = tuple(_person(p, axes) for p in content["people"])
    width, height, index = (int(content[key]) for key in ("width", "height", "batch_index"))
    if min(width, height) < 1 or index < 0:
        raise ValueError("a picture has a side below 1, or a place below 0")
    return PictureRow(index, width, height, people, tuple(_name(n) for n in content["unread"]))


def _person(content: dict, axes: Mapping[str, tuple[str, ...]]) -> PersonRow:
    read = {axis: content["read"].get(axis) for axis in axes}
    wrong = next((value for axis, value in read.items() if value is not None and value not in axes[axis]), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is none of its axis's values")
    left, top, right, bottom = (_number(v) for v in content["box"])
    certainty = {_name(a): _number(v) for a, v in content["certainty"].items()}
    return PersonRow(
        (left, top, right, bottom), read, certainty, _number(content["confidence"]), _name(content["given"]), _name(content["status"])
    )  # fmt: skip


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError(f"a name is no text of at most {LONGEST} characters")
    return value


def rows_of(
    read: ReadAttributes, size: tuple[int, int], indices: Sequence[int], given: Sequence[tuple[Mapping[int, tuple[str, str]], Sequence[str]]] = ()
) -> CellRows:  # fmt: skip
    """What a reader saw, as rows. size: (width, height). indices: each picture's place in the batch of its seed.

    given: of each picture, number of a reading -> (attribute, status), and the attributes given where nobody is read.
    """
    pictures = []
    for number, people in enumerate(read.images):
        got, unread = given[number] if given else ({}, ())
        rows = tuple(
            PersonRow(
                tuple(round(float(v), 1) for v in p.box), {axis: p.labels.get(axis) for axis in read.axes},  # type: ignore[arg-type]
                {a: round(float(v), 4) for a, v in p.certainty.items()}, round(float(p.confidence), 4), *got.get(j, ("", "")),
            )
            for j, p in enumerate(people)
        )  # fmt: skip
        pictures.append(PictureRow(indices[number], *size, rows, tuple(unread)))
    certificate = certificate_content(read.certificate) if read.certificate else None
    return CellRows(read.reader, {a: tuple(v) for a, v in read.axes.items()}, tuple(pictures), certificate)


def certificate_content(certificate: Certificate) -> dict[str, Any]:
    axes = {
        axis: {"classes": list(c.classes), "counts": [list(row) for row in c.counts]}
        for axis, c in certificate.axes.items()
    }
    return {"reader": certificate.reader, "pictures": certificate.pictures, "missed": certificate.missed, "axes": axes}


def certificate_of(content: Mapping[str, Any]) -> Certificate:
    """ValueError, KeyError or TypeError where it is none."""
    axes = {
        axis: Confusion(tuple(c["classes"]), tuple(tuple(map(int, row)) for row in c["counts"]))
        for axis, c in content["axes"].items()
    }
    return Certificate(content["reader"], axes, content["pictures"], int(content["missed"]))
