"""The attribute list a user writes ("female 1, male 1"): read, checked, and written back."""

import difflib
import math
import re
from dataclasses import replace

from .target import PRESETS, Attribute, check_attributes


def parse_attributes(text: str, axis: str = "") -> tuple[Attribute, ...]:
    """ "female 1, male 1" -> attributes. One per line, or separated by commas.

    An entry is `name`, `name share`, `name: share` or `name = share`, then optionally `| prompt`. Without a share it
    is 1. A name may have several words ("East Asian 1"); a prompt holds no comma. A name of a ready-made set, in any
    case, gets that set's spelling, word and prompt; any other name gets the prompt "<name> person". The name of a
    ready-made set alone ("Gender") is that set. Shares in percent are completed to 100 (see `_weights`).
    axis: what the attributes are values of; "" is the ready-made set that holds all the names, else "attribute".
    Raises ValueError that names the entry, what is wrong with it and what to write instead.
    """
    entries = [piece.strip() for line in text.splitlines() for piece in _entries(line)]
    if len(entries) == 1 and entries[0].casefold() in PRESETS:
        return PRESETS[entries[0].casefold()]
    parsed = _weights([_parse_entry(entry) for entry in entries])
    names = {name.casefold() for name, _, _ in parsed}
    axis = axis.strip() or next(
        (axis for axis, preset in PRESETS.items() if names <= {a.name.casefold() for a in preset}), "attribute"
    )
    known = {a.name.casefold(): a for a in PRESETS.get(axis, ())}
    attributes = []
    for name, share, prompt in parsed:
        plain = Attribute(name, share, f"{name} person", name, ((axis, name),))
        attribute = replace(known.get(name.casefold(), plain), share=share)
        attributes.append(attribute if prompt is None else replace(attribute, prompt=prompt))
        if name.casefold() not in known and prompt is None:
            _check_word(name)
    check_attributes(tuple(attributes))
    return tuple(attributes)


def write_attributes(attributes: tuple[Attribute, ...]) -> str:
    """The text that `parse_attributes` reads as these attributes; a prompt only where the name does not bring it."""

    def line(a: Attribute) -> str:
        plain = next((x for preset in PRESETS.values() for x in preset if x.name == a.name), None)
        usual = plain.prompt if plain else f"{a.name} person"
        return f"{a.name} {a.share:g}" + ("" if a.prompt == usual else f" | {a.prompt}")

    return "\n".join(map(line, attributes))


def _entries(line: str) -> list[str]:
    if not line.strip():
        return []
    pieces = line.split(",")
    if not pieces[-1].strip():
        pieces.pop()  # a comma at the end of a line separates nothing
    for before, piece in zip(pieces, pieces[1:], strict=False):
        if "|" in before and "|" not in piece:
            raise ValueError(f"{piece.strip()!r} after {before.strip()!r} could be an attribute or part of the prompt: "
                             "write one attribute per line, and no comma in a prompt")  # fmt: skip
    return pieces


def _parse_entry(entry: str) -> tuple[str, str, str | None]:
    """ "dark = 1 | a dark person" -> ("dark", "1", "a dark person"); no share: ""; no prompt: None."""
    head, bar, prompt = (part.strip() for part in entry.partition("|"))
    if bar and not prompt:
        raise ValueError(f"{entry!r} has no prompt after '|': write one such as '| female person', or leave '|' out")
    head = re.sub(r"^([\d.]+ ?%) (.+)$", r"\2 \1", head)  # "50% female"
    explicit = re.fullmatch(r"(.*?)\s*[:=]\s*(.*)", head)
    name, number = explicit.groups() if explicit else _split_share(head)
    if not name:
        raise ValueError(f"{entry!r} has no name: write the attribute before its share, such as 'female 1'")
    if explicit and not number:
        raise ValueError(f"{entry!r}: '' is not a number: write a share such as '{name} 1'")
    _check_name(name)
    return name, number, prompt or None


def _check_name(name: str) -> None:
    """Raises ValueError for what cannot be an attribute: no letters, several entries in one, a sentence."""
    instead = "write one attribute per line with its share, such as 'female 1'"
    if not any(letter.isalpha() for letter in name):
        raise ValueError(f"{name!r} is no attribute: {instead}")
    if found := re.search(r"[^\w\s'’.()&-]", name):
        raise ValueError(f"{name!r} holds {found[0]!r}, which no attribute does: {instead}")
    words = name.split()
    numbers = [place for place, word in enumerate(words) if re.fullmatch(r"[\d.]+%?", word)]
    if numbers and (numbers != [0] or len(words) == 2):  # but not "30 years old"
        raise ValueError(f"{name!r} holds a share that is not at its end: {instead}")
    if len(words) > 8 or name.endswith("."):
        raise ValueError(f"{name!r} is a sentence and no attribute: {instead}")


def _check_word(name: str) -> None:
    """Raises ValueError for a set's name among attributes ("gender x age"), and for what is nearly a known word: "femal"."""
    named = next((part for part in re.split(r"\s+(?:[x×*&+]|and|by)\s+", name.casefold()) if part in PRESETS), None)
    if named is not None:
        raise ValueError(f"{name!r}: {named!r} is a ready-made set and no attribute; write it alone, and to cross two sets "
                         "wire one Target Distribution into cross_with of another")  # fmt: skip
    known = [a.name for preset in PRESETS.values() for a in preset]
    near = difflib.get_close_matches(name.casefold(), [x.casefold() for x in known], 1, cutoff=0.85)
    if near and near[0] != name.casefold() and len(name) > 4 and " " not in name:
        meant = next(x for x in known if x.casefold() == near[0])
        raise ValueError(f"{name!r} is none of the known names: is {meant!r} meant? If not, write the prompt too, "
                         f"as in '{name} 1 | {name} person'")  # fmt: skip


def _weights(entries: list[tuple[str, str, str | None]]) -> list[tuple[str, float, str | None]]:
    """Shares as numbers: 1 where none is given or, where the others are in percent, an equal part of what they leave.

    Raises ValueError for what is no number, for percentages beside plain numbers, and for percentages whose sum is not
    100, or above 100 where entries without a share are to have the rest. Half a percent for each entry is rounding.
    """
    percent = [number.endswith("%") for _, number, _ in entries]
    if not any(percent):
        return [(name, _number(name, number), prompt) for name, number, prompt in entries]
    if bare := next((name for (name, number, _), p in zip(entries, percent, strict=True) if number and not p), None):
        raise ValueError(f"{bare!r} has a share without '%', others have one: write all shares in percent, or none")
    given = [_number(name, number[:-1]) if number else None for name, number, _ in entries]
    total, open_ones = math.fsum(share for share in given if share is not None), given.count(None)
    if abs(total - 100) > len(entries) / 2 if not open_ones else total >= 100:
        raise ValueError(f"the shares sum to {total:g}%: make it 100%, or write plain numbers such as 'female 2'")
    rest = (100 - total) / max(1, open_ones)
    return [
        (name, rest if share is None else share, prompt)
        for (name, _, prompt), share in zip(entries, given, strict=True)
    ]


def _number(name: str, text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        raise ValueError(f"{name!r}: {text!r} is not a number: write a share such as '{name} 1'") from None


def _split_share(head: str) -> tuple[str, str]:
    """ "East Asian 1" -> ("East Asian", "1"). A last word with a digit, or that reads as a number, is the share; none: ""."""
    *words, last = re.sub(r"(?<=\d) %", "%", head).split() or [""]
    if re.search(r"\d", last) or last.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        return " ".join(words), last
    return " ".join([*words, last]), ""
