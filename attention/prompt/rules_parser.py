"""A small tree of a prompt's words, from hand-written rules: noun phrases first, then how they hang together.

The tree uses the dependency labels of spaCy's English models (ClearNLP style), of which it knows amod, compound, det,
nummod, poss, prep, pobj, dobj, conj, cc, appos, acl, relcl, acomp, attr, advmod: so `linking` reads both parsers'
trees. It is made for prompts, which are noun phrases with few verbs; it does not try to parse English.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import lexicon, nouns, things
from .numbers import number
from .reading import joined
from .tagging import kinds_of
from .vocabulary import POSSESSIVES

_WORD = re.compile(r"\w+(?:-\w+)*|['’]s?(?!\w)|[^\w\s]")
_BEFORE_NOUN = frozenset(("det", "num", "adjective", "participle", "adverb"))
_OPEN = frozenset(("noun", "adjective", "participle", "verb", "adverb"))


@dataclass(frozen=True)
class Node:
    """A word of the tree: characters [start, end) of the prompt; head: index of its parent (its own: a root)."""

    text: str
    start: int
    end: int
    kind: str  # noun, adjective, participle (-ing, -ed), verb, adverb, number, other
    head: int
    relation: str


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a plain text (see tokens.plain_text), a node per word and punctuation mark, in text order."""
    words = _words(text)
    kinds = kinds_of([word for word, _, _ in words])
    nodes = [
        Node(word, start, end, kind if kind in _OPEN else "number" if kind == "num" else "other", i, "dep")
        for i, ((word, start, end), kind) in enumerate(zip(words, kinds, strict=True))
    ]
    _attach(nodes, kinds)
    return tuple(nodes)


def _words(text: str) -> list[tuple[str, int, int]]:
    """(word, start, end) of each word and mark; what reads as one word ("East Asian") is one."""
    places = joined(text)
    places += [
        match.span()
        for match in _WORD.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in places)
    ]
    return [(text[start:end], start, end) for start, end in sorted(places)]


def phrase_end(nodes: Sequence[Node], kinds: Sequence[str], start: int) -> int:
    """Index after the noun phrase that begins at `start`; `start` itself if none does."""
    end, i = start, start
    while i < len(kinds):
        kind = kinds[i]
        if kind == "noun":
            if end > start and (_is_counted(nodes, start, i) or _is_of_kin(nodes, start, i)):  # "two men arm wrestling"
                break
            end = i + 1
        elif end > start:  # the noun is over: what follows belongs to it only if it is a noun as well
            break
        elif kind in ("comma", "cc"):
            around = {kinds[i - 1], *kinds[i + 1 : i + 2]}
            tags = kind == "comma" and start > 0 and kinds[start - 1] == "comma" and kinds[start] != "det"
            if i in (start, len(kinds) - 1) or tags or not around <= {"adjective", "participle"}:
                break
        elif kind not in _BEFORE_NOUN or kind == "det" and i > start and kinds[i - 1] != "det":
            break
        elif kind == "num" and i > start and kinds[i - 1] == "participle":  # "featuring two models"
            return start
        i += 1
    if end > start and kinds[start] == "participle" and start > 0:  # "a nurse, holding flowers": no phrase of its own
        follows = kinds[start - 1] == "noun" or kinds[start - 1] in ("comma", "cc") and "noun" in kinds[: start - 1]
        if kinds[start - 1] == "noun" or follows and not lexicon.is_person(nodes[end - 1].text):
            return start
    return end


def _is_of_kin(nodes: Sequence[Node], start: int, i: int) -> bool:
    """Whether somebody's kin stand before noun i and do not describe it: "he kisses his wife goodbye"."""
    owned = nodes[start].text.lower() in POSSESSIVES
    kin, word = nodes[i - 1].text, lexicon.singular(nodes[i].text)
    return owned and lexicon.singular(kin) in nouns.GENDERED and not (word in things.THINGS or lexicon.is_person(word))


def _links(verb: Node) -> bool:
    """Whether an adjective right after this verb is its subject's: "looks old", not "wears black"."""
    return verb.text.lower() not in ("wear", "wears", "wore", "wearing", "paint", "paints", "dye", "dyes")


def _is_counted(nodes: Sequence[Node], start: int, i: int) -> bool:
    """Whether several people are counted right before noun i, so that their phrase ends there."""
    people = nodes[i - 1].text
    if not lexicon.is_person(people) or not lexicon.is_plural(people) or lexicon.is_person(nodes[i].text):
        return False
    if lexicon.singular(people) in nouns.COLLECTIVES or lexicon.is_listed(f"{people} {nodes[i].text}"):
        return False
    asked = number(nodes[start].text)
    return asked is not None and asked > 1


def _attach(nodes: list[Node], kinds: Sequence[str]) -> None:
    """Give each node its head and relation, walking left to right."""

    def link(child: int, head: int, relation: str) -> None:
        nodes[child] = replace(nodes[child], head=head, relation=relation)

    noun = subject = people = verb = None  # heads: last phrase, first of the clause, last person noun, last verb
    owner = None  # a possessor that waits for its noun
    pending: tuple[int, str] | None = None  # what the next noun phrase will be, of which node
    i = 0
    while i < len(nodes):
        end = phrase_end(nodes, kinds, i)
        if end > i:
            head = end - 1
            attach_modifiers(nodes, kinds, i, head, link)
            if owner is not None:
                link(owner, head, "poss")
            owner = head if kinds[end : end + 1] == ["possessive"] else None
            if pending and pending[0] != head:
                link(head, *pending)
                if pending[1] == "conj":
                    _list_of(nodes, pending[0], link)
            pending = None
            if owner is None:
                noun = head
                subject = head if subject is None else subject
                people = head if lexicon.is_person(nodes[head].text) else people
                verb = None
            i = end + (owner is not None)
            continue
        kind, previous = kinds[i], kinds[i - 1] if i else ""
        if kind == "prep":
            anchor = verb if verb is not None else noun
            if previous in ("prep", "adjective", "num"):  # "next to", "full of", "five of the workers"
                anchor = i - 1
            if anchor is not None:
                link(i, anchor, "prep")
            pending = (i, "pobj")
        elif kind in ("comma", "cc"):
            if noun is not None:
                link(i, noun, "cc" if kind == "cc" else "punct")
                pending = (noun, "conj" if kind == "cc" else "appos")
        elif kind == "participle":
            if previous == "cc" and verb is not None:
                link(i, verb, "conj")
            else:
                modified = subject if previous == "be" and kinds[i - 2] != "pronoun" else people
                modified = noun if nodes[i].text.lower().endswith("ed") or modified is None else modified
                if modified is not None:
                    link(i, modified, "relcl" if previous == "be" else "acl")
            verb, pending = i, (i, "dobj")
        elif kind in ("be", "verb"):
            modified = noun if previous == "pronoun" else subject
            if modified is not None:
                link(i, modified, "relcl")
            verb, pending = i, (i, "attr" if kind == "be" else "dobj")
        elif (
            kind == "adjective" and verb is not None and (kinds[verb] == "be" or verb == i - 1 and _links(nodes[verb]))
        ):
            link(i, verb, "acomp")
        elif kind in ("stop", "pronoun"):
            pending = None
            subject = subject if kind == "pronoun" else None
        i += 1


def attach_modifiers(nodes: list[Node], kinds: Sequence[str], start: int, head: int, link) -> None:
    """Attach the words of the noun phrase [start, head] to its head, adverbs to the word they precede."""
    relations = {"det": "det", "num": "nummod", "adjective": "amod", "participle": "amod", "cc": "cc", "comma": "punct"}
    for i in range(start, head):
        if kinds[i] == "adverb":
            link(i, i + 1, "advmod")
        elif kinds[i] == "noun":
            face = lexicon.singular(nodes[head].text) in nouns.FACES
            bare_face = face and lexicon.singular(nodes[i].text) not in things.WITH_FACES
            link(i, head, "amod" if bare_face else "compound")  # "a stern face", but "a clock face"
        else:
            link(i, head, relations[kinds[i]])


def _list_of(nodes: list[Node], first: int, link) -> None:
    """ "a chef, a waiter and a dishwasher": what looked like appositions before the "and" is a list."""
    while nodes[first].relation == "appos":
        link(first, nodes[first].head, "conj")
        first = nodes[first].head
