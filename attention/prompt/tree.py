"""Ways through the tree of a prompt: children, objects of prepositions, subjects, compounds."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from . import lexicon, nouns
from .attributes import attribute_axis
from .names import name_after
from .rules_parser import Node


def children(tree: Sequence[Node], i: int, relations: AbstractSet[str]) -> Iterator[Node]:
    return (node for n, node in enumerate(tree) if node.head == i and n != i and node.relation in relations)


def object_of(tree: Sequence[Node], i: int) -> int | None:
    """The noun Y of "X of Y", X being node i."""
    for n, node in enumerate(tree):
        if node.relation == "pobj" and tree[node.head].text.lower() == "of" and tree[node.head].head == i:
            return n
    return None


def reaches_people(tree: Sequence[Node], i: int) -> bool:
    """Whether a noun names people or stands for some: "doctors", "a group of doctors"."""
    if lexicon.is_person(tree[i].text):
        return True
    inner = object_of(tree, i)
    return inner is not None and reaches_people(tree, inner)


def subject_of(tree: Sequence[Node], i: int) -> int | None:
    """The person noun above node i, through participles: that of "a man working as a nurse" above "as"."""
    seen = {i}
    while tree[i].head not in seen:
        i = tree[i].head
        seen.add(i)
        if tree[i].kind == "noun":
            return i if lexicon.is_person(tree[i].text) else named_by(tree, i)
        subjects = [j for j, node in enumerate(tree) if node.head == i and node.relation in ("nsubj", "nsubjpass")]
        if subjects and tree[subjects[0]].kind == "noun":
            return subjects[0] if lexicon.is_person(tree[subjects[0]].text) else None
    return None


def named_by(tree: Sequence[Node], i: int) -> int | None:
    """The person noun whose name ends in node i: "uncle" of "my uncle Bob"."""
    return next((n for n in range(max(0, i - 4), i) if name_after(tree, n) == i), None)


def is_clause(tree: Sequence[Node], i: int) -> bool:
    """Whether noun i, after "as" or "like", has a verb of its own: "as a busker strums", not "dressed as a nurse"."""
    before = tree[i].head - 1
    if before >= 0 and tree[before].text.lower() in _IN_THE_ROLE:
        return False
    return i + 1 < len(tree) and tree[i + 1].kind == "verb"


_IN_THE_ROLE = frozenset(
    """dressed disguised costumed posing posed known acting working masquerading cosplaying styled clothed depicted portrayed
    serving""".split()
)


def phrase(tree: Sequence[Node], i: int) -> str:
    return " ".join(node.text for node in tree[compound_start(tree, i) : i + 1])


def phrase_start(tree: Sequence[Node], i: int) -> int:
    """First word of the noun phrase that ends in noun i."""
    first = i
    while first > 0 and (
        tree[first - 1].kind in ("adjective", "number", "noun", "participle", "adverb") or is_det(tree, first - 1)
    ):
        if is_det(tree, first) and tree[first - 1].kind == "noun":  # "beside the captain a cabin boy"
            break
        first -= 1
    return first


def is_det(tree: Sequence[Node], i: int) -> bool:
    return tree[i].relation == "det" or tree[i].text.lower() in ("a", "an", "the", "one")


def compound_start(tree: Sequence[Node], i: int) -> int:
    """First node of the compound that ends in noun i, by the lexicon ("civil engineer") or by the tree."""
    first = i
    for start in range(max(0, i - 4), i):
        if lexicon.is_listed(" ".join(node.text for node in tree[start : i + 1])):
            first = start
            break
    while first > 0 and _in_compound(tree, first - 1, i) and not _is_of_its_own(tree[first - 1].text):
        first -= 1
    return first


def _is_of_its_own(word: str) -> bool:
    """Whether a person noun before another one describes it, as "woman" in "woman pilot"; "pirate captain" is one name."""
    stated = lexicon.singular(word) in nouns.GENERIC | nouns.STANDING or bool(lexicon.stated_by_noun(word))
    return lexicon.is_person(word) and (stated or word.lower() in nouns.COLLECTIVES | nouns.FACES)


def _in_compound(tree: Sequence[Node], i: int, head: int) -> bool:
    """Whether node i is a noun of the compound that ends in `head` and states no attribute by itself."""
    if tree[i].kind != "noun" or attribute_axis(tree[i].text):
        return False
    while tree[i].relation == "compound" and tree[i].head > i:
        i = tree[i].head
        if i == head:
            return True
    return False
