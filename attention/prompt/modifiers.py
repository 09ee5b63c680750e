"""Which words describe the people of a noun, and which attributes the prompt states of them.

Modifiers follow SynGen (Rassin et al., arXiv 2306.08877), its relations {amod, nmod, compound, npadvmod, advmod, acomp}
and their conjuncts, recursively; added is what a predicate or participle says of the people themselves ("a doctor who is
happy", "people standing"). A participle with an object ("wearing a hat") looks at the object and stays out, as do
determiners, numbers and words of degree ("very").
"""

from collections.abc import Iterator, Sequence

from . import lexicon, nouns
from .attributes import TONES, TRAITS, YEARS, attribute_axis, trait_axis
from .numbers import number
from .origins import COLOURS, NAMES
from .rules_parser import Node
from .tree import children

MODIFIERS = frozenset(("amod", "nmod", "compound", "npadvmod", "advmod", "acomp"))
OBJECTS = frozenset(("dobj", "obj", "agent", "xcomp", "ccomp"))
_MARKS = frozenset(",.;:|!?()–—")
_ALL = frozenset("both all each".split())


def axis_at(tree: Sequence[Node], i: int) -> str | None:
    """The axis that the word at i states of the people it describes, in view of the word after it."""
    following = tree[i + 1].text if i + 1 < len(tree) else ""
    title = any(lexicon.is_listed(" ".join(node.text for node in tree[i + 1 : end])) for end in (i + 3, i + 4))
    if not title and _says_it_of_another(tree, i):
        return None
    return attribute_axis(tree[i].text, lexicon.singular(following), title)


def _says_it_of_another(tree: Sequence[Node], i: int) -> bool:
    """Whether a colour is of the noun after it, which describes the people: "a Black Friday shopper", "light infantry soldier"."""
    if i + 2 >= len(tree) or tree[i + 1].kind != "noun" or not tree[i + 2].text[0].isalnum():
        return False
    word, following = tree[i].text, tree[i + 1].text
    known = lexicon.is_person(following) or attribute_axis(following) is not None
    if known or attribute_axis(word, following) is None or tree[i + 2].kind not in ("noun", "adjective"):
        return False
    named = word.istitle() and word.lower() in COLOURS and following.istitle() and tree[i + 2].text.islower()
    return named or word.lower() in ("light", "dark") and following.lower() not in TRAITS | {"skinned"}


def origins_from(tree: Sequence[Node], heads: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(last word of a country's name, head of the people from there): "two nurses from South Korea"."""
    for i, node in enumerate(tree):
        if node.text.lower() != "from":
            continue
        before = i - 1
        while before > 0 and tree[before].text.lower() in _COMING:
            before -= 1
        if before not in heads:
            continue
        for size in (4, 3, 2, 1):
            name = " ".join(part.text.lower() for part in tree[i + 1 : i + 1 + size])
            if name in NAMES or name.removeprefix("the ") in NAMES:
                yield min(i + size, len(tree) - 1), before
                break


_COMING = frozenset("who that is are comes come coming originally both all hailing".split())


def describing(tree: Sequence[Node], head: int) -> Iterator[int]:
    """The nodes that say what the people of noun `head` look like, recursively."""
    for i, node in enumerate(tree):
        if node.head == head and i != head:
            adverb = node.relation in ("advmod", "npadvmod") or node.kind == "adverb"
            if i > head and _is_of_the_picture(tree, i):
                continue
            if node.relation in MODIFIERS and (i < head or node.kind in ("adjective", "participle")):
                inner_adverb = adverb and tree[head].kind != "noun" and i < head
                if (inner_adverb or not adverb) and _is_descriptive(tree, i):
                    yield i
                    yield from describing(tree, i)
            elif node.relation in ("acl", "relcl"):
                yield from _predicate(tree, i)
            elif node.relation == "conj" and node.kind in ("adjective", "participle") and tree[head].kind != "noun":
                yield from _predicate(tree, i) if node.kind == "participle" else (i,)
    if tree[head].relation in ("nsubj", "nsubjpass") and tree[head].kind == "noun":
        yield from _predicate(tree, tree[head].head)


def _is_of_the_picture(tree: Sequence[Node], i: int) -> bool:
    """Whether a colour after the people is that of the picture or its light: "a nurse, black and white", "dark, moody"."""
    word = tree[i].text.lower()
    near = [node.text.lower() for node in tree[max(0, i - 2) : i + 3]]
    monochrome = word in ("black", "white") and ("black" in near and "white" in near)
    tagged = (
        i > 0 and tree[i - 1].kind not in ("verb", "adverb") and tree[i - 1].text.lower() not in ("is", "are", "who")
    )
    return monochrome or word in ("dark", "light") and tagged


def _is_descriptive(tree: Sequence[Node], i: int) -> bool:
    node = tree[i]
    if node.text.lower() in nouns.NOT_LOOKS or number(node.text) is not None:
        return False
    person_compound = node.kind == "noun" and lexicon.is_person(node.text) and not attribute_axis(node.text)
    elsewhere = (
        attribute_axis(node.text) is not None and axis_at(tree, i) is None
    )  # the "black" of a black market trader
    return node.kind in ("adjective", "participle", "noun", "adverb") and not person_compound and not elsewhere


def _predicate(tree: Sequence[Node], verb: int) -> Iterator[int]:
    """What a verb says of its subject's looks: "happy" of "is happy", "smiling", but not "wearing" of a hat."""
    if any(True for _ in children(tree, verb, OBJECTS)):
        return
    if tree[verb].kind == "participle" and _is_descriptive(tree, verb):
        yield verb
    for i, node in enumerate(tree):
        if node.head != verb or i == verb:
            continue
        if node.relation == "acomp" and node.kind in ("adjective", "participle"):
            yield i
            yield from (n for n in describing(tree, i) if n != verb)
        elif node.relation in ("conj", "advcl") and node.kind == "participle":
            yield from _predicate(tree, i)


def traits(tree: Sequence[Node], heads: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """(word, head of its people, axis) of traits: "a woman with long black hair and dark skin", "of Asian descent".

    The people are those that the trait hangs on through "with", "of" and "and"; else those last named before it, or the
    only ones. A trait of something else ("a cat with dark skin") is nobody's.
    """
    for i, node in enumerate(tree):
        if i - 1 in heads and YEARS.fullmatch(node.text):
            yield i, i - 1, "age"  # "a man aged 40"
        if i - 2 in heads and node.text.lower() in ("color", "colour") and tree[i - 1].text.lower() == "of":
            yield i, i - 2, "race"  # "a woman of color"
        if lexicon.singular(node.text) not in TRAITS:
            continue
        owner = _owner(tree, i, heads)
        first = i
        while first > 0 and (
            tree[first - 1].kind in ("adjective", "noun", "adverb")
            or tree[first - 1].text.lower() in _AND
            or tree[first - 1].text.lower() in TONES
        ):
            if tree[first - 1].kind == "noun" and first - 1 in heads and not attribute_axis(tree[first - 1].text):
                break
            first -= 1
        for n in range(first, i):
            axis = trait_axis(tree[n].text, lexicon.singular(node.text))
            near = n == i - 1 or tree[n].head in (i, i - 1) or tree[i - 1].head == n
            if axis and owner is not None and near:
                yield n, owner, axis


_AND = ("and", "or")


def _owner(tree: Sequence[Node], i: int, heads: Sequence[int]) -> int | None:
    """The head of the group that noun i is said of, through the tree where that leads to a noun, else the last one."""
    at, seen = i, {i}
    while tree[at].head not in seen:
        relation, at = tree[at].relation, tree[at].head
        seen.add(at)
        if at in heads:
            return at
        through = relation in ("pobj", "conj", "prep", "dobj", "amod", "compound", "nmod")
        if not through:
            break
        if relation == "prep" and tree[at].kind == "noun" and lexicon.singular(tree[at].text) not in TRAITS:
            return at if at in heads else None  # a cat's
    before = [head for head in heads if head < i]
    return before[-1] if before else heads[0] if len(heads) == 1 else None


def said_by_pronoun(tree: Sequence[Node], heads: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """(word, head, axis) of what a later clause says of the only person before it: "an engineer. She is Korean." """
    for i, node in enumerate(tree):
        axis = axis_at(tree, i) if node.relation in ("acomp", "attr") else None
        who = [child.text.lower() for child in children(tree, node.head, {"nsubj"})]
        before = [head for head in heads if head < i]
        if axis and who and who[0] in ("she", "he", "they") and len(before) == 1:
            yield i, before[0], axis


def tags(tree: Sequence[Node], heads: Sequence[int]) -> Iterator[tuple[int, list[int], str]]:
    """(word, heads, axis) of attributes between commas: "a nurse, female, 30 years old", "two doctors, both male".

    Said of the people last named before it ("both", "all": of all before it), or of the only ones.
    """
    start = 0
    for end in range(len(tree) + 1):
        if end < len(tree) and tree[end].text not in _MARKS:
            continue
        chunk = range(start, end)
        start = end + 1
        words = [n for n in chunk if tree[n].text.lower() not in (*_AND, *_ALL, "one", "the", "other")]
        plain = all(tree[n].kind in ("adjective", "participle", "adverb") or axis_at(tree, n) for n in words)
        if not words or not plain or any(n in heads for n in words):
            continue
        before = [head for head in heads if head < chunk[0]]
        if any(_is_of_the_picture(tree, n) for n in words):
            continue
        everybody = any(tree[n].text.lower() in _ALL for n in chunk)
        owners = before if everybody else before[-1:] or (list(heads) if len(heads) == 1 else [])
        yield from ((n, owners, axis) for n in words if owners and (axis := axis_at(tree, n)))


def is_bare_attribute(tree: Sequence[Node], i: int) -> bool:
    """Whether a noun such as "female" is said of others, between commas: "a nurse, female", "two doctors, both male"."""
    before = [node.text.lower() for node in tree[max(0, i - 2) : i]]
    after = tree[i + 1].text if i + 1 < len(tree) else ","
    tagged = not before or before[-1] in _MARKS or before[-1] in (*_ALL, *_AND)
    return tree[i].text.lower() in ("male", "female", "teen", "adult") and tagged and after in (*_MARKS, "and")
