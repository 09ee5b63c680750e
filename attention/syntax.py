"""A small tree of a prompt's words, from hand-written rules: noun phrases first, then how they hang together.

The tree uses the dependency labels of spaCy's English models (ClearNLP style), of which it knows amod, compound, det,
nummod, poss, prep, pobj, dobj, conj, cc, appos, acl, relcl, acomp, attr, advmod, neg: so `linking` reads both parsers'
trees. It is made for prompts, which are noun phrases with few verbs; it does not try to parse English.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import lexicon

_WORD = re.compile(r"\w+(?:[-/]\w+)*|['’]s?(?!\w)|[^\w\s]")
_LISTS = {
    "det": """a an the this these those my his her their our your its some any no each every all several many few
    various multiple another other""",
    "prep": """of in on at by with without to from for near under over behind beside besides between among amid against
    through into onto inside outside along across around during before after above below off toward towards via like as
    next front beneath within upon about beyond past up down""",
    "cc": "and or & nor plus but",
    "pronoun": "who that which whose whom he she they it we i you him them each themselves",
    "stop": "where when while because",
    "be": "is are was were be been am being has have had",
    "adverb": "very quite really so too together well still just also not never always there here outdoors indoors",
    "adjective": """happy sad angry tired poor rich old young tall short big small large tiny huge great good bad best
    beautiful pretty ugly handsome cute attractive exotic strong weak thin fat slim brave proud shy calm kind famous
    friendly lonely lovely elderly lively curly silly early holy calm busy lazy clean dirty wet dry hot cold warm cool
    red blue green yellow orange pink purple gray grey golden silver blond blonde bald modern ancient vintage new
    confident elegant pregnant innocent intelligent different important ambient excellent brilliant diverse serious
    productive emotional professional realistic detailed cinematic dramatic sharp soft dark bright quiet loud empty
    full red-haired main lone single other real fancy royal local rural urban digital front male female blind deaf
    muscular chubby skinny sick healthy injured wise evil gentle polite rude cheerful gloomy nervous scared sleepy
    hungry drunk naked asleep barefoot ragged wicked rugged sacred homeless masked hooded curious generic typical frail
    stern smug grim posh stout lean glum tense loud bold timid humble noble stoic aloof alert junior expert fellow
    skilled""",
    "noun": """painting building drawing clothing lighting evening morning ceiling wedding king ring string thing wing
    spring sibling being railing setting rendering wing sewing dining living swimming engraving meeting bedding bed shed
    red-carpet seed weed field family assembly supply city hospital body lady baby party library factory laboratory
    secretary story celebrity community deity army navy attorney key monkey money turkey day animal metal journal
    pastry pharmacy country grocery dairy security delivery nursery bakery history utility agency charity military
    festival capital terminal arrival metropolis crystal pedal medal""",
    "verb": """stand sit walk run smile laugh talk look hold wear read write work play cook eat drink dance sing paint
    pose wait ride drive treat help teach examine operate cut fix carry point jump sleep cry hug kiss wave watch discuss
    meet make prepare take give serve show use open push pull throw catch bake build clean sell buy repair check
    perform study speak listen lean kneel climb swim fly chase feed wash greet argue shake lift cheer gather""",
    "participle": """worn seen made built lit drawn broken held taken shown written surrounded sitting standing wearing
    left lost stuck hidden torn shot""",
}
_KIND = {word: kind for kind, words in reversed(_LISTS.items()) for word in words.split()}
_FINITE = {form for verb in _LISTS["verb"].split() for form in (verb, verb + "s", verb + "es")}
_FINITE |= {verb[:-1] + "ies" for verb in _LISTS["verb"].split() if verb.endswith("y")}
_ADJECTIVE_ENDS = tuple("ful ous ive able ible less ish ic al ed ese some like esque iest y".split())
_IN_COMPOUND = {  # "civil" before "engineer", "conditioning" before "installer": neighbours in listed compounds
    pair for entry in lexicon.OCCUPATIONS for pair in zip(entry.split(), entry.split()[1:], strict=False)
}
_BEFORE_NOUN = frozenset(("det", "num", "adjective", "participle", "adverb"))


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
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    kinds: list[str] = []
    for i, (word, _, _) in enumerate(words):
        following = words[i + 1][0].lower() if i + 1 < len(words) else ""
        kinds.append(_kind(word, kinds[-1] if kinds else "", words[i - 1][0] if i else "", following))
    open_classes = ("noun", "adjective", "participle", "verb", "adverb")
    nodes = [
        Node(word, start, end, kind if kind in open_classes else "number" if kind == "num" else "other", i, "dep")
        for i, ((word, start, end), kind) in enumerate(zip(words, kinds, strict=True))
    ]
    _attach(nodes, kinds)
    return tuple(nodes)


def _kind(word: str, before: str, previous: str, following: str) -> str:
    """The kind of a word from lists, endings and the word before it; a noun when nothing else is known."""
    lower = word.lower()
    if not (word[0].isalnum() or word[0] == "_"):
        return "possessive" if word[0] in "'’" else "comma" if word == "," else "stop"
    if (lower, lexicon.singular(following)) in _IN_COMPOUND:
        return "noun"
    if lower not in ("a", "an") and lexicon.number(lower) is not None:
        return "num"
    if lower == "that" or lower == "her":
        return "pronoun" if lower == "that" and before == "noun" else "det"
    if lower.endswith("ing") and previous and lexicon.is_person(previous) and _KIND.get(following) in ("det", "prep"):
        return "participle"
    if lower == "light" and before == "noun":  # "pilot light"
        return "noun"
    if lower in _FINITE or lower in lexicon.ALSO_VERBS or lexicon.singular(lower) in lexicon.ALSO_VERBS:
        after_people = before == "pronoun" or before == "noun" and lexicon.is_person(previous)
        if after_people and following not in ("", ",", "and", "."):
            return "verb"
        return "verb" if after_people and lower in _FINITE else "noun"
    if lower in _KIND:
        return _KIND[lower]
    if lexicon.is_person(lower) and lexicon.attribute_axis(lower) is None:
        return "noun"
    if lexicon.attribute_axis(lower):
        return "noun" if lexicon.is_person(lower) and lexicon.stated_by_noun(lower) else "adjective"
    if lower.endswith("ing") and len(lower) > 4 or lower.endswith("ed") and len(lower) > 4 and before == "noun":
        return "participle"
    if lower.endswith("ly") and len(lower) > 4:
        return "adverb"
    adjective = lower.endswith(_ADJECTIVE_ENDS) and not lower.endswith(("ay", "ey", "oy")) and len(lower) > 4
    return "adjective" if adjective else "noun"


def _phrase_end(nodes: Sequence[Node], kinds: Sequence[str], start: int) -> int:
    """Index after the noun phrase that begins at `start`; `start` itself if none does."""
    end, i = start, start
    while i < len(kinds):
        kind = kinds[i]
        if kind == "noun":
            end = i + 1
        elif end > start:  # the noun is over: what follows belongs to it only if it is a noun as well
            break
        elif kind in ("comma", "cc"):
            around = {kinds[i - 1], *kinds[i + 1 : i + 2]}
            if i in (start, len(kinds) - 1) or not around <= {"adjective", "participle"}:
                break
        elif kind not in _BEFORE_NOUN or kind == "det" and i > start and kinds[i - 1] != "det":
            break
        i += 1
    if end > start and kinds[start] == "participle" and start > 0:  # "a nurse, holding flowers": no phrase of its own
        follows = kinds[start - 1] == "noun" or kinds[start - 1] in ("comma", "cc") and "noun" in kinds[: start - 1]
        if kinds[start - 1] == "noun" or follows and not lexicon.is_person(nodes[end - 1].text):
            return start
    return end


def _attach(nodes: list[Node], kinds: Sequence[str]) -> None:
    """Give each node its head and relation, walking left to right."""

    def link(child: int, head: int, relation: str) -> None:
        nodes[child] = replace(nodes[child], head=head, relation=relation)

    noun = subject = people = verb = None  # heads: last phrase, first of the clause, last person noun, last verb
    owner = None  # a possessor that waits for its noun
    pending: tuple[int, str] | None = None  # what the next noun phrase will be, of which node
    i = 0
    while i < len(nodes):
        end = _phrase_end(nodes, kinds, i)
        if end > i:
            head = end - 1
            _attach_modifiers(nodes, kinds, i, head, link)
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
            if previous in ("prep", "adjective"):  # "next to", "full of"
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
                said_of = subject if previous == "be" and kinds[i - 2] != "pronoun" else people
                said_of = noun if nodes[i].text.lower().endswith("ed") or said_of is None else said_of
                if said_of is not None:
                    link(i, said_of, "relcl" if previous == "be" else "acl")
            verb, pending = i, (i, "dobj")
        elif kind in ("be", "verb"):
            said_of = noun if previous == "pronoun" else subject
            if said_of is not None:
                link(i, said_of, "relcl")
            verb, pending = i, (i, "attr" if kind == "be" else "dobj")
        elif kind == "adjective" and verb is not None and (kinds[verb] == "be" or verb == i - 1):
            link(i, verb, "acomp")
        elif kind in ("stop", "pronoun"):
            pending = None
            subject = subject if kind == "pronoun" else None
        i += 1


def _attach_modifiers(nodes: list[Node], kinds: Sequence[str], start: int, head: int, link) -> None:
    """Attach the words of the noun phrase [start, head] to its head, adverbs to the word they precede."""
    relations = {"det": "det", "num": "nummod", "adjective": "amod", "participle": "amod", "cc": "cc", "comma": "punct"}
    for i in range(start, head):
        if kinds[i] == "adverb":
            link(i, i + 1, "advmod")
        elif kinds[i] == "noun":
            bare_face = (
                lexicon.singular(nodes[head].text) in lexicon.FACES and nodes[i].text.lower() not in lexicon.WITH_FACES
            )
            link(i, head, "amod" if bare_face else "compound")  # "a stern face", but "a clock face"
        else:
            link(i, head, relations[kinds[i]])


def _list_of(nodes: list[Node], first: int, link) -> None:
    """ "a chef, a waiter and a dishwasher": what looked like appositions before the "and" is a list."""
    while nodes[first].relation == "appos":
        link(first, nodes[first].head, "conj")
        first = nodes[first].head
