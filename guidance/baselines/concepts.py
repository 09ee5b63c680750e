"""The concepts that UCE edits, as people write them: one a line, with how far each is leaned to which attribute.

    doctor | female 0.4, male -0.4
    photo of [nurse] | female -0.3, male 0.3

    doctor | female 0.1, male -0.1

Square brackets mark what the attribute takes the place of ("photo of female"); without them the variant's own texts are
meant. An empty line begins another round, which edits what the one before has left. `edit_concepts` finds the numbers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .uce import Variant

_WEIGHT = re.compile(r"(.+?)\s+([+-]?(?:\d+\.?\d*|\.\d+))")
_MARKED = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Concept:
    """One text to edit, those of the attributes that take its place, and alpha by attribute; None: to be found."""

    text: str
    attributes: tuple[str, ...]
    weights: tuple[float, ...] | None


def parse_concepts(
    written: str, names: Sequence[str], texts: Sequence[str], variant: Variant
) -> tuple[tuple[Concept, ...], ...]:
    """The rounds of a text, each with its concepts.

    names: of the attributes, as the weights call them; texts: what stands for each in the place of a concept.
    ValueError if nothing is written, for an attribute that is none, for a concept that occurs twice in a round and for
    one that is an attribute itself.
    """
    rounds = []
    for block in re.split(r"\n\s*\n", written.strip()):
        found: dict[str, Concept] = {}
        for line in (line.strip() for line in block.splitlines() if line.strip()):
            for concept in _concepts_of(line, names, texts, variant):
                if concept.text.casefold() in found:
                    raise ValueError(f"{concept.text!r} occurs twice in one round: write it once")
                found[concept.text.casefold()] = concept
        if found:
            rounds.append(tuple(found.values()))
    if not rounds:
        raise ValueError("there is no concept: write one a line, such as 'doctor | female 0.4, male -0.4'")
    return tuple(rounds)


def _concepts_of(line: str, names: Sequence[str], texts: Sequence[str], variant: Variant) -> list[Concept]:
    said, bar, given = (part.strip() for part in line.partition("|"))
    marked = _MARKED.search(said)
    subject = marked[1].strip() if marked else said
    if not subject:
        raise ValueError(f"{line!r} names no concept: write it before the |, such as 'doctor | female 0.4, male -0.4'")
    if subject.casefold() in {t.casefold() for t in (*names, *texts)}:
        raise ValueError(
            f"{subject!r} is one of the attributes themselves: a concept is what is to be leaned towards them"
        )
    weights = _weights(given, names, line) if bar else None
    templates = [f"{said[: marked.start()]}{{}}{said[marked.end() :]}"] if marked else variant.templates
    return [Concept(t.replace("{}", subject), tuple(t.replace("{}", a) for a in texts), weights) for t in templates]


def _weights(given: str, names: Sequence[str], line: str) -> tuple[float, ...]:
    found: dict[str, float] = {}
    for part in (p.strip() for p in given.split(",") if p.strip()):
        match = _WEIGHT.fullmatch(part)
        name = next((n for n in names if match and n.casefold() == match[1].strip().casefold()), None)
        if not match or name is None:
            raise ValueError(
                f"{part!r} in {line!r} is no attribute of the target with a number: write some of {', '.join(names)}, "
                f"as in '{names[0]} 0.4', commas between"
            )
        if name in found:
            raise ValueError(f"{name!r} occurs twice in {line!r}: write it once")
        found[name] = float(match[2])
    return tuple(found.get(name, 0.0) for name in names)


def write_concepts(rounds: Sequence[Sequence[tuple[str, Sequence[float]]]], names: Sequence[str]) -> str:
    """Rounds of (text or marked text, alpha by attribute), as `parse_concepts` reads them."""
    lines = [
        [f"{text} | " + ", ".join(f"{n} {a:.4g}" for n, a in zip(names, weights, strict=True)) for text, weights in r]
        for r in rounds
    ]
    return "\n\n".join("\n".join(block) for block in lines)


def check_preserved(rounds: Sequence[Sequence[Concept]], preserved: Sequence[str]) -> None:
    """ValueError for a text that is both to be edited and to stay."""
    edited = {c.text.casefold(): c.text for r in rounds for c in r}
    both = next((p for p in preserved if p.casefold() in edited), None)
    if both is not None:
        raise ValueError(f"{both!r} is both edited and preserved: take it out of one of the two")
