"""Whether two mentions in a prompt cannot be one person: by their names, by what is said of them."""

from collections.abc import Sequence

from . import lexicon
from .attributes import attribute_axis
from .names import name_after
from .rules_parser import Node
from .tree import children


def contradict(tree: Sequence[Node], first: int, second: int, strict: bool) -> bool:
    """Whether two mentions cannot be one person: "a male doctor, female doctor"; strict: or are said to look different."""
    names = [name_after(tree, i) for i in (first, second)]
    if None not in names and tree[names[0] or 0].text != tree[names[1] or 0].text:
        return True
    stated = []
    for i in (first, second):
        words = described(tree, i)
        said: list[tuple[str, object]] = [(axis, word) for word in words if (axis := attribute_axis(word))]
        said = [(axis, word == "female" if word in ("male", "female") else word) for axis, word in said]
        said += [
            (axis, lexicon.is_of_women(noun)) for axis, noun in lexicon.stated_by_noun(tree[i].text) if axis == "gender"
        ]
        stated.append(said)
    axes = {axis for axis, _ in stated[0]} & {axis for axis, _ in stated[1]}
    if any({w for a, w in stated[0] if a == axis}.isdisjoint({w for a, w in stated[1] if a == axis}) for axis in axes):
        return True
    looks = [{*described(tree, i)} - _PRAISE for i in (first, second)]
    return strict and bool(looks[0]) and bool(looks[1]) and looks[0].isdisjoint(looks[1])


def described(tree: Sequence[Node], i: int) -> list[str]:
    return [node.text.lower() for node in children(tree, i, {"amod", "nmod"})]


_PRAISE = frozenset(
    "beautiful gorgeous pretty cute stunning lovely attractive handsome sexy perfect detailed realistic".split()
)
