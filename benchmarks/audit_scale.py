"""How large a study may be: a million people in 400,000 pictures from servers that answer at once.

python -m fair_attention.benchmarks.audit_scale [--cells 25000] [--servers 16] [--out output/audit-scale]

16 pictures a cell, 2.5 people a picture. Servers are processes of their own (host/fake.py), so that the driver is measured
alone: its memory, how many cells it writes a second, how long the report takes. --report: rows are put into the file directly, and
only the report is measured. Prints one line of JSON.
"""

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..audit.presets import OCCUPATIONS, counted
from ..host.fake import WORKFLOW, rows
from ..metrics.study import StudyStore
from ..metrics.study.rows import loads

PICTURES, PROMPTS = 16, 150
STUDY = """
format = 1
axes = ["gender", "skin tone"]
keep_pictures = 1
[prompts]
presets = ["occupations"]
counts = [2, 3, 4]
[seeds]
blocks = {blocks}
pictures = {pictures}
"""
METHOD = """
[[methods]]
name = "{name}"
workflow = "graph.json"
slots = {{prompt = "Words", seed = "Noise", pictures = "Size"}}
"""


@contextlib.contextmanager
def servers(number: int) -> Iterator[list[str]]:
    """Addresses of fake hosts, each a process."""
    command = [sys.executable, "-m", "fair_attention.host.fake"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(number)]
    try:
        yield [process.stdout.readline().strip() for process in processes]
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def timed(*words: str) -> dict[str, float]:
    """Seconds, processor seconds and peak memory (MB) of the audit's command, in a process of its own."""
    code = (
        "import resource, sys; from fair_attention.audit.__main__ import main; found = main(sys.argv[1:]); "
        "used = resource.getrusage(resource.RUSAGE_SELF); print('used', found, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True, check=True)
    found, memory, processor = done.stdout.splitlines()[-1].split()[1:]
    assert found == "0", done.stdout[-2000:]
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor": round(float(processor), 1),
        "memory_mb": round(float(memory)),
    }


def fill(folder: Path, cells: int) -> None:
    """A study of that many cells, without asking anybody."""
    draw = random.Random(0)
    people = [
        json.dumps({"gender": g, "skin tone": t})
        for g in ("male", "male", "male", "female")
        for t in ("light", "tan", "brown", "dark", None)
    ]
    prompts = [f"a photo of {counted(noun, n)}" for noun in OCCUPATIONS for n in (2, 3, 4)]
    with StudyStore(folder) as store:
        store.note(name="scale", axes=["gender", "skin tone"])
        store.write("plain", prompts[0], 0, loads(rows("plain", prompts[0], 0, PICTURES)))
        with store.writing():
            sources = [store._source(method, prompt) for method in ("plain", "fair") for prompt in prompts]
            reader = store.db.execute("SELECT id FROM readers").fetchone()[0]
            first = 1_000_000
            pictures = ((first + i, sources[i // PICTURES % len(sources)], str(1 + i // PICTURES // len(sources)), i % PICTURES, reader, 512, 512, "", "[]")
                        for i in range(cells * PICTURES))  # fmt: skip
            store.db.executemany("INSERT INTO pictures VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", pictures)
            found = (
                (first + i, j, 8.0, 8.0, 64.0, 64.0, draw.choice(people), "{}", 0.9, "", "")
                for i in range(cells * PICTURES)
                for j in range(3 - i % 2)
            )
            store.db.executemany("INSERT INTO people VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", found)


def reported(folder: Path) -> dict[str, object]:
    """The report of a study: what it took, and how large it and the study's file are."""
    used = timed("report", str(folder))
    sizes = {"html_mb": folder / "report.html", "csv_mb": folder / "people.csv", "database_mb": folder / "study.sqlite"}
    return {"report": used, **{name: round(file.stat().st_size / 1e6, 2) for name, file in sizes.items()}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=25_000)
    parser.add_argument("--servers", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("output/audit-scale"))
    parser.add_argument("--report", action="store_true", help="only the report")
    asked = parser.parse_args()
    shutil.rmtree(asked.out, ignore_errors=True)
    asked.out.mkdir(parents=True)
    if asked.report:
        fill(asked.out / "study", asked.cells)
        print(
            json.dumps(
                {
                    "pictures": asked.cells * PICTURES,
                    "people": asked.cells * PICTURES * 5 // 2,
                    **reported(asked.out / "study"),
                }
            )
        )
        return
    (asked.out / "graph.json").write_text(json.dumps(WORKFLOW))
    study = STUDY.format(blocks=-(-asked.cells // (2 * PROMPTS)), pictures=PICTURES)
    (asked.out / "study.toml").write_text(study + METHOD.format(name="plain") + METHOD.format(name="fair"))
    cells = -(-asked.cells // (2 * PROMPTS)) * 2 * PROMPTS
    with servers(asked.servers) as urls:
        words = [word for url in urls for word in ("--server", url)]
        run = timed("run", str(asked.out / "study.toml"), *words)
    print(json.dumps({
        "cells": cells, "pictures": cells * PICTURES, "servers": asked.servers, "run": run, "cells_a_second": round(cells / run["seconds"]),
        "cells_a_processor_second": round(cells / run["processor"]), **reported(asked.out / "study"),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
