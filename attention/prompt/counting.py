"""How many people a noun of a prompt's tree asks for."""

from collections.abc import Sequence

from . import lexicon
from .numbers import QUANTITIES, number
from .rules_parser import Node
from .tree import children


def count_of(tree: Sequence[Node], head: int) -> int | None:
    """By number ("two"), by quantity ("a couple of"), of a family of four, or one for a singular; None: not said."""
    word, plural = lexicon.singular(tree[head].text), lexicon.is_plural(tree[head].text)
    tagged = lexicon.tag(tree[head].text)
    if tagged:
        return tagged[0]
    if word in _TWOS and tree[head].text.lower() != word:  # "couples", "two couples"
        pairs = _number_before(tree, head)
        return None if pairs is None else 2 * pairs
    if _is_vague(tree, head):
        return None
    for child in children(tree, head, {"nummod", "det", "predet", "quantmod", "amod", "compound"}):
        said = number(child.text)
        if said is not None and (said != 1 or not plural):
            return said
    said = _number_before(tree, head)
    if said is not None and (said != 1 or not plural):
        return said
    said = _number_after_of(tree, head)
    if said is not None and (plural or word in ("party", "group")):
        return said
    if tree[head].relation == "pobj" and tree[tree[head].head].text.lower() == "of":
        above = tree[tree[head].head].head
        quantity = lexicon.singular(tree[above].text)
        if quantity in QUANTITIES:
            several = tree[above].text.lower() != quantity  # "dozens of runners"
            return None if several else QUANTITIES[quantity]
        if number(quantity) is not None and above != head:
            return number(quantity)  # "a dozen of eggs", "two of the doctors"
    if word in _TWOS or word in QUANTITIES and lexicon.singular(tree[head].text) == tree[head].text.lower():
        return QUANTITIES[word]  # "a couple", "a string quartet"
    return None if plural else 1


def _is_vague(tree: Sequence[Node], head: int) -> bool:
    """Whether the number before a noun is none: "a few dozen workers", "two or three fishermen"."""
    i = _before_description(tree, head)
    if i > 0 and [node.text.lower() for node in tree[i : i + 2]] == ["or", "so"]:  # "a dozen or so hikers"
        return True
    if i < 1 or number(tree[i].text) is None or tree[i].text.lower() in ("a", "an"):
        return False
    before = [node.text.lower() for node in tree[max(0, i - 2) : i]]
    either = len(before) == 2 and before[1] in ("or", "to") and number(before[0]) is not None
    return before[-1] in _VAGUE or either


_VAGUE = frozenset("few several many countless".split())
_TWOS = frozenset("couple duo pair".split())


def _number_before(tree: Sequence[Node], head: int) -> int | None:
    """6 of "half a dozen happy farmers", wherever a parser hung it."""
    i = _before_description(tree, head)
    return number(tree[i].text) if i >= 0 and tree[i].kind == "number" else None


def _before_description(tree: Sequence[Node], head: int) -> int:
    """The last node before a noun and what describes it, -1 if none: the number of "two very happy farmers"."""
    i = head - 1
    while i >= 0 and (tree[i].kind in ("adjective", "participle", "noun", "adverb") or tree[i].text.lower() == "so"):
        i -= 1
    return i


def _number_after_of(tree: Sequence[Node], head: int) -> int | None:
    """4 of "a family of four", but nothing of "a family of four bears"."""
    following = [node.text.lower() for node in tree[head + 1 : head + 3]]
    if len(following) < 2 or following[0] != "of":
        return None
    after = tree[head + 3] if head + 3 < len(tree) else None
    described = after is not None and after.kind in ("noun", "adjective") and after.relation != "acomp"
    return None if described else number(following[1])
