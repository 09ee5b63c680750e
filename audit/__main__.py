"""python -m fair_attention.audit run | report | compare"""

import argparse
import contextlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..metrics.study import StudyError, StudyStore
from . import run as running
from .cells import total
from .cluster import Cluster, needs
from .kept import facts
from .places import Embedded, Fixed, Fleet, Running
from .progress import Progress, duration
from .study import Study, load


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m fair_attention.audit", description="How fair is a checkpoint, over prompts, seeds and methods?"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="draw, read and record; goes on where it stopped")
    run.add_argument("study", type=Path, help="a study file (TOML), see audit/studies/occupations.toml")
    run.add_argument(
        "--out", type=Path, help="folder of rows, pictures and report (default: beside the study file, by its name)"
    )
    run.add_argument(
        "--server",
        action="append",
        default=[],
        metavar="URL",
        help="a ComfyUI that runs already, once or more; default: the embedded one",
    )
    run.add_argument(
        "--embedded", type=int, default=1, metavar="N", help="how many embedded ones, without --server and --ray"
    )
    run.add_argument(
        "--ray",
        metavar="ADDRESS",
        help='a Ray cluster, "auto" or the address of its head; "local": one on this machine alone. Each worker starts a ComfyUI of its own',
    )
    run.add_argument(
        "--worker",
        type=needs,
        metavar="GPU=1",
        help="what each of Ray's workers takes, GPU=0.5 or CPU=4,big=1 say; default: a GPU, where there are none a CPU",
    )
    run.add_argument("--workers", type=int, metavar="N", help="of Ray; default: as many as there is room for")
    run.add_argument(
        "--models", type=Path, metavar="FOLDER", help="a ComfyUI's models, for embedded ones and Ray's workers"
    )
    run.add_argument("--dry-run", action="store_true", help="say how much there is to do, and draw nothing")
    report = commands.add_parser("report", help="write report.html, people.csv, summary.csv, audit.json")
    report.add_argument("study", type=Path, help="a study's folder, or its file")
    report.add_argument("--out", type=Path, help="the study's folder, where it is not beside the file")
    compare = commands.add_parser("compare", help="two studies of the same prompts and seeds, two checkpoints say")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    compare.add_argument("--out", type=Path, default=Path("compare.html"))
    return parser.parse_args(given)


def folder_of(study: Path, out: Path | None) -> Path:
    """Where a study's rows lie."""
    if out is not None:
        return out
    return study.with_suffix("") if study.suffix == ".toml" else study


def fleet(asked: argparse.Namespace, folder: Path) -> Fleet:
    if asked.ray and asked.server:
        raise StudyError("--ray and --server exclude each other: name the servers, or let Ray start some")
    models = asked.models and asked.models.absolute()
    if asked.ray:
        return Cluster(asked.ray, asked.worker, asked.workers, models)
    if asked.server:
        return Fixed([Running(url) for url in dict.fromkeys(u.rstrip("/") for u in asked.server)])
    return Fixed([Embedded(folder / "host" / str(n), models=models) for n in range(max(1, asked.embedded))])


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No second driver on the same study; the lock ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows: two drivers would draw twice, and still write each row once
        yield
        return
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StudyError(
                f"another audit is running in {folder}: wait for it, or take another folder (--out)"
            ) from error
        yield


def told(study: Study, store: StudyStore, waiting: int, servers: int) -> str:
    """How much there is to do. waiting: cells that are not finished."""
    all_cells = total(study)
    text = (
        f"{study.name}: {len(study.prompts)} prompts x {len(study.seeds)} seeds x {len(study.methods)} methods = {all_cells} cells, "
        f"{all_cells * study.pictures} pictures; {all_cells - waiting} cells are finished"
    )
    done = len(store.cells("done"))
    if waiting and done:
        text += f"; the others take about {duration(store.seconds() / done * waiting / servers)} on {servers} server{'s' * (servers > 1)}, as fast as those"
    elif waiting:
        text += "; how long they take is known when the first one is measured"
    return text


def run(asked: argparse.Namespace) -> int:
    study, folder = load(asked.study), folder_of(asked.study, asked.out)
    with StudyStore(folder) as store, alone(folder), contextlib.closing(fleet(asked, folder)) as where:
        waiting = running.left(study, store)
        print(told(study, store, len(waiting), where.size()), flush=True)
        if asked.dry_run:
            for line in where.described():
                print(line)
            return 0
        if not waiting:
            print(f"nothing is left to do. Report: python -m fair_attention.audit report {shlex.quote(str(folder))}")
            return 0
        known = facts(study, store, command())
        where.open()
        drawn = running.Run(study, waiting, store, folder, where, known, Progress(len(waiting), study.pictures))
        drawn.go()
        for method, prompt, seed, error, server in store.failures():
            print(f"failed: {method}, {prompt!r}, seed {seed} on {server}: {seen((error.splitlines() or [''])[0])}")
    print(f"finished. Report: python -m fair_attention.audit report {shlex.quote(str(folder))}")
    return 1 if drawn.failed else 0


def tell(asked: argparse.Namespace) -> int:
    """Write a report, or two studies beside each other, and say where."""
    from . import report

    if asked.command == "report":
        paths = report.report(folder_of(asked.study, asked.out))
    else:
        paths = [report.compare(asked.before, asked.after, asked.out)]
    print("\n".join(map(str, paths)))
    if said := report.charts.missing():
        print(said)
    return 0


def seen(text: str) -> str:
    """A server's own words without what would drive a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def command() -> str:
    return "python -m fair_attention.audit " + shlex.join(sys.argv[1:])


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    try:
        return run(asked) if asked.command == "run" else tell(asked)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped. What is finished is kept: run the same command to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
