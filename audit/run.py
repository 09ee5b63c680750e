"""All cells of a study over all servers: threads ask, the main thread writes what comes back, one cell at a time."""

import datetime
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..host.hosts import pack_commit, pack_version
from ..metrics.study import CellRows, StudyError, StudyStore
from ..metrics.study.rows import loads
from .cells import Cell, cells_of, total
from .client import Answer, Failed, Stopped, Unreachable
from .deck import Deck
from .methods import Template
from .places import Place
from .study import Study

PICTURES = "pictures"
LOOK_AGAIN = 2.0  # seconds between two looks at a server that is gone


@dataclass(frozen=True)
class Event:
    """What a thread has to say of a cell: its rows, or an error; error and no cell: its server is gone."""

    place: Place
    cell: Cell | None = None
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0


def left(study: Study, store: StudyStore) -> list[Cell]:
    """The cells that are not finished; failed ones are tried again."""
    done = store.cells("done")
    return [cell for cell in cells_of(study) if cell.name not in done]


class Run:
    """One go at the cells of a study that are left. places are open; `told` is called after each cell with (finished now, failed now)."""

    def __init__(
        self, study: Study, cells: Sequence[Cell], store: StudyStore, folder: Path, places: Sequence[Place], told: Callable[[int, int], None]
    ):  # fmt: skip
        self.study, self.store, self.folder, self.places, self.told = study, store, folder, places, told
        self.deck = Deck(cells, (place.name for place in places))
        self.total = len(cells)
        self.events: queue.Queue[Event] = queue.Queue()
        self.back = {id(place): threading.Event() for place in places}
        self.templates = {id(place): self._templates(place) for place in places}
        self.alive = {id(place) for place in places}
        self.gone: dict[int, tuple[Place, float]] = {}  # with when to look again
        self.finished = self.failed = 0

    def _templates(self, place: Place) -> dict[str, Template]:
        info = place.info()
        try:
            return {method.name: Template(method, self.study, info) for method in self.study.methods}
        except StudyError as error:
            raise StudyError(f"{place.name}: {error}") from error

    def go(self) -> None:
        """Until every cell is finished or has failed. StudyError: no server is left, or rows cannot be written."""
        threads = [
            threading.Thread(target=self._ask, args=(place,), daemon=True)
            for place in self.places
            for _ in range(place.at_once)
        ]
        for place in self.places:
            self.back[id(place)].set()
        for thread in threads:
            thread.start()
        try:
            while self.finished + self.failed < self.total:
                self._look_for_the_gone()
                try:
                    self._hear(self.events.get(timeout=0.2))
                except queue.Empty:
                    continue
        finally:
            self.deck.stop()
            for event in self.back.values():
                event.set()
            for thread in threads:
                thread.join(timeout=5)
            while not self.events.empty():  # finished while we stopped: not to be drawn again
                late = self.events.get()
                if late.answer is not None and late.cell is not None:
                    self._write(late.cell, late)

    def _ask(self, place: Place) -> None:
        """One thread's work: take a cell, run it, tell."""
        back, runner = self.back[id(place)], None
        while True:
            back.wait()
            cell = self.deck.take(place.name)
            if cell is None:
                break
            began = time.monotonic()
            try:
                runner = runner or place.runner()
                answer = runner.execute(
                    self._prompt(place, cell),
                    self.templates[id(place)][cell.method].record,
                    cell.keep,
                    lambda: self.deck.stopped,
                )
                self.events.put(Event(place, cell, answer, seconds=(time.monotonic() - began) / place.at_once))
            except Failed as error:
                self.events.put(Event(place, cell, error=str(error) or "failed"))
            except Stopped:
                break
            except Exception as error:  # whatever ends this thread would leave its cell in nobody's hand
                runner = None
                back.clear()
                said = str(error) if isinstance(error, Unreachable) else f"{type(error).__name__}: {error}"
                if not self.deck.lose(cell):
                    again = f"the server has stopped answering while it was drawn, time and again ({said})"
                    self.events.put(Event(place, cell, error=again))
                self.events.put(Event(place, error=said))
        if runner is not None:
            runner.close()

    def _prompt(self, place: Place, cell: Cell) -> dict:
        size = dict(zip(("width", "height"), self.study.size, strict=True)) if self.study.size else {}
        values = {"prompt": cell.prompt, "seed": cell.seed, "pictures": cell.pictures, **size}
        return self.templates[id(place)][cell.method].cell(values, f"fair_audit/{cell.key}")

    def _hear(self, event: Event) -> None:
        cell = event.cell
        if cell is None:
            self.back[id(event.place)].clear()
            self.deck.answers(event.place.name, False)
            self.gone.setdefault(id(event.place), (event.place, 0.0))
            return
        if event.answer is not None:
            try:
                self._write(cell, event)
            except ValueError as error:
                event = replace(event, answer=None, error=str(error))
            else:
                self.finished += 1
                self.deck.settle()
        if event.answer is None:
            if self.deck.failures(cell) + 1 >= self.study.tries:
                self.store.fail(*cell.name, event.error[:2000], event.place.name, now())
                self.failed += 1
                self.deck.settle()
            else:
                self.deck.put_back(cell, event.place.name)
        self.told(self.finished, self.failed)

    def _write(self, cell: Cell, event: Event) -> None:
        """Pictures first, then the rows that speak of them. ValueError: rows that cannot be those of the cell."""
        assert event.answer is not None
        rows = loads(event.answer.rows)
        if len(rows.pictures) != cell.pictures:
            raise ValueError(
                f"the workflow has drawn {len(rows.pictures)} pictures, the study asks for {cell.pictures} of each seed: give the slot pictures"
            )
        files = [keep(self.folder, f"{cell.key}-{i}.png", content) for i, content in enumerate(event.answer.pictures)]
        named = tuple(replace(p, file=files[i] if i < len(files) else "") for i, p in enumerate(rows.pictures))
        whole = CellRows(rows.reader, rows.axes, named, rows.certificate)
        self.store.write(*cell.name, whole, (event.place.name, event.seconds, now()))

    def _look_for_the_gone(self) -> None:
        """Servers that have not answered: started again, or waited for; given up one by one."""
        for key, (place, when) in list(self.gone.items()):
            if time.monotonic() < when:
                continue
            try:
                if not place.revive():
                    self.gone[key] = (place, time.monotonic() + LOOK_AGAIN)
                    continue
                self.deck.answers(place.name, True)
                self.back[key].set()
            except StudyError as error:
                self.alive.discard(key)
                if not self.alive:
                    raise StudyError(
                        f"{error}; no server is left. What is finished is kept: run the same command to go on"
                    ) from error
            del self.gone[key]


def keep(folder: Path, name: str, content: bytes) -> str:
    """A picture beside the rows, whole or not at all; its path inside the study's folder. StudyError where the disk is full."""
    path = folder / PICTURES / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise StudyError(
            f"{path} cannot be written ({error}); rows written before are safe. Make room, then go on as before"
        ) from error
    return f"{PICTURES}/{name}"


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def facts(study: Study, places: Sequence[Place], command: str, before: dict[str, Any]) -> dict[str, Any]:
    """What the report says of how a study was made. StudyError where a method's name now means something else."""
    from .methods import checkpoints, fingerprint

    marks = {method.name: fingerprint(method, study) for method in study.methods}
    for name, mark in before.get("methods", {}).items():
        if marks.get(name, mark) != mark:
            raise StudyError(
                f"method {name} is not what it was when its rows were written (workflow, values, size or pictures of a seed): give the "
                "changed one another name, or take another folder (--out)"
            )
    servers = {s["server"]: s for s in [*before.get("servers", ()), *(place.about() for place in places)]}
    return {
        "name": study.name, "version": f"{pack_version()} {pack_commit() or ''}".strip(), "study": study.text, "command": command, "axes": list(study.axes),
        "methods": {**before.get("methods", {}), **marks}, "groups": {**before.get("groups", {}), **{p.text: p.group for p in study.prompts}},
        "checkpoints": {**before.get("checkpoints", {}), **{m.name: checkpoints(m) for m in study.methods}},
        "servers": list(servers.values()), "pictures_of_a_seed": study.pictures, "cells": total(study),
    }  # fmt: skip
