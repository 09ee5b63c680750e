"""A reader from its folder, whatever kind of model lies there, with its certificate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from .certificate import FILE, load_certificate
from .classifier import Classifier, Manage, as_it_is, open_classifier
from .folders import CLASSIFIER, ZERO_SHOT, ModelFolder, look_into
from .label_presets import PRESETS
from .label_table import LabelTable, parse_table
from .labels import heads_of, preset_table, table_for
from .person_reader import Instrument, PersonReader
from .zero_shot import ZeroShot, open_zero_shot

T = TypeVar("T")
FITTING, OWN = "what fits its labels", "own table"
CHOICES = (FITTING, *PRESETS, OWN)


def open_reader(path: Path, labels: str, table: str, manage: Manage = as_it_is) -> Instrument:
    """labels: one of CHOICES; table: an own label table, or a zero-shot model's texts. ValueError begins with the input it is about."""
    try:
        found = look_into(path)
    except ValueError as error:
        raise ValueError(f"folder: {error}") from error
    if found.kind == CLASSIFIER:
        return _classifier(found, labels, table, manage)
    if found.kind == ZERO_SHOT:
        return _zero_shot(found, labels, table, manage)
    raise ValueError(
        f"folder: {path} is an {found.kind}: it finds people and reads nothing. Choose it as *detector* in Read Attributes, "
        "and here a classifier or a zero-shot model"
    )


def _classifier(found: ModelFolder, labels: str, table: str, manage: Manage) -> Classifier:
    about = "table" if labels == OWN else "labels"
    try:
        whose, meaning = _meaning(found, labels, table)
        heads_of(meaning, found.labels, found.yes_or_no)
    except ValueError as error:
        raise ValueError(f"{about}: {found.path.name}: {error}") from error
    return _loaded(open_classifier, found, meaning, whose, manage)


def _meaning(found: ModelFolder, labels: str, table: str) -> tuple[str, LabelTable]:
    if labels == OWN:
        return "an own table", parse_table(table)
    if labels == FITTING:
        return table_for(found.labels, found.yes_or_no)
    if labels not in PRESETS:
        raise ValueError(f"{labels!r} is no preset: choose one of {', '.join(CHOICES)}")
    return labels, preset_table(labels, found.labels)


def _zero_shot(found: ModelFolder, labels: str, table: str, manage: Manage) -> ZeroShot:
    if labels not in (FITTING, OWN):
        raise ValueError(
            f"labels: {labels!r} is for image classifiers, but {found.path.name} is a {found.kind}: choose {OWN!r} and write a text "
            "for each value into table"
        )
    return _loaded(open_zero_shot, found, texts_of_table(table), manage)


def texts_of_table(table: str) -> LabelTable:
    """A zero-shot model's texts. ValueError says which line is wrong."""
    try:
        return parse_table(table)
    except ValueError as error:
        raise ValueError(f"table: {error}") from error


def _loaded(work: Callable[..., T], *given: Any) -> T:
    try:
        return work(*given)
    except ValueError as error:
        raise ValueError(f"folder: {error}") from error


def with_own_certificate(reader: PersonReader, folder: Path) -> tuple[PersonReader, str]:
    """(the reader with the certificate of its folder where it fits, a sentence about it)."""
    if not (folder / FILE).is_file():
        return reader, (
            "no certificate: how often it is right is not known here; measure it with python -m "
            "fair_attention.metrics.readers.check"
        )
    try:
        certificate = load_certificate(folder / FILE)
        return reader.with_certificate(certificate), f"certificate: measured on {certificate.pictures}"
    except ValueError as error:
        return reader, f"its certificate is not used: {error}"
