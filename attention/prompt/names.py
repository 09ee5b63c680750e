"""Names after titles: "Smith" in "Doctor Smith". Other proper names are people only where the user says so."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .attributes import attribute_axis
from .numbers import number
from .rules_parser import Node
from .vocabulary import KIND


def name_after(tree: Sequence[Node], i: int) -> int | None:
    """The last node of the name that follows a title: "Smith" in "Doctor Smith"; None if none does.

    After a person noun written small, too, if a word with a capital that is no known word follows: "the painter Vincent
    van Gogh".
    """
    role = tree[i].text[:1].islower() and tree[i].kind == "noun" and lexicon.is_person(tree[i].text)
    if not (role and i + 1 < len(tree) and _is_unknown_name(tree[i + 1].text)):
        if tree[i].text.lower().rstrip(".") not in nouns.TITLES or tree[i].text[:1].islower():
            return None
    n = i + 1
    if n < len(tree) and tree[n].text == "." and tree[i].text.lower() in nouns.ABBREVIATED:
        n += 1
    start = n
    while n < len(tree) and (_is_name(tree, n) or n > start and _joins_names(tree, n)):
        n += 1
    return n - 1 if n > start else None


def _joins_names(tree: Sequence[Node], n: int) -> bool:
    """Whether a small word stands inside a name: "van" in "Vincent van Gogh"."""
    small = tree[n].text in ("van", "von", "der", "de", "da", "del", "di", "la", "bin", "al", "ten", "den")
    return small and n + 1 < len(tree) and (tree[n + 1].text[:1].isupper() or _joins_names(tree, n + 1))


_WORKS = frozenset("movie film book novel song album show series game titled named called entitled comic play".split())


def is_of_a_title(tree: Sequence[Node], i: int) -> bool:
    """Whether node i is of the name of a work, in a prompt that writes other words small: "the movie The Godfather"."""
    first = i
    while first > 0 and tree[first].text[:1].isupper():
        first -= 1
    others = [node.text for n, node in enumerate(tree) if not first < n <= i and node.text[0].isalpha()]
    small = 2 * sum(other.islower() for other in others) >= len(others) > 0
    return first < i and tree[first].text.lower() in _WORKS and small


_FAMILY = frozenset(
    "baby mother father parent child kid family sibling sister brother son daughter twin newborn".split()
)


def is_of_an_animal(tree: Sequence[Node], i: int) -> bool:
    """Whether a word of family is an animal's: "a mother elephant and her baby"."""
    if lexicon.singular(tree[i].text) not in _FAMILY:
        return False
    n = i - 1
    while n > 0 and tree[n].kind in ("adjective", "number"):
        n -= 1
    owned = n > 0 and tree[n].text.lower() in ("her", "his", "its", "their")
    with_it = n > 1 and tree[n - 1].text.lower() in ("and", "with")
    people = any(lexicon.is_person(node.text) for node in tree[: max(0, n - 3)])
    return owned and with_it and not people and lexicon.singular(tree[n - 2].text) in things.ANIMALS


def is_of_a_name(tree: Sequence[Node], i: int) -> bool:
    """Whether node i is a name's part: "Baker" in "Doctor Baker"."""
    return any((name_after(tree, n) or n) >= i for n in range(max(0, i - 4), i))


def is_surname(tree: Sequence[Node], i: int) -> bool:
    """Whether a person noun is a name in a prompt that writes other words small: "Elizabeth Taylor", "Guy Fawkes"."""
    word = tree[i].text
    if not (word[:1].isupper() and word[1:].islower()) or word.lower() in nouns.TITLES:
        return False
    others = [node.text for n, node in enumerate(tree) if n != i and node.text[0].isalpha()]
    if 2 * sum(other.islower() for other in others) < len(others):
        return False  # Every Word Has A Capital
    near = [tree[n] for n in (i - 1, i + 1) if 0 <= n < len(tree) and i > 0]
    return any(_is_unknown_name(node.text) and not lexicon.is_listed(_pair(tree[i], node)) for node in near)


def _is_unknown_name(word: str) -> bool:
    known = word.lower() in KIND or lexicon.is_person(word) or attribute_axis(word) is not None
    thing = lexicon.singular(word) in _NO_NAMES
    return word[:1].isupper() and word[1:].islower() and len(word) > 1 and not known and not thing


_NO_NAMES = things.THINGS | nouns.FACES | nouns.PICTURES


def _pair(first: Node, second: Node) -> str:
    ordered = sorted((first, second), key=lambda node: node.start)
    return f"{ordered[0].text} {ordered[1].text}"


def _is_name(tree: Sequence[Node], i: int) -> bool:
    """Whether a word after a title is a name: it has a capital and is no thing ("Doctor Office"), title or attribute."""
    word, following = tree[i].text, tree[i + 1].text if i + 1 < len(tree) else ""
    capital = word[:1].isupper() and (word[1:].islower() or "'" in word)
    described = attribute_axis(word) is not None and lexicon.is_person(following)
    known = word.lower() in nouns.TITLES or lexicon.singular(word) in things.THINGS or described
    return capital and not known and number(word) is None
