"""people.csv, summary.csv, audit.json: what other programs read. Cells that a spreadsheet would take for a formula are text."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...metrics.records import FORMULAS, plain
from ...metrics.study import StudyStore
from ...metrics.study.reading import everybody, parsed
from .numbers import Change, Numbers

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
LAYOUT = 1


def cell(value: Any) -> Any:
    """Text of strangers with an apostrophe before what would be a formula; numbers as they are."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def write(path: Path, head: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(map(cell, head))
        table.writerows(map(cell, row) for row in rows)


def people(path: Path, store: StudyStore, name: str, reader: Mapping[str, Any]) -> None:
    """One row a person, and one for each picture without anybody, whose person is empty."""
    axes = list(reader["axes"])
    head = ["study", "method", "prompt", "seed", "batch_index", "image_file", "person", "left", "top", "right", "bottom", "given",
            "status", *axes, "confidence", "reader"]  # fmt: skip
    columns = (
        "method, prompt, seed, batch_index, file, person, left, top, right, bottom, given, status, read, confidence"
    )

    def rows() -> Iterator[Sequence[Any]]:
        for row in everybody(store, columns):
            source, person, read, confidence = row[:5], row[5:12], row[12], row[13]
            if read is None:
                yield [name, *source, *[""] * (8 + len(axes)), reader["reader"]]
            else:
                labels = parsed(read)
                yield [name, *source, *person, *[labels.get(axis) or "" for axis in axes], confidence, reader["reader"]]

    write(path, head, rows())


def summary(path: Path, numbers: Sequence[Numbers]) -> None:
    """prompt × axis × method; an empty prompt: all together, Bias-W and Bias-P then means over prompts."""
    head = ["method", "axis", "prompt", "pictures", "people", "unreadable", "bias_w", "low", "high", "floor_w", "chance", "p", "bias_p",
            "floor_p", "shares"]  # fmt: skip

    def rows() -> Iterator[Sequence[Any]]:
        for n in numbers:
            yield [n.method, n.axis, "", n.pictures, n.people, n.unreadable, *rounded(n.bias_w.value, n.bias_w.low, n.bias_w.high, n.floor_w,
                   n.chance[0], n.p, n.bias_p.value, n.floor_p), shares(n.classes, n.shares)]  # fmt: skip
            for r in n.rows:
                yield [n.method, n.axis, r.prompt, r.pictures, r.people, r.unreadable, *rounded(r.bias_w.value, r.bias_w.low, r.bias_w.high,
                       r.floor_w, r.chance, r.p, r.bias_p, r.floor_p), shares(n.classes, r.shares)]  # fmt: skip

    write(path, head, rows())


def shares(classes: Sequence[str], values: Sequence[float]) -> str:
    return "; ".join(f"{name} {value:.4f}" for name, value in zip(classes, values, strict=True))


def rounded(*values: float) -> list[Any]:
    return ["" if value != value else round(value, 5) for value in values]


def audit(path: Path, facts: Mapping[str, Any], reader: Mapping[str, Any], numbers: Sequence[Numbers], changes: Sequence[Change], notes: Sequence[str], failures: Sequence[tuple]) -> None:  # fmt: skip
    """Everything that is needed to say the same again, and all numbers with their formulas."""
    failed = [dict(zip(("method", "prompt", "seed", "error", "server"), f, strict=True)) for f in failures]
    content = {
        "layout": LAYOUT, **facts, "reader": reader, "formulas": FORMULAS, "numbers": plain(list(numbers)),
        "changes": plain(list(changes)), "not_measured": list(notes), "failed": failed,
    }  # fmt: skip
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
