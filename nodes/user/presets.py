"""Attribute lists that users keep as presets of their own: text files in ComfyUI's user folder."""

import re
from pathlib import Path

import folder_paths

NAME = re.compile(r"[^\W_][\w' -]{0,59}")  # a file name on every system


def folder() -> Path:
    return Path(folder_paths.get_user_directory(), "default", "fair_attention", "targets")


def saved() -> dict[str, str]:
    """Name -> list, as `parse_attributes` reads it, of all that were kept."""
    return {file.stem: file.read_text(encoding="utf-8").strip() for file in sorted(folder().glob("*.txt"))}


def save(name: str, text: str, taken: list[str]) -> None:
    """Keep a list under a name. Nothing is overwritten.

    Raises ValueError for what is no name, for a name of `taken`, and for one that stands for another list already.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a preset: write up to 60 letters, digits, spaces and hyphens")
    known = {kept.casefold(): kept for kept in saved()}
    if name.casefold() in {one.casefold() for one in taken}:
        raise ValueError(f"{name!r} is the name of a ready-made preset: choose another")
    before = saved().get(known.get(name.casefold(), ""))
    if before is not None and before != text:
        raise ValueError(
            f"the preset {name!r} holds another list already: choose another name, or delete {folder() / name}.txt"
        )
    if before is None:
        folder().mkdir(parents=True, exist_ok=True)
        (folder() / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
