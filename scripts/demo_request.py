"""What the demo is asked for, checked before anything is started: the prompt, how many pictures, the attributes, the folder."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from ..attention.prompt.language import people_groups
from ..emoji_world.captions import KNOWN_WORDS
from ..guidance.fair.attribute_list import parse_attributes
from ..guidance.fair.target import PRESETS, Attribute

OUT = Path("output/demo")
REPORT = "report.json"  # written last: a folder that holds it holds a whole demo
BATCH = 16  # pictures a queue run


@dataclass(frozen=True)
class Request:
    """attributes: as the user wrote them; wanted: what they stand for. out: where the demo is left."""

    prompt: str
    pictures: int
    attributes: str
    wanted: tuple[Attribute, ...]
    out: Path


def parse(arguments: list[str] | None = None) -> Request:
    """The command line. Leaves with the reason, status 2, for what could not be drawn: nothing has been started then."""
    parser = argparse.ArgumentParser(
        description="Before and after, with numbers: the same pictures plain and with Fair Inference, drawn by a real ComfyUI.",
        allow_abbrev=False,
    )
    parser.add_argument("--prompt", default="a photo of three pilots", help="names the people to make fair")
    parser.add_argument(
        "--pictures", "--seeds", type=int, default=16, metavar="N",
        help=f"how many: {BATCH} of them are a batch of seed 0, the next {BATCH} one of seed {BATCH}, and so on",
    )  # fmt: skip
    parser.add_argument(
        "--attributes", default="gender", help=f"{', '.join(PRESETS)}, or a list such as female 3, male 1"
    )
    parser.add_argument(
        "--out", type=Path, help=f"folder to write to; without it {OUT}, and beside it where that holds a demo already"
    )
    a = parser.parse_args(arguments)
    try:
        if a.pictures < 1:
            raise ValueError(f"--pictures {a.pictures}: ask for at least one")
        wanted = attributes_of(a.attributes)
        check_prompt(a.prompt, wanted)
        if a.out is not None and a.out.exists() and not a.out.is_dir():
            raise ValueError(f"--out {a.out}: it is a file; name a folder")
    except ValueError as error:
        parser.error(str(error))
    return Request(a.prompt, a.pictures, a.attributes, wanted, a.out or free_folder(OUT))


def attributes_of(text: str) -> tuple[Attribute, ...]:
    """The attributes as Target Distribution will read them. Raises ValueError as it would."""
    try:
        return PRESETS.get(text) or parse_attributes(text.replace(",", "\n"))
    except ValueError as error:
        raise ValueError(f"--attributes {text!r}: {error}") from None


def check_prompt(prompt: str, wanted: tuple[Attribute, ...]) -> None:
    """Raises ValueError for a prompt that names nobody, or nobody whose attribute it leaves open."""
    groups = people_groups(prompt)
    if not groups:
        raise ValueError(f"--prompt {prompt!r} names no person; name one, as in: a photo of three pilots")
    axes = {axis for attribute in wanted for axis, _ in attribute.axis_values}
    stated = [[word for axis, word in group.fixed if axis in axes] for group in groups]
    if all(stated):
        words = ", ".join(dict.fromkeys(word for each in stated for word in each))
        raise ValueError(
            f"--prompt {prompt!r} says {words}, so of {' and '.join(sorted(axes))} nothing is left to be changed; leave it "
            "out of the prompt, or choose other --attributes"
        )


def unknown_words(prompt: str) -> list[str]:
    """The prompt's words that the embedded model has not learned: what it draws for them says nothing."""
    words = re.findall(r"[^\W\d_]+", prompt.lower())
    return [word for word in dict.fromkeys(words) if word not in KNOWN_WORDS]


def free_folder(folder: Path) -> Path:
    """The folder, or the first of folder-2, folder-3 ... where it holds a whole demo: none is written over."""
    number, free = 1, folder
    while (free / REPORT).exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free
