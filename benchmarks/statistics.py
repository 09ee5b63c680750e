"""How often the printed intervals hold the truth, on simulated studies: `make bench-statistics`.

A study draws pictures of one to four people whose shares are known, alike inside a picture as often as said, reads them
with a reader that errs and leaves people open, measures that reader on people of its own, and asks for the intervals as the
nodes do. The reading interval has to hold the Bias-W of the shares this reader reads, the corrected one the true Bias-W.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from ..metrics.comparison import compare
from ..metrics.correction import observed, read_as
from ..metrics.distances import Array, e1
from ..metrics.intervals import Interval, distance_interval
from ..metrics.sample import Sample
from ..metrics.significance import no_bias
from .statistics_page import write_page

OUT = Path(__file__).parent / "results" / "statistics.json"
STUDIES, FAIR_STUDIES, COMPARED = 200, 500, 100  # of each design
DRAWS, PERMUTATIONS, CERTIFIED = 500, 499, 100  # CERTIFIED: people of each class that the reader is measured on
SIZES = (1, 2, 3, 4)  # people in a picture, equally often
READERS = {2: (0.94, 0.03), 4: (0.85, 0.06), 8: (0.80, 0.08)}  # classes -> share read right, share left open


@dataclass(frozen=True)
class Design:
    """bias: true Bias-W of each prompt, as a share of the largest possible. alike: share of pictures whose people are all
    of one class; in the others they are independent."""

    classes: int
    pictures: int  # of each prompt
    bias: tuple[float, ...]
    alike: float

    @property
    def name(self) -> str:
        many = f"{len(self.bias)} prompts of " if len(self.bias) > 1 else ""
        most = 2 / self.classes
        true = f"{self.bias[0] * most:.3g}" + (f" to {self.bias[-1] * most:.3g}" if len(self.bias) > 1 else "")
        return f"{self.classes} classes, {many}{self.pictures} pictures, alike {self.alike:g}, true Bias-W {true}"


DESIGNS = (
    Design(2, 32, (0.0,), 0.5),
    Design(2, 32, (0.2,), 0.5),
    Design(2, 64, (0.8,), 0.85),
    Design(2, 12, (0.6,), 0.0),
    Design(2, 16, (0.0, 0.2, 0.4, 0.6, 0.8, 0.95), 0.5),
    Design(4, 48, (0.0,), 0.5),
    Design(4, 48, (0.2,), 0.85),
    Design(4, 100, (0.4,), 0.0),
    Design(4, 48, (0.8,), 0.5),
    Design(8, 100, (0.4,), 0.5),
)
FAIR = (
    Design(2, 12, (0.0,), 0.0),
    Design(2, 48, (0.0,), 0.85),
    Design(4, 48, (0.0,), 0.5),
    Design(2, 16, (0.0,) * 6, 0.5),
)


def shares(classes: int, bias: float) -> Array:
    """Shares with that Bias-W, as a share of the largest: evenly descending ones, or one large class beside equal ones."""
    equal = np.full(classes, 1 / classes)
    direction = np.linspace(1, -1, classes)
    if bias < 0.5 and classes > 2:
        return equal + direction * bias * (2 / classes) / e1(direction, equal)
    largest = np.eye(classes)[0]
    return equal + (largest - equal) * bias


def truth(design: Design) -> Array:
    """The shares of each prompt; the largest class is another one each time.   -> [P,K]"""
    return np.stack([np.roll(shares(design.classes, b), i) for i, b in enumerate(design.bias)])


def reader(classes: int) -> Array:
    """The share of each true class that is read as each, the last column open. The first class is read worse.   [K,K+1]"""
    right, left_open = READERS[classes]
    matrix = np.full((classes, classes + 1), (1 - right - left_open) / (classes - 1))
    matrix[np.arange(classes), np.arange(classes)] = right
    matrix[:, -1] = left_open
    matrix[0, 0], matrix[0, -1] = right - 0.08, left_open + 0.08
    return matrix


def drawn(rng: np.random.Generator, design: Design, shares: Array) -> Sample:
    """The people of one study, as they are."""
    counts, prompts = [], []
    for p, chances in enumerate(shares):
        size = rng.choice(SIZES, design.pictures)
        mixed = rng.multinomial(size, chances)
        alike = rng.multinomial(1, chances, design.pictures) * size[:, None]
        counts.append(np.where(rng.random((design.pictures, 1)) < design.alike, alike, mixed))
        prompts += [p] * design.pictures
    people = np.concatenate(counts)
    return Sample(people, np.zeros(len(people), int), np.array(prompts), tuple(map(str, range(len(shares)))))


def read(rng: np.random.Generator, people: Sample, matrix: Array) -> Sample:
    """The same people as a reader reads them."""
    found = sum(rng.multinomial(people.counts[:, k], matrix[k]) for k in range(people.classes))
    return Sample(found[:, :-1], found[:, -1], people.prompt, people.prompts)


@dataclass
class Tally:
    """How many intervals held the truth, lay above it, lay below it; their mean width."""

    held: int = 0
    above: int = 0
    below: int = 0
    width: float = 0.0

    def add(self, low: float, high: float, true: float) -> None:
        self.above += true < low - 1e-9
        self.below += true > high + 1e-9
        self.held += low - 1e-9 <= true <= high + 1e-9
        self.width += high - low

    def row(self) -> dict:
        studies = self.held + self.above + self.below
        return {"studies": studies, "held": self.held, "above": self.above, "below": self.below, "width": self.width / studies}  # fmt: skip


def coverage(design: Design, studies: int, seed: int) -> dict[str, dict]:
    rng, matrix, true = np.random.default_rng(seed), reader(design.classes), truth(design)
    centre = np.full(design.classes, 1 / design.classes)
    as_read = float(e1(observed(true, read_as(matrix)), centre).mean())
    raw, right = Tally(), Tally()
    for study in range(studies):
        sample = read(rng, drawn(rng, design, true), matrix)
        certificate = np.stack([rng.multinomial(CERTIFIED, row) for row in matrix]).astype(float)
        found: Interval = distance_interval(sample, draws=DRAWS, seed=study)
        raw.add(found.low, found.high, as_read)
        found = distance_interval(sample, confusion=certificate, draws=DRAWS, seed=study)
        right.add(found.low, found.high, float(e1(true, centre).mean()))
    return {"read": raw.row(), "corrected": right.row()}


def rejected(design: Design, studies: int, seed: int) -> int:
    """Of studies of a fair model, those the test of no bias rejects at 5 %."""
    rng = np.random.default_rng(seed)
    return sum(no_bias(drawn(rng, design, truth(design)), PERMUTATIONS, i) <= 0.05 for i in range(studies))


def compared(design: Design, studies: int, seed: int) -> dict:
    """Before: this design; after: a fair model on the same pictures' sizes."""
    rng, tally, differ = np.random.default_rng(seed), Tally(), 0
    true, centre = truth(design), np.full(design.classes, 1 / design.classes)
    for study in range(studies):
        before, after = drawn(rng, design, true), drawn(rng, design, np.tile(centre, (len(true), 1)))
        found = compare(before, after, DRAWS, study)
        tally.add(found.low, found.high, -float(e1(true, centre).mean()))
        differ += found.p <= 0.05
    return {**tally.row(), "told_apart": differ}


def pooled(rows: Iterator[dict]) -> dict:
    """Coverage over all designs, with the 95 % interval of so many studies (Clopper and Pearson)."""
    counted = list(rows)
    held, studies = sum(r["held"] for r in counted), sum(r["studies"] for r in counted)
    sure = binomtest(held, studies).proportion_ci()
    return {"held": held, "studies": studies, "low": float(sure.low), "high": float(sure.high)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES, help="of each design; other numbers write no table")
    a = parser.parse_args()
    share, began = a.studies / STUDIES, time.process_time()
    data: dict = {"coverage": {}, "fair": {}, "compared": {}}
    for i, design in enumerate(DESIGNS):
        data["coverage"][design.name] = coverage(design, a.studies, i)
        print(design.name, json.dumps(data["coverage"][design.name]), flush=True)
    for i, design in enumerate(FAIR):
        studies = max(1, round(FAIR_STUDIES * share))
        data["fair"][design.name] = {"studies": studies, "rejected": rejected(design, studies, 100 + i)}
        print(design.name, data["fair"][design.name], flush=True)
    for i, design in enumerate((DESIGNS[1], DESIGNS[2], DESIGNS[8])):
        data["compared"][design.name] = compared(design, max(1, round(COMPARED * share)), 200 + i)
        print(design.name, data["compared"][design.name], flush=True)
    for kind in ("read", "corrected"):
        data[kind] = pooled(row[kind] for row in data["coverage"].values())
        print(kind, data[kind])
    data["seconds"] = round(time.process_time() - began)
    if a.studies == STUDIES:
        OUT.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        write_page(data)


if __name__ == "__main__":
    main()
