"""A reader's certificate: on pictures whose people are known, what it read of whom. Kept as JSON beside the reader.

It belongs to one reader with one set of settings, and says nothing about other kinds of pictures.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "certificate.json"  # in the reader's folder
FORMAT = 1


@dataclass(frozen=True)
class Confusion:
    """One axis: counts[true][read] of people, true and read in the order of `classes`.

    Each row has one column more than there are classes, the last: people of that class whom the reader left open.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        k = len(self.classes)
        if len(self.counts) != k or any(len(row) != k + 1 for row in self.counts):
            raise ValueError(
                f"a confusion matrix of {k} classes has {k} rows of {k + 1} counts, the last one unreadable"
            )
        if any(n < 0 for row in self.counts for n in row):
            raise ValueError("a confusion matrix holds counts of people, none below 0")

    @property
    def people(self) -> int:
        return sum(map(sum, self.counts))


@dataclass(frozen=True)
class Certificate:
    """reader: its name and settings in words; axes: what was measured; pictures: where, in words; missed: people whom
    nobody was found for, in no row of the confusion matrices."""

    reader: str
    axes: Mapping[str, Confusion]
    pictures: str = ""
    missed: int = 0

    def save(self, path: Path) -> None:
        """Write JSON: {"format", "reader", "pictures", "missed", "axes": {axis: {"classes", "counts"}}}."""
        axes = {axis: {"classes": c.classes, "counts": c.counts} for axis, c in self.axes.items()}
        content = {
            "format": FORMAT,
            "reader": self.reader,
            "pictures": self.pictures,
            "missed": self.missed,
            "axes": axes,
        }
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_certificate(path: Path) -> Certificate:
    """The certificate in a JSON file. ValueError says what about the file is wrong."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"it has format {content['format']}, this version reads {FORMAT}")
        axes = {
            axis: Confusion(tuple(c["classes"]), tuple(tuple(map(int, row)) for row in c["counts"]))
            for axis, c in content["axes"].items()
        }
        return Certificate(content["reader"], axes, content["pictures"], int(content["missed"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is no certificate of a reader ({error}): measure the reader again, or remove it"
        ) from error
