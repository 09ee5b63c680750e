"""Names after titles: "Smith" in "Doctor Smith". Other proper names are people only where the user says so."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .attributes import attribute_axis
from .numbers import number
from .rules_parser import Node
from .vocabulary import KIND


def name_after(tree: Sequence[Node], i: int) -> int | None:
    """The last node of the name that follows a title: "Smith" in "Doctor Smith"; None if none does."""
    if tree[i].text.lower().rstrip(".") not in nouns.TITLES or tree[i].text[:1].islower():
        return None
    n = i + 1
    if n < len(tree) and tree[n].text == "." and tree[i].text.lower() in nouns.ABBREVIATED:
        n += 1
    start = n
    while n < len(tree) and _is_name(tree, n):
        n += 1
    return n - 1 if n > start else None


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
    thing = lexicon.singular(word) in things.THINGS | nouns.FACES | nouns.PICTURES
    return word[:1].isupper() and word[1:].islower() and len(word) > 1 and not known and not thing


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
