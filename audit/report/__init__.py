"""What a study has found: report.html, people.csv, summary.csv, audit.json; and two studies beside each other."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...metrics.study import StudyError, StudyStore
from ..kept import whole
from . import charts, tables, words
from .counted import Counted, chosen_axes, count
from .numbers import Change, Numbers, change, changes, numbers
from .page import render
from .sheet import Line, sheet


def report(folder: Path) -> list[Path]:
    """Write everything about a study into its folder."""
    with StudyStore(folder, create=False) as store:
        facts, failures = store.facts(), store.failures()
        reader, axes = chosen_axes(store, facts.get("axes", ()))
        methods = count(store, axes)
        found = [numbers(m, axis, classes, reader["certificate"]) for axis, classes in axes.items() for m in methods]
        moved = changes(methods, list(axes))
        notes = words.not_measured(facts, reader, methods, found, len(failures))
        name = str(facts.get("name", folder.name))
        lines = sheet(store, folder, [m.method for m in methods], list(axes))
        paths = [folder / file for file in ("report.html", "people.csv", "summary.csv", "audit.json")]
        page = content(f"Audit: {name}", words.verdict(found, moved), reader, axes, found, moved, notes, lines, failures, facts.get("groups", {}), made(facts), [(name, facts.get("study", ""))])  # fmt: skip
        with writing():
            with whole(paths[0]) as file:
                file.write_text(render(page), encoding="utf-8")
            with whole(paths[1]) as file:
                tables.people(file, store, name, reader)
            with whole(paths[2]) as file:
                tables.summary(file, found)
            with whole(paths[3]) as file:
                tables.audit(file, facts, reader, found, moved, notes, failures)
    return paths


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """StudyError where a file of a report cannot be written: a report that was there before still is."""
    try:
        yield
    except OSError as error:
        raise StudyError(f"the report cannot be written ({error}); the study itself is as it was") from error


def compare(before: Path, after: Path, out: Path) -> Path:
    """Two studies of the same prompts and seeds as one page: each method of one against the same of the other."""
    both: list[list[Counted]] = []
    told, notes, facts_of, groups = [], [], [], {}
    reader: dict[str, Any] = {}
    axes: dict[str, list[str]] = {}
    for folder in (before, after):
        with StudyStore(folder, create=False) as store:
            facts = store.facts()
            known, chosen = chosen_axes(store, facts.get("axes", ()))
            if reader and (known["reader"], known["axes"]) != (reader["reader"], reader["axes"]):
                raise StudyError(
                    f"{before} was read by the {reader['reader']}, {after} by the {known['reader']}: read both with the same one"
                )
            reader, axes = reader or known, axes or chosen
            both.append(count(store, axes))
            groups.update(facts.get("groups", {}))
            facts_of.append(facts)
    names = [str(facts.get("name", folder.name)) for facts, folder in zip(facts_of, (before, after), strict=True)]
    if names[0] == names[1]:
        names = [str(before), str(after)]
    named = [
        [replace(m, method=f"{name}: {m.method}") for m in methods] for name, methods in zip(names, both, strict=True)
    ]
    same = [
        (one, other)
        for i, one in enumerate(named[0])
        for j, other in enumerate(named[1])
        if both[0][i].method == both[1][j].method
    ]
    moved = [
        c
        for axis in axes
        for one, other in same or [(named[0][0], named[1][0])]
        if (c := change(one, other, axis)) is not None
    ]
    if not moved:
        raise StudyError(
            "no picture of both studies has the same prompt and seed: run both with the same prompts and seeds"
        )
    found = [
        numbers(m, axis, classes, reader["certificate"])
        for axis, classes in axes.items()
        for m in (*named[0], *named[1])
    ]
    for facts, methods in zip(facts_of, named, strict=True):
        notes += words.not_measured(
            facts, reader, methods, [n for n in found if n.method in {m.method for m in methods}], 0
        )
        told += made(facts)
    title = f"{names[0]} against {names[1]}"
    files = [(name, facts.get("study", "")) for name, facts in zip(names, facts_of, strict=True)]
    page = content(
        title,
        words.verdict(found, moved),
        reader,
        axes,
        found,
        moved,
        list(dict.fromkeys(notes)),
        [],
        [],
        groups,
        told,
        files,
    )
    with writing(), whole(out) as file:
        file.write_text(render(page), encoding="utf-8")
    return out


def content(
    title: str, verdict: str, reader: Mapping[str, Any], axes: Mapping[str, Sequence[str]], found: Sequence[Numbers], moved: Sequence[Change],
    notes: Sequence[str], lines: Sequence[Line], failures: Sequence[tuple], groups: Mapping[str, str], told: Sequence[tuple[str, str]],
    files: Sequence[tuple[str, str]],
) -> dict[str, Any]:  # fmt: skip
    """What the page shows."""
    missing = charts.missing()
    drawn: dict[str, list[tuple[str, str]]] = {axis: [] for axis in axes}
    for axis in axes if not missing else ():
        of = [n for n in found if n.axis == axis and n.people]
        if of:
            drawn[axis] = [(f"Shares of {axis} by group and method; all numbers are in the tables below", charts.frequencies(of, groups)),
                           (f"Bias-W of {axis} by prompt with its 95 % interval; the tick is what a fair model shows by chance", charts.distances(of, groups))]  # fmt: skip
    return dict(
        title=title, verdict=verdict, reader=reader, axes=list(axes), numbers=found, changes=moved, notes=notes, lines=lines,
        failures=failures, charts=drawn, no_charts=missing, made=told, files=files,
    )  # fmt: skip


def made(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions, hashes, servers, command."""
    told = [
        ("command", facts.get("command", "filled by Record People in a graph")),
        ("Fair Attention", facts.get("version", "")),
    ]
    for name, mark in facts.get("methods", {}).items():
        models = ", ".join(facts.get("checkpoints", {}).get(name, ())) or "no model named"
        told.append((f"method {name}", f"models {models}; sha256 of workflow and values {mark}"))
    for server in facts.get("servers", ()):
        told.append(
            (
                f"server {server['server']}",
                ", ".join(
                    f"{k} {v if isinstance(v, str) else ' '.join(map(str, v))}"
                    for k, v in server.items()
                    if k != "server"
                ),
            )
        )
    return [(key, value) for key, value in told if value]
