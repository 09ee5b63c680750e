"""The prompts of a study: of presets, of a list, of a file; each with the group it is charted under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..metrics.study import StudyError
from . import presets

LONGEST = 2000  # characters of a prompt


@dataclass(frozen=True)
class Prompt:
    """group: what it is charted under, an occupation say; for a prompt of the user's the prompt itself."""

    text: str
    group: str


def prompts_of(asked: Mapping[str, Any], folder: Path) -> tuple[Prompt, ...]:
    """All prompts of a study's [prompts]. folder: where its files lie. StudyError names what is wrong, and what to do."""
    found = [
        *of_presets(asked),
        *(Prompt(text.strip(), text.strip()) for text in asked.get("list", ())),
        *of_file(asked, folder),
    ]
    if not found:
        raise StudyError("[prompts] names none: give presets, list or file")
    seen: set[str] = set()
    for number, prompt in enumerate(found, 1):
        if not prompt.text:
            raise StudyError(f"prompt {number} is empty: remove it")
        if len(prompt.text) > LONGEST:
            raise StudyError(
                f"prompt {number} has {len(prompt.text)} characters, at most {LONGEST}: {prompt.text[:60]!r}…; shorten it"
            )
        if any(not c.isprintable() for c in prompt.text):
            raise StudyError(
                f"prompt {number} holds characters that cannot be seen: {prompt.text[:60]!r}; write it on one line, in plain text"
            )
        if prompt.text in seen:
            raise StudyError(
                f"prompt {number} is there twice: {prompt.text!r}; its pictures would be counted twice, remove one"
            )
        seen.add(prompt.text)
    return tuple(found)


def of_presets(asked: Mapping[str, Any]) -> list[Prompt]:
    names, counts = asked.get("presets", ()), asked.get("counts", (3,))
    templates: Sequence[str] = asked.get("templates", (presets.TEMPLATE,))
    templates = presets.STYLES if list(templates) == ["styles"] else templates
    found = []
    for template in templates:
        if template.count("{people}") != 1:
            raise StudyError(f"[prompts] templates: {template!r} must hold {{people}} once")
    for name in names:
        if name not in presets.NAMES:
            raise StudyError(f"[prompts] presets: {name!r} is none of {', '.join(presets.NAMES)}")
        for template in templates:
            for whole in presets.WHOLE.get(name, ()):
                found.append(Prompt(template.replace("{people}", whole), whole))
            for noun in presets.COUNTED.get(name, ()):
                for count in counts:
                    try:
                        found.append(Prompt(template.replace("{people}", presets.counted(noun, count)), noun))
                    except ValueError as error:
                        raise StudyError(f"[prompts] {error}") from error
    return found


def of_file(asked: Mapping[str, Any], folder: Path) -> list[Prompt]:
    """A prompt a line; after a tab the group it is charted under. Lines that begin with # are left out."""
    if "file" not in asked:
        return []
    path = inside(folder, asked["file"])
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"[prompts] file: {path} cannot be read ({error}); give a text file in UTF-8, one prompt a line"
        ) from error
    found = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        text, _, group = (part.strip() for part in line.partition("\t"))
        if not text:
            raise StudyError(f"{path.name}, line {number} is empty: remove it")
        found.append(Prompt(text, group or text))
    return found


def inside(folder: Path, name: str) -> Path:
    """A file named in a study, which must lie beside it or below: a study may be a stranger's."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise StudyError(f"{name!r} lies outside of {folder}: put the file beside the study")
    return path
