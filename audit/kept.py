"""What is kept of a run beside its rows: pictures, and the facts that a report tells."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..host.hosts import pack_commit, pack_version
from ..metrics.study import StudyError, StudyStore
from .cells import total
from .methods import checkpoints, fingerprint
from .study import Study

PICTURES = "pictures"


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write a file that is there whole or as it was before."""
    partial = path.with_name(path.name + ".part")
    try:
        yield partial
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def keep(folder: Path, name: str, content: bytes) -> str:
    """A picture beside the rows; its path inside the study's folder. StudyError where the disk is full."""
    path = folder / PICTURES / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise StudyError(
            f"{path} cannot be written ({error}); rows written before are safe. Make room, then go on as before"
        ) from error
    return f"{PICTURES}/{name}"


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def facts(study: Study, store: StudyStore, command: str) -> dict[str, Any]:
    """What the report says of how a study was made. StudyError where a method with rows now means something else."""
    before = store.facts()
    marks = {method.name: fingerprint(method, study) for method in study.methods}
    drawn = {method for method, *_ in store.cells("done")}
    for name, mark in before.get("methods", {}).items():
        if name in drawn and marks.get(name, mark) != mark:
            raise StudyError(
                f"method {name} is not what it was when its rows were written (workflow, values, size or pictures of a seed): give the "
                "changed one another name, or take another folder (--out)"
            )
    return {
        "name": study.name, "version": f"{pack_version()} {pack_commit() or ''}".strip(), "study": study.text, "command": command, "axes": list(study.axes),
        "methods": {**before.get("methods", {}), **marks}, "groups": {**before.get("groups", {}), **{p.text: p.group for p in study.prompts}},
        "checkpoints": {**before.get("checkpoints", {}), **{m.name: checkpoints(m) for m in study.methods}},
        "servers": before.get("servers", []), "pictures_of_a_seed": study.pictures, "cells": total(study),
    }  # fmt: skip
