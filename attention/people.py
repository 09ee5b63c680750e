"""Which nouns of a prompt's tree are people to be seen, and which of them name the same people again."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from . import lexicon
from .syntax import Node


def children(tree: Sequence[Node], i: int, relations: AbstractSet[str]) -> Iterator[Node]:
    return (node for n, node in enumerate(tree) if node.head == i and n != i and node.relation in relations)


def of(tree: Sequence[Node], i: int) -> int | None:
    """The noun Y of "X of Y", X being node i."""
    for n, node in enumerate(tree):
        if node.relation == "pobj" and tree[node.head].text.lower() == "of" and tree[node.head].head == i:
            return n
    return None


def names_people(tree: Sequence[Node], i: int) -> bool:
    """Whether node i is a noun for people to be seen: "doctor", but not that of "doctor's office" or "pilot light"."""
    node, parent = tree[i], tree[tree[i].head]
    if node.kind != "noun" or not lexicon.is_person(_phrase(tree, i)):
        return False
    governor = lexicon.singular(parent.text)
    if node.relation in ("compound", "nmod") and node.head > i:
        return governor in lexicon.PICTURES
    if node.relation == "poss":
        return governor in lexicon.BODY
    if any(child.text.lower() == "no" for child in children(tree, i, {"det", "neg"})):
        return False
    if lexicon.singular(node.text) in lexicon.FACES and _is_of_things(tree, i):
        return False
    if lexicon.singular(node.text) in lexicon.QUANTITIES and of(tree, i) is not None:
        return False  # "a couple of nurses": the nurses are the people
    if node.relation == "pobj":
        return _depicted(tree, i)
    return True


def _phrase(tree: Sequence[Node], i: int) -> str:
    return " ".join(node.text for node in tree[compound_start(tree, i) : i + 1])


def compound_start(tree: Sequence[Node], i: int) -> int:
    """First node of the compound that ends in noun i, by the lexicon ("civil engineer") or by the tree."""
    first = i
    for start in range(max(0, i - 3), i):
        if lexicon.is_listed(" ".join(node.text for node in tree[start : i + 1])):
            first = start
            break
    while first > 0 and _in_compound(tree, first - 1, i) and not lexicon.is_person(tree[first - 1].text):
        first -= 1
    return first


def _in_compound(tree: Sequence[Node], i: int, head: int) -> bool:
    """Whether node i is a noun of the compound that ends in `head` and states no attribute by itself."""
    if tree[i].kind != "noun" or lexicon.attribute_axis(tree[i].text):
        return False
    while tree[i].relation == "compound" and tree[i].head > i:
        i = tree[i].head
        if i == head:
            return True
    return False


def _depicted(tree: Sequence[Node], i: int) -> bool:
    """Whether the object of a preposition is to be seen: not in "statue of a soldier" or "without people"."""
    preposition = tree[tree[i].head]
    word, governor = preposition.text.lower(), tree[preposition.head]
    if word == "without" or word == "of" and governor.text.lower() == "empty":
        return False
    if word == "of" and lexicon.singular(governor.text) in lexicon.NOT_THE_PEOPLE:
        return False
    return word not in ("as", "like") or said_of(tree, tree[i].head) is not None


def said_of(tree: Sequence[Node], i: int) -> int | None:
    """The person noun above node i, through participles: that of "a man working as a nurse" above "as"."""
    seen = {i}
    while tree[i].head not in seen:
        i = tree[i].head
        seen.add(i)
        if tree[i].kind == "noun":
            return i if lexicon.is_person(tree[i].text) else None
        subjects = [j for j, node in enumerate(tree) if node.head == i and node.relation in ("nsubj", "nsubjpass")]
        if subjects and tree[subjects[0]].kind == "noun":
            return subjects[0] if lexicon.is_person(tree[subjects[0]].text) else None
    return None


def _is_of_things(tree: Sequence[Node], i: int) -> bool:
    """Whether a face is a clock's or a cat's: "a clock face", "the face of a cat", "the cat's face"."""
    for child in children(tree, i, {"compound", "nmod", "poss"}):
        if child.kind == "noun" and not lexicon.is_person(child.text) and not lexicon.attribute_axis(child.text):
            return True
    owner = of(tree, i)
    return owner is not None and not _reaches_people(tree, owner)


def _reaches_people(tree: Sequence[Node], i: int) -> bool:
    """Whether a noun names people or stands for some: "doctors", "a group of doctors"."""
    if lexicon.is_person(tree[i].text):
        return True
    inner = of(tree, i)
    return inner is not None and _reaches_people(tree, inner)


def renames(tree: Sequence[Node], i: int, heads: Sequence[int]) -> int | None:
    """The person noun that noun i only names again, or None: "doctor" in "my friend, a doctor" renames "friend"."""
    node = tree[i]
    if node.relation == "appos" and node.head in heads and node.head < i:
        return node.head if _is_apposition(tree, node.head, i) else None
    if node.relation == "attr":
        subject = said_of(tree, i)
        return subject if subject in heads and subject != i else None
    if node.relation == "pobj" and tree[node.head].text.lower() in ("as", "like"):
        return said_of(tree, node.head)
    if lexicon.singular(node.text) in lexicon.COLLECTIVES:
        owner = of(tree, i)
        return owner if owner in heads else None
    return None


def _is_apposition(tree: Sequence[Node], first: int, second: int) -> bool:
    """Whether "A, B" names the same people twice: a known or unspecific A ("my friend", "a man"), then "a doctor"."""
    agree = lexicon.is_plural(tree[first].text) == lexicon.is_plural(tree[second].text)
    listed = any(node.relation == "conj" and node.head in (first, second) for node in tree)
    known = any(child.text.lower() not in ("a", "an") for child in children(tree, first, {"det", "poss"}))
    unspecific = not any(tree[first].text.lower() in entry for entry in lexicon.OCCUPATIONS)
    introduced = any(child.text.lower() in ("a", "an") for child in children(tree, second, {"det"}))
    return agree and not listed and (known or unspecific) and introduced
