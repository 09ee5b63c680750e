"""A study file: what is drawn, with what, and what is asked of the pictures."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..metrics.study import StudyError
from .prompts import Prompt, inside, prompts_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = 1
TOP = {"format", "name", "axes", "prompts", "seeds", "methods", "size", "keep_pictures", "tries"}
MOST_SEEDS, MOST_PICTURES, LARGEST = 1_000_000, 4096, 2**64 - 1
SHIPPED = Path(__file__).resolve().parents[1] / "workflows"


@dataclass(frozen=True)
class Method:
    """workflow: the graph, as the front end saves or exports it. slots: what of a cell goes to which inputs. set: fixed values.

    An input is named by its node's title and its own name, "KSampler.seed"; the title alone where the slot's name is the input's.
    """

    name: str
    workflow: Mapping[str, Any]
    file: str
    slots: Mapping[str, tuple[str, ...]]
    set: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """pictures: of each seed, a batch. axes: that the report measures; empty: all that are read but occupation. keep: pictures of each
    prompt and method that are fetched for the contact sheet. tries: of a cell, before it is noted as failed."""

    name: str
    axes: tuple[str, ...]
    prompts: tuple[Prompt, ...]
    seeds: tuple[int, ...]
    pictures: int
    methods: tuple[Method, ...]
    size: tuple[int, int] | None
    keep: int
    tries: int
    text: str  # of the file


def load(path: Path) -> Study:
    """The study of a file. StudyError names what is wrong with it, and the remedy."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(
            f"{path} cannot be read as a study ({error}); it is a TOML file, see audit/studies/occupations.toml"
        ) from error
    try:
        return parsed(content, path, text)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise StudyError(
            f"{path.name}: a value has the wrong kind ({error}); compare with audit/studies/occupations.toml"
        ) from error


def parsed(content: Mapping[str, Any], path: Path, text: str) -> Study:
    if content.get("format") != FORMAT:
        raise StudyError(
            f"{path.name} has format {content.get('format')}, this version reads {FORMAT}: write format = {FORMAT}"
        )
    if unknown := sorted(content.keys() - TOP):
        raise StudyError(f"{path.name}: unknown {', '.join(unknown)}; known are {', '.join(sorted(TOP))}")
    methods = tuple(method_of(m, path) for m in content.get("methods", ()))
    if not methods:
        raise StudyError(f"{path.name} has no [[methods]]: give at least one, with a name and a workflow")
    if len({m.name for m in methods}) < len(methods):
        raise StudyError(f"{path.name}: two methods have the same name; name each apart")
    size = content.get("size")
    seeds, pictures = seeds_of(content.get("seeds", {}))
    return Study(
        name=str(content.get("name") or path.stem), axes=tuple(map(str, content.get("axes", ()))),
        prompts=prompts_of(content.get("prompts", {}), path.parent), seeds=seeds, pictures=pictures, methods=methods,
        size=None if size is None else (whole(size["width"], "size.width", 16, 16384), whole(size["height"], "size.height", 16, 16384)),
        keep=whole(content.get("keep_pictures", 8), "keep_pictures", 0, MOST_SEEDS * MOST_PICTURES),
        tries=whole(content.get("tries", 2), "tries", 1, 10), text=text,
    )  # fmt: skip


def whole(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise StudyError(f"{name}: {value!r} is no whole number from {least} to {most}")
    return value


def seeds_of(asked: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
    """(the seeds, how many pictures a batch of each holds). Ranges [first, last] and single seeds; none twice."""
    if unknown := sorted(asked.keys() - {"first", "blocks", "list", "ranges", "pictures"}):
        raise StudyError(f"[seeds]: unknown {', '.join(unknown)}")
    found: list[int] = [whole(s, "seeds.list", 0, LARGEST) for s in asked.get("list", ())]
    for first, last in asked.get("ranges", ()):
        whole(last - whole(first, "seeds.ranges", 0, LARGEST), "seeds.ranges, last less first", 0, MOST_SEEDS)
        found += range(first, last + 1)
    if "blocks" in asked or not found:
        first = whole(asked.get("first", 0), "seeds.first", 0, LARGEST - MOST_SEEDS)
        found += range(first, first + whole(asked.get("blocks", 1), "seeds.blocks", 1, MOST_SEEDS))
    seen: set[int] = set()
    for seed in found:
        if seed in seen:
            raise StudyError(
                f"[seeds] overlap: {seed} is there twice, and its pictures would be counted twice; give each seed once"
            )
        seen.add(seed)
    return tuple(found), whole(asked.get("pictures", 4), "seeds.pictures", 1, MOST_PICTURES)


def method_of(asked: Mapping[str, Any], path: Path) -> Method:
    name = str(asked.get("name", "")).strip()
    if not name or not name.isprintable() or len(name) > 80:
        raise StudyError(f"{path.name}: a method has no name of at most 80 characters")
    if unknown := sorted(asked.keys() - {"name", "workflow", "slots", "set"}):
        raise StudyError(f"{path.name}, method {name}: unknown {', '.join(unknown)}")
    if not isinstance(asked.get("workflow"), str):
        raise StudyError(
            f"{path.name}, method {name}: workflow is missing; name a file beside the study, or one of the pack's: {shipped()}"
        )
    file = SHIPPED / asked["workflow"] if asked["workflow"] in shipped() else inside(path.parent, asked["workflow"])
    try:
        workflow = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(workflow, dict):
            raise ValueError("no workflow")
    except (OSError, ValueError) as error:
        raise StudyError(
            f"method {name}: {asked['workflow']} cannot be read as a workflow ({error}); save it from ComfyUI"
        ) from error
    slots = {k: tuple([v] if isinstance(v, str) else map(str, v)) for k, v in asked.get("slots", {}).items()}
    return Method(name, workflow, asked["workflow"], slots, dict(asked.get("set", {})))


def shipped() -> list[str]:
    return sorted(f.name for f in SHIPPED.glob("*.json"))
