"""Measurements and readings as tables that other programs read: one row a person as CSV, one measurement as JSON."""

import csv
import io
import json
import math
from dataclasses import asdict, is_dataclass
from typing import Any

from .readers import ReadAttributes
from .statistics import Measurement, largest_risk_difference

FORMULAS = {
    "bias_w": "E1 = 2 / (K (K - 1)) * sum_{i<j} |f_i - f_j| of the shares of all readable people, mean over prompts",
    "bias_p": "E1 of each picture, mean over a prompt's pictures with somebody readable, mean over prompts",
    "interval": "test inversion along a path from fairness through the measured shares; people weighed by the likeness inside pictures",
    "chance": "E1 of as many independent people of a fair model: mean and 95th percentile",
    "p": "permutation of the classes' names inside each picture, mid-p; by prompt corrected by Holm",
    "corrected": "f = q A^-1, normalised, A[k,r] the share of class k read as r in the reader's certificate",
}


def people_csv(read: ReadAttributes) -> str:
    """One row a person: prompt, seed, batch_index, picture, person, box, an axis a column, confidence, reader.

    picture counts all pictures from 0, also those nobody was found in, which have no row. An attribute that was not read is empty.
    """
    axes = list(read.axes)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["prompt", "seed", "batch_index", "picture", "person", "left", "top", "right", "bottom", *axes, "confidence", "reader"])  # fmt: skip
    for picture, people in enumerate(read.images):
        source = read.source(picture)
        for number, person in enumerate(people):
            box = [f"{v:.1f}" for v in person.box]
            values = [person.labels.get(axis) or "" for axis in axes]
            seed = "" if source.seed is None else source.seed
            table.writerow([source.prompt, seed, source.index, picture, number, *box, *values, f"{person.confidence:.3f}", read.reader])  # fmt: skip
    return out.getvalue()


def measurement_json(found: Measurement, reader: str) -> str:
    """All numbers of a measurement, with their formulas. A number that cannot be measured is null."""
    difference, most, least = largest_risk_difference(found.result)
    content = {
        "reader": reader,
        **plain(found),
        "risk_difference": {"value": plain(difference), "most": most, "least": least},
        "formulas": FORMULAS,
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def plain(value: Any) -> Any:
    """Records as dictionaries, nan as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
