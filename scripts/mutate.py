"""Do the tests notice a small fault? `make mutation` puts faults into the files that steer and record a sampling.

    python -m fair_attention.scripts.mutate [PART OF A FILE'S NAME ...]
    FAULTS=3 a file   SEED=0   ONLY=tests/unit of its tests

Each fault is put into the functions of a process that has the host loaded already, forked for it alone, and the tests of
that file run there until the first one fails. A fault that no test notices lives: a test is missing, or it changes nothing
that anybody could notice. What was found stands in docs/mutation.md; the faults of a run in output/mutation/.
"""

import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from ..host.hosts import ROOT
from .mutants import Mutant, sample
from .mutation_tests import TESTS

FOUND = ROOT / "output" / "mutation" / "faults.jsonl"
NOT_PUT_IN = "not put in:"
SLACK = 20.0  # seconds of the processor that a test run may take longer than three times what it takes without a fault


class Mutation:
    """A pytest plugin in place of its loop: one item starts the host, and each fault has its tests run in a fork."""

    def __init__(self, tests_of: dict[str, list[str]], faults: int, seed: int):
        self.tests_of, self.faults, self.seed = tests_of, faults, seed

    def pytest_runtestloop(self, session) -> bool:
        first = [i for i in session.items if "tiny_checkpoint" in getattr(i, "fixturenames", ())][:1]
        run(first, session.items[-1])  # makes what a session's tests share
        for file, tests in self.tests_of.items():
            self.of_file(file, [i for t in tests for i in session.items if in_file(i, t)], session.items[-1])
        return True

    def of_file(self, file: str, items: list, last) -> None:
        """The faults of one file. Raises UsageError where its tests fail without one, or where there are none."""
        passed, took = forked(lambda: run(items, last), 3600.0)
        if passed is not None or not items:
            raise pytest.UsageError(f"{file}: without a fault: {passed or 'no tests'}")
        source = (ROOT / file).read_text(encoding="utf-8")
        for mutant in sample(source, self.faults, random.Random(f"{self.seed} {file}")):
            killer, used = forked(lambda mutant=mutant: with_fault(file, source, mutant, items, last), 3 * took + SLACK)
            if (killer or "").startswith(NOT_PUT_IN):
                continue
            fate = killer or "ALIVE"
            print(f"\n{file}, {mutant}\n    {fate} ({used:.0f} s)", file=sys.__stderr__, flush=True)
            row = {"file": file, "line": mutant.line, "kind": mutant.kind, "before": mutant.before,
                   "after": mutant.after, "killed by": killer, "seconds": round(used, 1)}  # fmt: skip
            with FOUND.open("a", encoding="utf-8") as out:
                out.write(json.dumps(row) + "\n")


def in_file(item, test: str) -> bool:
    """`test`: a file of tests, or "file::part of a test's name"."""
    file, _, part = test.partition("::")
    return item.path == ROOT / file and part in item.name


def run(items: list, last) -> str | None:
    """Run tests until one fails; its name, None where all pass. What the session shares stays."""
    failed: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report):
            if report.failed:
                failed.append(report.nodeid)

    for item, following in zip(items, [*items[1:], last][: len(items)], strict=True):
        manager = item.config.pluginmanager
        watch = Watch()
        manager.register(watch)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        manager.unregister(watch)
        if failed:
            return failed[0]
    return None


def with_fault(file: str, source: str, mutant: Mutant, items: list, last) -> str | None:
    """The test that notices a fault, None where none does."""
    try:
        put_in(file, compile(source, file, "exec"), compile(mutant.tree, file, "exec"))
    except ValueError as error:
        return f"{NOT_PUT_IN} {error}"
    return run(items, last)


def put_in(file: str, old: CodeType, new: CodeType) -> None:
    """Give every function of that file its new code. Raises ValueError where none has changed."""
    wanted = dict(zip(codes(old), codes(new).values(), strict=True))
    done = 0
    gc.unfreeze()  # what the tests' host has set aside is not listed otherwise
    for function in [o for o in gc.get_objects() if type(o) is FunctionType]:
        code = function.__code__
        name = named(code)
        if code.co_filename.endswith(f"/{file}") and name in wanted:
            function.__code__ = wanted[name].replace(co_filename=code.co_filename)
            done += 1
    if not done:
        raise ValueError("no such function is loaded")


def codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """(name, first line) -> code, of all functions in it, in their order."""
    found = {}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found[named(inner)] = inner
            found |= codes(inner)
    return found


def named(code: CodeType) -> tuple[str, int]:
    """Python 3.10 knows a function's own name only."""
    return getattr(code, "co_qualname", code.co_name), code.co_firstlineno


def forked(work: Callable[[], str | None], limit: float) -> tuple[str | None, float]:
    """(what work() says, seconds of the processor it took) in a process of its own, which is stopped at the limit."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        said = "the process ended"
        try:
            said = work() or ""
        except BaseException as error:  # noqa: BLE001  a fault may do anything
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, b"=" + said[:2000].encode())
            os._exit(0)
    os.close(writer)
    stopped, done = False, 0
    while not done:
        time.sleep(0.1)
        stopped = stopped or used_by(child) > limit
        if stopped:
            os.kill(child, signal.SIGKILL)
        done, _, usage = os.wait4(child, 0 if stopped else os.WNOHANG)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode(errors="replace") or ("=it takes too long" if stopped else "=the process crashed")
    return said[1:] or None, usage.ru_utime + usage.ru_stime


def used_by(process: int) -> float:
    """Seconds of the processor so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parts = sys.argv[1:]
    only = os.environ.get("ONLY") or ""
    tests_of = {
        f: [t for t in tests if only in t] for f, tests in TESTS.items() if not parts or any(p in f for p in parts)
    }
    tests_of = {f: tests for f, tests in tests_of.items() if tests}
    FOUND.parent.mkdir(parents=True, exist_ok=True)
    tests = sorted({t.partition("::")[0] for chosen in tests_of.values() for t in chosen})
    mutation = Mutation(tests_of, int(os.environ.get("FAULTS") or 3), int(os.environ.get("SEED") or 0))
    return pytest.main([*tests, "-q", "-p", "no:cacheprovider"], plugins=[mutation])


if __name__ == "__main__":
    sys.exit(main())
