"""The contact sheet: the pictures behind the numbers, boxes around who was read, small enough to be inside the page."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ...metrics.study import StudyStore
from ...metrics.study.reading import parsed

SIDE, QUALITY, MOST = 144, 70, 480  # pixels and quality of a picture, how many at most: some 3 MB
COLOURS = ("#ffd23f", "#4cc9f0", "#ff6b9d", "#7ae582", "#c77dff", "#ff9f1c")


@dataclass(frozen=True)
class Shown:
    """source: data URI. text: who is there, in words."""

    source: str
    text: str
    seed: str
    index: int


@dataclass(frozen=True)
class Line:
    """Pictures of one prompt, by method."""

    prompt: str
    pictures: tuple[tuple[str, tuple[Shown, ...]], ...]


def sheet(store: StudyStore, folder: Path, methods: Sequence[str], axes: Sequence[str]) -> list[Line]:
    """Of each prompt the first pictures that were kept, as many of each as there is room for."""
    found = store.db.execute(
        "SELECT prompt, method, pictures.id, seed, batch_index, width, height, file FROM pictures JOIN sources ON sources.id = source "
        "WHERE file != '' ORDER BY prompt, method, length(seed), seed, batch_index"
    ).fetchall()
    each: dict[str, dict[str, list[tuple]]] = {}
    for prompt, method, *row in found:
        each.setdefault(prompt, {}).setdefault(method, []).append(tuple(row))
    room = max(1, MOST // max(1, len(each) * max(1, len(methods))))
    lines, used = [], 0
    for prompt, by_method in each.items():
        if used + len(methods) > MOST:
            break
        pictures = []
        for method in methods:
            shown = [s for row in by_method.get(method, [])[:room] if (s := one(store, folder, row, axes)) is not None]
            used += len(shown)
            pictures.append((method, tuple(shown)))
        lines.append(Line(prompt, tuple(pictures)))
    return lines


def one(store: StudyStore, folder: Path, row: tuple, axes: Sequence[str]) -> Shown | None:
    """None where the file is gone, or lies outside the study's folder."""
    id, seed, index, width, height, file = row
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        return None
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    scale = SIDE / max(picture.size)
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
    pen, said = ImageDraw.Draw(picture), []
    sides = picture.width / width, picture.height / height
    people = store.db.execute(
        "SELECT left, top, right, bottom, read, given FROM people WHERE picture = ? ORDER BY person", (id,)
    )
    for j, (left, top, right, bottom, read, given) in enumerate(people):
        box = [min(max(v * sides[i % 2], 0), picture.size[i % 2] - 1) for i, v in enumerate((left, top, right, bottom))]
        if box[0] < box[2] and box[1] < box[3]:
            pen.rectangle(box, outline=COLOURS[j % len(COLOURS)], width=2)
        said.append(person(parsed(read), given, axes))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    source = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    return Shown(source, "; ".join(said) or "nobody", "unknown" if seed is None else seed, index)


def person(read: Mapping[str, str | None], given: str, axes: Sequence[str]) -> str:
    seen = " ".join(read.get(axis) or f"{axis}?" for axis in axes)
    return f"{seen} (given {given})" if given else seen
