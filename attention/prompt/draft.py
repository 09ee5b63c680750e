"""A group of people while it is being linked: indices of tree nodes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .rules_parser import Node


@dataclass
class Draft:
    """A group while it is being linked: indices of tree nodes."""

    head: int
    first: int  # first node of the noun with its compound
    same: list[int] = field(default_factory=list)  # other nouns for the same people
    face: int | None = None
    members: dict[int, str] = field(default_factory=dict)  # node -> why
    fixed: dict[tuple[str, str], int] = field(default_factory=dict)  # (axis, word) -> node

    def state(self, axis: str, word: str, node: int) -> None:
        self.fixed.setdefault((axis, word), node)


def conjuncts(tree: Sequence[Node], i: int, among: dict[int, Draft]) -> list[int]:
    """The nouns conjoined with noun i, directly or one through the other."""
    found = [n for n, node in enumerate(tree) if node.relation == "conj" and node.head == i and n in among and n != i]
    return found + [deeper for n in found for deeper in conjuncts(tree, n, among)]
