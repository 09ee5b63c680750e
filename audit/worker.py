"""A worker of a Ray cluster: in a process of Ray's it starts a headless ComfyUI and runs cells; to the driver it is a place.

Rows and the few pictures that are kept come back as a call's answer. Nothing else is put into Ray's object store.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..metrics.study import StudyError
from .client import Answer, Failed, Stopped, Unreachable
from .methods import PREFIX
from .places import Running

Make = Callable[[Path], Running]


class Worker:
    """In a process of Ray's on some machine: one call after the other, answers are plain data."""

    def __init__(self, make: Make, settings: Mapping[str, str]):
        for name, value in settings.items():
            os.environ.setdefault(name, value)
        self.folder = Path(tempfile.mkdtemp(prefix="fair-attention-audit-"))
        self.place = make(self.folder)
        self.runner: Any = None

    def open(self) -> tuple[str, Mapping[str, Any], dict[str, Any]]:
        """(why its ComfyUI does not start, or ""; the nodes it has; versions and devices)."""
        try:
            self.place.open()
            return "", self.place.info(), {**self.place.about(), "machine": socket.gethostname()}
        except StudyError as error:
            return f"{error} (on {socket.gethostname()})", {}, {}

    def execute(self, prompt: dict, record: str, keep: int) -> tuple[str, str, tuple[bytes, ...]]:
        """("rows", they, the pictures that are kept); ("failed" or "unreachable", why, nothing)."""
        try:
            self.runner = self.runner or self.place.runner()
            answer = self.runner.execute(prompt, record, keep, lambda: False)
            return "rows", answer.rows, answer.pictures
        except Failed as error:
            return "failed", str(error), ()
        except Unreachable as error:
            self.runner = None
            return "unreachable", str(error), ()
        finally:  # what is kept has been read; a worker's disk need not hold all the others
            shutil.rmtree(self.folder / "output" / PREFIX, ignore_errors=True)

    def revive(self) -> tuple[bool, str]:
        """(whether it answers again, why it never will)."""
        try:
            return self.place.revive(), ""
        except StudyError as error:
            return False, str(error)

    def close(self) -> None:
        self.place.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Calls:
    """Cells on one worker, for one thread of the driver."""

    def __init__(self, actor: Any):
        self.actor = actor

    def execute(self, prompt: dict, record: str, keep: int, stopped: Callable[[], bool]) -> Answer:
        ray = library()
        call = self.actor.execute.remote(prompt, record, keep)
        while not ray.wait([call], timeout=0.5)[0]:
            if stopped():
                raise Stopped
        try:
            kind, text, pictures = ray.get(call)
        except ray.exceptions.RayError as error:
            raise Unreachable(first_line(error)) from error
        if kind != "rows":
            raise (Failed if kind == "failed" else Unreachable)(text)
        return Answer(text, pictures)

    def close(self) -> None: ...


class Member:
    """A worker as a place. One whose process or machine is lost never comes back; another takes its room."""

    at_once = 2  # one is drawn, one waits at the worker

    def __init__(self, actor: Any, name: str, nodes: Mapping[str, Any], about: Mapping[str, Any]):
        self.actor, self.name, self.nodes, self.known = actor, name, nodes, {**about, "server": name}
        self.asked: Any = None

    def open(self) -> None: ...

    def info(self) -> Mapping[str, Any]:
        """Once: they are megabytes."""
        nodes, self.nodes = self.nodes, {}
        return nodes

    def about(self) -> dict[str, Any]:
        return self.known

    def runner(self) -> Calls:
        return Calls(self.actor)

    def revive(self) -> bool:
        ray = library()
        self.asked = self.asked or self.actor.revive.remote()
        if not ray.wait([self.asked], timeout=0)[0]:
            return False
        asked, self.asked = self.asked, None
        try:
            answers, never = ray.get(asked)
        except ray.exceptions.RayError as error:
            raise StudyError(f"{self.name} is lost: {first_line(error)}") from error
        if never:
            raise StudyError(f"{self.name}: {never}")
        return answers

    def close(self) -> None:
        library().kill(self.actor)


def library() -> Any:
    try:
        import ray
    except ImportError as error:
        raise StudyError(
            "--ray needs Ray, here and on every machine of the cluster: pip install ray (the extra [audit] brings it)"
        ) from error
    return ray


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
