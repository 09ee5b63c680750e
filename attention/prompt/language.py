"""Who a prompt is about: groups of words that denote the same people, and the same prompt with an attribute stated."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from . import lexicon, rules_parser, spacy_parser
from .linking import PeopleGroup, link_people
from .reading import readable
from .tokens import Span, plain_text

__all__ = ["PARSERS", "PeopleGroup", "article", "insert_attribute", "people_groups", "replace_attribute"]

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
    return link_people(prompt, (spacy_parser if spacy else rules_parser).parse(readable(prompt)), named)


def article(word: str) -> str:
    """The indefinite article that fits before a word: "an" before a vowel as it is spoken."""
    return "an" if _VOWEL_SOUND.match(word) else "a"


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


def replace_attribute(prompt: str, group: PeopleGroup, attribute: str, axes: Collection[str]) -> str:
    """The prompt with an adjective in the place of what states these axes: "a female doctor" -> "a male doctor".

    It takes the place of the first word that states one, or else stands right before the noun. A noun that states one
    becomes one that does not: "women" -> "male people".
    """
    stated = {word for axis, word in group.fixed if axis in axes}
    nouns = {group.noun, *(m for m in group.members if lexicon.stated_by_noun(m.text) and not _is_adjective(m.text))}
    words = sorted({m for m in group.members if m.text in stated and m not in nouns}, key=lambda m: m.start)
    for span in sorted({*words, *(n for n in nouns if n.text in stated)}, key=lambda m: -m.start):
        before, after = prompt[: span.start], prompt[span.end :]
        if span in nouns:
            prompt = before + _neutral(span.text, axes) + after
        elif span != words[0]:
            prompt = before + after.lstrip()
        else:
            prompt = (
                insert_attribute(before + after, _at(group, span.start), attribute).removesuffix(f" {after}") + after
            )
    return prompt if words else insert_attribute(prompt, group, attribute)


def _at(group: PeopleGroup, place: int) -> PeopleGroup:
    return replace(group, noun=Span("", place, place))


def _is_adjective(word: str) -> bool:
    """Whether a word that may be a noun ("the male") stands as an adjective where it is not the people's noun."""
    return word.lower() in ("male", "female")


def _neutral(noun: str, axes: Collection[str]) -> str:
    """A person noun that no longer states these axes: "businesswoman" -> "businessperson", "girls" -> "children"."""
    singular = lexicon.singular(noun)
    plural = singular != noun.lower()
    stem = re.sub(r"(wo)?man$", "", singular)
    if stem and stem != singular:
        neutral = stem + ("people" if plural else "person")
    elif singular in ("boy", "girl") and "age" not in axes:
        neutral = "children" if plural else "child"
    else:
        neutral = "people" if plural else "person"
    return neutral.capitalize() if noun[:1].isupper() else neutral
