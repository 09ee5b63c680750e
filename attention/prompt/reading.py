"""A prompt as a parser is to read it: no syntax of the host, no quoted text, a mark where a phrase cannot run on.

Everything here keeps the number of characters, so that what a parser finds has the offsets of the prompt.
"""

import re

from . import lexicon, nouns
from .attributes import YEARS, attribute_axis
from .numbers import PHRASE, number
from .origins import is_origin
from .tokens import BREAK, plain_text
from .vocabulary import KIND

_QUOTED = re.compile(
    r"(?<!\w)(?:\"[^\"\n]+\"|“[^”\n]+”|„[^“”\n]+[“”]|«[^»\n]+»|‘[^’\n]+’|'(?:[^'\n]|(?<=\w)'(?=\w)){2,}')(?!\w)"
)
_ADDED = re.compile(r"<[^<>\n]*:[^<>\n]*>")  # <lora:name:0.8>
_WEIGHT = re.compile(r"::-?\d*\.?\d*")  # cowboy::2
_MORE = re.compile(r"\b\d\+[a-z]+\b")  # 6+girls
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_SLASH = re.compile(r"(?<=[^\W\d_]{3})\s*/\s*(?=[^\W\d_]{3})|\s/\s")
_RUNS_ON = ("det", "prep", "cc", "be", "adverb")  # a line that ends in one of these goes on


def readable(prompt: str) -> str:
    """The prompt for a parser, as long as it is: weights, BREAK, quoted text and links to files blanked.

    A parenthesis that says again who somebody is stays: "a nurse (a woman of sixty)".
    A BREAK, a line's end and a bar end a sentence. A slash between words is a comma, and so is the parenthesis of a
    weight between a person noun and a word that does not continue it: "a nurse (bokeh:1.2)".
    """
    text = plain_text(prompt)
    for match in BREAK.finditer(prompt):
        text = _put(text, match.end() - 1, ".")
    text = _ADDED.sub(lambda match: " " * len(match[0]), text).replace("_", " ")
    text = _WEIGHT.sub(lambda match: "," + " " * (len(match[0]) - 1), text).replace("[", " ").replace("]", " ")
    text = _without_quotes(text)
    for match in re.finditer(r"\n|\|", text):
        before = _WORD.findall(text[: match.start()])
        goes_on = match[0] == "\n" and before and KIND.get(before[-1].lower()) in _RUNS_ON
        closed = text[: match.start()].rstrip().endswith((",", ".", ";", ":", "!", "?"))
        text = _put(text, match.start(), " " if goes_on or closed else ".")
    text = _SLASH.sub(lambda match: "," + " " * (len(match[0]) - 1), text)
    for i, (was, now) in enumerate(zip(prompt, text, strict=True)):
        if was in "()" and now == " " and _is_aside(prompt, text, i):
            text = _put(text, i, "(")
        elif was in "()[" and now == " " and _parts(text, i, was):
            text = _put(text, i, ",")
    return text


def _is_aside(prompt: str, text: str, i: int) -> bool:
    """Whether a parenthesis at i is of the language, not a weight's: after a person noun, it begins with an article
    or holds one general noun, "a nurse (a woman of sixty)", "a soldier (woman)"."""
    before, after = re.search(r"([\w-]+)\s*$", text[:i]), _WORD.match(text, i + 1)
    if before is None or not lexicon.is_person(before[1]):
        return False
    if after is not None and after[0].lower() in ("a", "an", "the"):
        return True
    alone = re.match(r"\((\w+)\)", prompt[i:])
    return alone is not None and lexicon.singular(alone[1]) in nouns.GENERIC


def _put(text: str, i: int, mark: str) -> str:
    return text[:i] + mark + text[i + 1 :]


def _without_quotes(text: str) -> str:
    """Text on signs and in speech is no person; a prompt that is quoted as a whole, and "the 'doctor'", are read."""

    def blank(match: re.Match[str]) -> str:
        before = _WORD.findall(text[: match.start()])
        introduced = (
            before and KIND.get(before[-1].lower()) == "det" and text[: match.start()].endswith(before[-1] + " ")
        )
        inside = match[0] if introduced and len(match[0].split()) == 1 else None
        return f" {inside[1:-1]} " if inside else " " * len(match[0])

    blanked = _QUOTED.sub(blank, text)
    return blanked if any(character.isalpha() for character in blanked) else text


def _parts(text: str, i: int, parenthesis: str) -> bool:
    """Whether the words around a weight's parenthesis at i belong to different phrases."""
    before, after = _WORD.search(text[:i][::-1]), _WORD.search(text, i)
    if before is None or after is None or text[:i].rstrip()[-1:] in ",.;:!?" or text[i:].lstrip()[:1] in ",.;:!?'’":
        return False
    first, second = before[0][::-1], after[0].lower()
    if lexicon.is_listed(f"{first} {second}"):
        return False
    if attribute_axis(first) and lexicon.is_person(second):  # "(female:1.2) doctors"
        return False
    if lexicon.is_person(first) and parenthesis in "([" and attribute_axis(second):  # "a librarian (female)"
        return True
    if parenthesis == "[":
        return False
    if lexicon.is_person(first):
        return second not in KIND and not second.endswith(("ing", "ed"))
    closes = parenthesis == ")" and lexicon.is_person(second)
    return closes and not _may_describe(first) and " " in text[:i].strip()


def _may_describe(word: str) -> bool:
    lower = word.lower()
    known = KIND.get(lower) in ("adjective", "participle", "det", "prep", "cc", "adverb", "be", "pronoun")
    return known or lower.endswith(("ing", "ed")) or attribute_axis(lower) is not None or number(lower) is not None


def joined(text: str) -> list[tuple[int, int]]:
    """The places [start, end) of words that are one to a parser: "East Asian", "half a dozen", "30 years old"."""
    found = [match.span() for pattern in (YEARS, PHRASE, _MORE) for match in pattern.finditer(text)]
    words = [match for match in _WORD.finditer(text)]
    for size in (3, 2):
        for first, last in zip(words, words[size - 1 :], strict=False):
            between = text[first.start() : last.end()]
            if is_origin(between) and re.fullmatch(r"[\w\s'’-]+", between):
                found.append((first.start(), last.end()))
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (place[0], -place[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
