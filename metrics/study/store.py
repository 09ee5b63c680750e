"""Rows of a study in one SQLite file: a seed's pictures go in together or not at all, and again without being doubled.

Written ahead of the file (WAL), so that several processes write in turn and a kill at any moment loses what was not
committed and nothing else. Not on a network drive: SQLite cannot lock there.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .rows import CellRows

LAYOUT = 1
FILE = "study.sqlite"
WAIT = 60  # seconds for another process that writes
AT_ONCE = 80  # rows of a statement: SQLite before 3.32 takes 999 values
TABLES = """
CREATE TABLE study(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources(id INTEGER PRIMARY KEY, method TEXT NOT NULL, prompt TEXT NOT NULL, UNIQUE(method, prompt));
CREATE TABLE readers(id INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE);
CREATE TABLE cells(
    source INTEGER NOT NULL, seed TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL, server TEXT NOT NULL,
    seconds REAL NOT NULL, finished TEXT NOT NULL, PRIMARY KEY(source, seed)) WITHOUT ROWID;
CREATE TABLE pictures(
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, seed TEXT, batch_index INTEGER NOT NULL, reader INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, file TEXT NOT NULL, unread TEXT NOT NULL, UNIQUE(source, seed, batch_index));
CREATE TABLE people(
    picture INTEGER NOT NULL, person INTEGER NOT NULL, left REAL NOT NULL, top REAL NOT NULL, right REAL NOT NULL,
    bottom REAL NOT NULL, read TEXT NOT NULL, certainty TEXT NOT NULL, confidence REAL NOT NULL, given TEXT NOT NULL,
    status TEXT NOT NULL, PRIMARY KEY(picture, person)) WITHOUT ROWID;
"""


class StudyError(Exception):
    """Something about a study the user has to know or mend; the message says what."""


class StudyStore:
    """One study's file. Open for as short as possible, in one thread; any number of processes."""

    def __init__(self, folder: Path, create: bool = True):
        self.path = folder / FILE
        if not create and not self.path.is_file():
            raise StudyError(f"there is no study in {folder}: run one first, or name its folder")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self.db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            self._check()  # before anything is written
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise StudyError(
                f"{self.path} cannot be opened as a study ({error}): move it away, or name another folder"
            ) from error

    def _prepare(self) -> None:
        if self.db.execute("PRAGMA user_version").fetchone()[0] == 0:
            with self.writing():
                if self.db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in filter(str.strip, TABLES.split(";")):
                        self.db.execute(statement)
                    self.db.execute(f"PRAGMA user_version = {LAYOUT}")

    def _check(self) -> None:
        found = self.db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, LAYOUT):  # 0: nothing is in it yet
            raise StudyError(
                f"{self.path} has layout {found}, this version of Fair Attention reads {LAYOUT}: use the version that wrote it, or another folder"
            )

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> "StudyStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; nobody else writes meanwhile. StudyError where the disk is full, with nothing written."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StudyError(
                f"{self.path} could not be written ({error}); what was written before is safe. Make room, then go on as before"
            ) from error

    def facts(self) -> dict[str, Any]:
        """What was noted about the study as a whole."""
        return {key: json.loads(value) for key, value in self.db.execute("SELECT key, value FROM study")}

    def note(self, **facts: Any) -> None:
        with self.writing():
            for key, value in facts.items():
                self.db.execute("REPLACE INTO study VALUES(?, ?)", (key, json.dumps(value, ensure_ascii=False)))

    def write(
        self, method: str, prompt: str, seed: int | None, rows: CellRows, cell: tuple[str, float, str] | None = None
    ) -> int:
        """Put the pictures of a seed in place of those of the same method, prompt, seed and place, all or none.

        Without a seed they are added. cell: (server, seconds, when), where all of a seed's pictures are of this run. Returns how many
        pictures were there before.
        """
        with self.writing():
            source, number = self._source(method, prompt), None if seed is None else str(seed)
            reader = self._reader(rows)
            old = (
                []
                if number is None
                else self._replaced(source, number, None if cell else [p.batch_index for p in rows.pictures])
            )
            self.db.executemany("DELETE FROM people WHERE picture = ?", old)
            self.db.executemany("DELETE FROM pictures WHERE id = ?", old)
            first = self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM pictures").fetchone()[0]
            self._insert("pictures", [
                (id, source, number, p.batch_index, reader, p.width, p.height, p.file, _encode(p.unread))
                for id, p in enumerate(rows.pictures, first)
            ])  # fmt: skip
            self._insert("people", [
                (id, j, *m.box, _text(m.read), _text(m.certainty), m.confidence, m.given, m.status)
                for id, p in enumerate(rows.pictures, first)
                for j, m in enumerate(p.people)
            ])  # fmt: skip
            if cell is not None:
                server, seconds, when = cell
                self.db.execute(
                    "REPLACE INTO cells VALUES(?, ?, 'done', '', ?, ?, ?)", (source, number, server, seconds, when)
                )
            return len(old)

    def _insert(self, table: str, rows: list[tuple]) -> None:
        """Many rows a statement: at the end of each another thread takes its turn, and a driver with many servers has many."""
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            places = ", ".join(["(" + ", ".join("?" * len(part[0])) + ")"] * len(part))
            self.db.execute(f"INSERT INTO {table} VALUES{places}", [value for row in part for value in row])

    def fail(self, method: str, prompt: str, seed: int, error: str, server: str, when: str) -> None:
        """Note that a seed's pictures could not be drawn, and why."""
        with self.writing():
            row = (self._source(method, prompt), str(seed), error, server, when)
            self.db.execute("REPLACE INTO cells VALUES(?, ?, 'failed', ?, ?, 0, ?)", row)

    def cells(self, state: str = "done") -> set[tuple[str, str, int]]:
        """(method, prompt, seed) of all cells in that state."""
        found = self.db.execute(
            "SELECT method, prompt, seed FROM cells JOIN sources ON id = source WHERE state = ?", (state,)
        )
        return {(method, prompt, int(seed)) for method, prompt, seed in found}

    def failures(self) -> list[tuple[str, str, int, str, str]]:
        """(method, prompt, seed, error, server) of the cells that failed."""
        found = self.db.execute(
            "SELECT method, prompt, seed, error, server FROM cells JOIN sources ON id = source WHERE state = 'failed' ORDER BY 1, 2, 3"
        )
        return [(m, p, int(s), e, server) for m, p, s, e, server in found]

    def seconds(self) -> float:
        """What the cells took together."""
        return float(self.db.execute("SELECT total(seconds) FROM cells WHERE state = 'done'").fetchone()[0])

    def _source(self, method: str, prompt: str) -> int:
        self.db.execute("INSERT OR IGNORE INTO sources(method, prompt) VALUES(?, ?)", (method, prompt))
        return self.db.execute("SELECT id FROM sources WHERE method = ? AND prompt = ?", (method, prompt)).fetchone()[0]

    def _reader(self, rows: CellRows) -> int:
        """The number of who has read these rows. StudyError where another reader has read the others: their errors differ."""
        content = json.dumps(
            {"reader": rows.reader, "axes": rows.axes, "certificate": rows.certificate}, ensure_ascii=False
        )
        known = {text: id for id, text in self.db.execute("SELECT id, content FROM readers")}
        if content in known:
            return known[content]
        for other in map(json.loads, known):
            if other["reader"] != rows.reader or other["axes"] != json.loads(content)["axes"]:
                raise StudyError(
                    f"the study {self.path.parent.name} was read by the {other['reader']}, this by the {rows.reader}, whose errors "
                    "differ: use another study"
                )
        return int(self.db.execute("INSERT INTO readers(content) VALUES(?)", (content,)).lastrowid or 0)

    def _replaced(self, source: int, seed: str, places: list[int] | None) -> list[tuple[int]]:
        """ids of what is there already; places None: all of that seed."""
        found = self.db.execute("SELECT id, batch_index FROM pictures WHERE source = ? AND seed = ?", (source, seed))
        return [(id,) for id, place in found.fetchall() if places is None or place in places]


_encode = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make another for each text


def _text(labels: Any) -> str:
    return _encode(dict(labels))
