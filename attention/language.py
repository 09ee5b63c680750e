"""Who a prompt is about: groups of words that denote the same people, and the same prompt with an attribute stated."""

import re
from collections.abc import Sequence

from . import spacy_parser, syntax
from .linking import PeopleGroup, link_people
from .reading import readable
from .tokens import Span, plain_text

__all__ = ["PARSERS", "PeopleGroup", "insert_attribute", "people_groups"]

PARSERS = ("auto", "rules", "spaCy")
_ARTICLE = re.compile(r"\b(a)n?\s+$", re.IGNORECASE)
_VOWEL_SOUND = re.compile(r"(?!eu|ewe|one\b|once|u[sk]|uni(?!n|m))[aeiou]|hono|hour|heir|8|11\b|18\b", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?]\s)[\s\W]*$")


def people_groups(prompt: str, parser: str = "auto", named: Sequence[Span] = ()) -> tuple[PeopleGroup, ...]:
    """The people a prompt names, in text order, each with all the words that denote them.

    parser: "rules" (built in), "spaCy", or "auto" (spaCy if it and an English model are installed, else the rules).
    named: words of the prompt that denote people because the user says so ("Anna"); then nobody else is sought.
    Raises ValueError for another parser, and if spaCy is asked for and missing.
    """
    if parser not in PARSERS:
        raise ValueError(f"{parser!r} is no parser: choose {', '.join(PARSERS)}.")
    spacy = parser == "spaCy" or parser == "auto" and spacy_parser.available() is not None
    return link_people(prompt, (spacy_parser if spacy else syntax).parse(readable(prompt)), named)


def insert_attribute(prompt: str, group: PeopleGroup, attribute: str) -> str:
    """The prompt with an adjective right before the group's noun: "a (doctor:1.3)" -> "an (elderly doctor:1.3)".

    A directly preceding "a" or "an" is made to fit, a capital that begins a sentence moves to the adjective. Weights
    stay around what they were around. Characters before the noun's article stay as they are: to change several groups,
    go from the last to the first.
    """
    before, after = prompt[: group.noun.start], prompt[group.noun.start :]
    plain = plain_text(prompt)[: group.noun.start]
    article = _ARTICLE.search(plain)
    if article:
        letter = article[1]
        fitting = letter + ("n" if _VOWEL_SOUND.match(attribute) else "")
        before = before[: article.start()] + fitting + before[article.start() + len(article[0].rstrip()) :]
    starts_sentence = _SENTENCE_START.search(plain) and after[:1].isupper()
    if starts_sentence:
        attribute = attribute[:1].upper() + attribute[1:]
        if after[1:2].islower():  # "CEO" keeps its capitals
            after = after[0].lower() + after[1:]
    return f"{before}{attribute} {after}"
