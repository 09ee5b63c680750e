"""What energy guidance has decided before sampling: which words of which text, in which blocks, how hard and when."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ...attention.capture import WordQuery
from ...attention.records import CONDITIONAL
from ...attention.trace import Block
from .energy import Rule


@dataclass(frozen=True)
class EnergyTerms:
    """What E is made of. pairs: columns of `words`, which are tokens of `context` [1,L',d], the attribution prompt."""

    words: tuple[WordQuery, ...]
    pairs: tuple[tuple[int, int], ...]
    context: Tensor
    blocks: frozenset[Block]
    soft_mask: Callable[[Tensor], Tensor]
    stop_at_chance: bool


@dataclass(frozen=True)
class EnergyPlan:
    """Everything decided before sampling. rule: what is done to the gradient's length. strength: lambda.

    every: a gradient lasts for so many steps. settings: all of this in words, for the report. measure: with strength 0, the overlap
    is measured all the same.
    """

    terms: EnergyTerms
    labels: tuple[str, ...]  # of the pairs
    rule: Rule
    strength: float
    branch: str = CONDITIONAL
    start_percent: float = 0.0
    end_percent: float = 1.0
    every: int = 1
    settings: str = ""
    measure: bool = False
