"""Measure a reader on pictures whose people are known, and write its certificate beside it.

    python -m fair_attention.metrics.readers.check READER FOLDER --axis gender
    python -m fair_attention.metrics.readers.check READER labels.csv

READER: a folder with a classifier or a zero-shot model. FOLDER: a folder for each value, with pictures of one person
each, read as they are, also in folders further below; or a CSV with a column "file" and one column for each axis. Printed:
accuracy for each class with Wilson's 95 % interval, the confusion matrix, the share left open.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from scipy.stats import binomtest
from torch import Tensor

from .certificate import FILE, Certificate, Confusion
from .label_presets import PRESETS, ZERO_SHOT
from .opening import FITTING, OWN, open_reader
from .person_reader import THRESHOLD, PersonReader
from .whereabouts import whole

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
UNSURE = "unreadable"
Labelled = tuple[Path, dict[str, str]]  # a picture, axis -> true value


def pictures_of(source: Path, axis: str, axes: dict[str, tuple[str, ...]]) -> list[Labelled]:
    """The pictures of a folder per value, or of a CSV. ValueError for values the reader does not know, and for nothing."""
    if source.suffix.lower() == ".csv":
        with source.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
        known = [name for name in axes if rows and name in rows[0]]
        if not rows or "file" not in rows[0] or not known:
            raise ValueError(f"{source}: wanted is a column file, and one of {', '.join(axes)}")
        found = [(source.parent / row["file"], {name: row[name] for name in known if row[name]}) for row in rows]
    else:
        if not source.is_dir():
            raise ValueError(f"there is no folder {source}: wanted is one with a folder for each value of {axis}")
        files = sorted(f for f in source.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
        loose = next((f for f in files if f.parent == source), None)
        if loose is not None:
            raise ValueError(f"{loose} lies in no folder that says its {axis}: move it into one, or take it out")
        found = [(file, {axis: file.relative_to(source).parts[0]}) for file in files]  # however deep it lies
    if not found:
        raise ValueError(f"{source} holds no pictures: wanted is a folder for each of {', '.join(axes.get(axis, ()))}")
    remedy = f"; the folders right below {source} are to be the values" if source.is_dir() else ""
    for file, labels in found:
        for name, value in labels.items():
            if value not in axes.get(name, ()):
                read = ", ".join(axes.get(name, ("nothing",)))
                raise ValueError(f"{file}: {value!r} is no {name} of this reader, which reads {read}{remedy}")
    return found


def load_picture(path: Path) -> Tensor:
    """[1,H,W,3] in 0 ... 1. ValueError if it is no picture."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return torch.from_numpy(np.asarray(picture.convert("RGB")).copy())[None].float() / 255
    except OSError as error:
        raise ValueError(f"{path} is no picture that can be read ({error}): replace it or take it out") from error


def measure(reader: PersonReader, pictures: Sequence[Labelled], source: str) -> Certificate:
    """Every picture read as one person, counted against its labels."""
    measured = sorted({axis for _, labels in pictures for axis in labels})
    counts = {axis: [[0] * (len(reader.axes[axis]) + 1) for _ in reader.axes[axis]] for axis in measured}
    for path, labels in pictures:
        image = load_picture(path)
        ((reading,),) = reader.read(image, whole(image))
        for axis, value in labels.items():
            values, said = reader.axes[axis], reading.labels[axis]
            counts[axis][values.index(value)][len(values) if said is None else values.index(said)] += 1
    axes = {axis: Confusion(reader.axes[axis], tuple(map(tuple, rows))) for axis, rows in counts.items()}
    return Certificate(reader.settings, axes, source)


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    found = binomtest(hits, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def describe(certificate: Certificate) -> Iterator[str]:
    """The certificate as lines of text. Each cell: share of the row, its interval, people."""
    yield f"{certificate.reader}: measured on {certificate.pictures}"
    for axis, matrix in certificate.axes.items():
        readable = sum(sum(row[:-1]) for row in matrix.counts)
        right, people = sum(row[i] for i, row in enumerate(matrix.counts)), matrix.people
        low, high = interval(right, readable)
        yield ""
        yield f"{axis} (perceived): {right} of {readable} readable people right, {right / max(readable, 1):.1%} [{low:.1%}, {high:.1%}]"
        yield f"left open: {people - readable} of {people} ({(people - readable) / max(people, 1):.1%})"
        width = max(map(len, (*matrix.classes, UNSURE))) + 2
        wide = max(width, 24)
        yield " " * width + "".join(name.rjust(wide) for name in (*matrix.classes, UNSURE)) + "   (read as)"
        for name, row in zip(matrix.classes, matrix.counts, strict=True):
            yield name.ljust(width) + "".join(_cell(n, sum(row)).rjust(wide) for n in row)
        for i, (name, row) in enumerate(zip(matrix.classes, matrix.counts, strict=True)):
            low, high = interval(row[i], sum(row[:-1]))
            yield f"accuracy, {name}: {row[i] / max(sum(row[:-1]), 1):.1%} [{low:.1%}, {high:.1%}] of {sum(row[:-1])} readable"


def _cell(n: int, of: int) -> str:
    low, high = interval(n, of)
    return f"{n} {n / max(of, 1):.0%} [{low:.0%}, {high:.0%}]"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--axis", default="gender", help="what the folders' names are (default: gender)")
    parser.add_argument("--labels", default="", choices=["", *PRESETS], help="a preset for the model's labels")
    parser.add_argument("--table", type=Path, help="a file with a label table, as in the node")
    parser.add_argument("--confidence", type=float, default=THRESHOLD)
    parser.add_argument(
        "--expand", type=float, default=0.0, help="share of the side that is added around a picture, black"
    )
    a = parser.parse_args(arguments)
    try:
        table = a.table.read_text(encoding="utf-8") if a.table else ZERO_SHOT
        labels = a.labels or (OWN if a.table else FITTING)
        reader = PersonReader(open_reader(a.reader, labels, table), a.confidence, a.expand)
        found = pictures_of(a.pictures, a.axis, dict(reader.axes))
        certificate = measure(
            reader, found, f"{len(found)} pictures of {a.pictures.resolve().name}, crop + {a.expand:.0%}"
        )
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print("\n".join(describe(certificate)))
    certificate.save(a.reader / FILE)
    print(f"\nwritten: {a.reader / FILE}; it holds for this reader with these settings, on pictures like these")
    return 0


if __name__ == "__main__":
    sys.exit(main())
