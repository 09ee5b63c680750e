"""All cells of a study over all servers: threads ask, the main thread writes what comes back, one cell at a time."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..metrics.study import CellRows, StudyError, StudyStore
from ..metrics.study.rows import loads
from .cells import Cell, cells_of
from .client import Answer, Failed, Stopped, Unreachable
from .deck import Deck
from .kept import keep, now
from .methods import PREFIX, Template
from .places import Fleet, Place
from .study import Study

LOOK_AGAIN = 2.0  # seconds between two looks at a server that is gone


class Post:
    """A place at work. answers: set while it does. ended: it never will again."""

    def __init__(self, place: Place, templates: dict[str, Template]):
        self.place, self.templates = place, templates
        self.answers, self.ended = threading.Event(), False
        self.answers.set()

    def end(self) -> None:
        self.ended = True
        self.answers.set()


@dataclass(frozen=True)
class Event:
    """What a thread has to say of a cell: its rows, or an error; error and no cell: its server is gone."""

    post: Post
    cell: Cell | None = None
    answer: Answer | None = None
    error: str = ""
    seconds: float = 0.0


def left(study: Study, store: StudyStore) -> list[Cell]:
    """The cells that are not finished; failed ones are tried again."""
    done = store.cells("done")
    return [cell for cell in cells_of(study) if cell.name not in done]


class Run:
    """One go at the cells of a study that are left. The fleet is open; `told` is called after each cell with (finished now, failed now).

    facts: of the study; noted once a server is found to fit, so that a study that never began may still be changed.
    """

    def __init__(
        self, study: Study, cells: Sequence[Cell], store: StudyStore, folder: Path, fleet: Fleet, facts: dict[str, Any], told: Callable[[int, int], None]
    ):  # fmt: skip
        self.study, self.store, self.folder, self.fleet, self.facts, self.told = (
            study,
            store,
            folder,
            fleet,
            facts,
            told,
        )
        self.deck = Deck(cells)
        self.total = len(cells)
        self.events: queue.Queue[Event] = queue.Queue()
        self.posts: list[Post] = []
        self.threads: list[threading.Thread] = []
        self.gone: dict[Post, float] = {}  # with when to look again
        self.finished = self.failed = 0

    def go(self) -> None:
        """Until every cell is finished or has failed. StudyError: no server is left, or rows cannot be written."""
        try:
            while self.finished + self.failed < self.total:
                self._join(self.fleet.arrived())
                self._look_for_the_gone()
                try:
                    self._hear(self.events.get(timeout=0.2))
                except queue.Empty:
                    continue
        finally:
            self.deck.stop()
            for post in self.posts:
                post.end()
            for thread in self.threads:
                thread.join(timeout=5)
            while not self.events.empty():  # finished while we stopped: not to be drawn again
                late = self.events.get()
                if late.answer is not None and late.cell is not None:
                    self._write(late.cell, late)

    def _join(self, places: Sequence[Place]) -> None:
        """Set places to work. StudyError where one does not fit before any has begun; one that comes later is done without."""
        fitting = []
        for place in places:
            try:
                fitting.append(Post(place, self._templates(place)))
            except StudyError as error:
                if not self.posts:
                    raise
                self.fleet.lost(place, error)
        if not fitting:
            return
        about = [post.place.about() for post in fitting]
        self.facts["servers"] = list({s["server"]: s for s in [*self.facts["servers"], *about]}.values())
        self.store.note(**self.facts)
        for post in fitting:
            self.posts.append(post)
            self.deck.answers(post.place.name, True)
            for _ in range(post.place.at_once):
                self.threads.append(threading.Thread(target=self._ask, args=(post,), daemon=True))
                self.threads[-1].start()

    def _templates(self, place: Place) -> dict[str, Template]:
        info = place.info()
        try:
            return {method.name: Template(method, self.study, info) for method in self.study.methods}
        except StudyError as error:
            raise StudyError(f"{place.name}: {error}") from error

    def _ask(self, post: Post) -> None:
        """One thread's work: take a cell, run it, tell."""
        place, runner = post.place, None
        while not post.ended:
            post.answers.wait()
            cell = None if post.ended else self.deck.take(place.name)
            if cell is None:
                break
            began = time.monotonic()
            try:
                runner = runner or place.runner()
                answer = runner.execute(
                    self._prompt(post, cell),
                    post.templates[cell.method].record,
                    cell.keep,
                    lambda: self.deck.stopped,
                )
                self.events.put(Event(post, cell, answer, seconds=(time.monotonic() - began) / place.at_once))
            except Failed as error:
                self.events.put(Event(post, cell, error=str(error) or "failed"))
            except Stopped:
                break
            except Exception as error:  # whatever ends this thread would leave its cell in nobody's hand
                runner = None
                post.answers.clear()
                said = str(error) if isinstance(error, Unreachable) else f"{type(error).__name__}: {error}"
                if not self.deck.lose(cell):
                    again = f"the server has stopped answering while it was drawn, time and again ({said})"
                    self.events.put(Event(post, cell, error=again))
                self.events.put(Event(post, error=said))
        if runner is not None:
            runner.close()

    def _prompt(self, post: Post, cell: Cell) -> dict:
        size = dict(zip(("width", "height"), self.study.size, strict=True)) if self.study.size else {}
        values = {"prompt": cell.prompt, "seed": cell.seed, "pictures": cell.pictures, **size}
        return post.templates[cell.method].cell(values, f"{PREFIX}/{cell.key}")

    def _hear(self, event: Event) -> None:
        cell, post = event.cell, event.post
        if cell is None:
            if not post.ended:
                post.answers.clear()
                self.deck.answers(post.place.name, False)
                self.gone.setdefault(post, 0.0)
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
                self.store.fail(*cell.name, event.error[:2000], post.place.name, now())
                self.failed += 1
                self.deck.settle()
            else:
                self.deck.put_back(cell, post.place.name)
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
        self.store.write(*cell.name, whole, (event.post.place.name, event.seconds, now()))

    def _look_for_the_gone(self) -> None:
        """Servers that have not answered: started again, or waited for; given up one by one."""
        for post, when in list(self.gone.items()):
            if time.monotonic() < when:
                continue
            try:
                if not post.place.revive():
                    self.gone[post] = time.monotonic() + LOOK_AGAIN
                    continue
                self.deck.answers(post.place.name, True)
                post.answers.set()
            except StudyError as error:
                post.end()
                self.posts.remove(post)
                self.fleet.lost(post.place, error)
            del self.gone[post]
