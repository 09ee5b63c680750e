"""Names after titles: "Smith" in "Doctor Smith". Other proper names are people only where the user says so."""

from collections.abc import Sequence

from . import lexicon, nouns, things
from .attributes import attribute_axis
from .numbers import number
from .syntax import Node


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


def _is_name(tree: Sequence[Node], i: int) -> bool:
    """Whether a word after a title is a name: it has a capital and is no thing ("Doctor Office"), title or attribute."""
    word, following = tree[i].text, tree[i + 1].text if i + 1 < len(tree) else ""
    capital = word[:1].isupper() and (word[1:].islower() or "'" in word)
    described = attribute_axis(word) is not None and lexicon.is_person(following)
    known = word.lower() in nouns.TITLES or lexicon.singular(word) in things.THINGS or described
    return capital and not known and number(word) is None
