"""A whole model edited by UCE: every projection, round after round, with what is needed to trust it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .concepts import Concept
from .uce import PAPER, Edit, Variant, change, normal_matrix, residual, rows_of

LARGEST_RESIDUAL = 1e-4  # of the normal equations, relative; above it an edit is no solution
Encode = Callable[[str], tuple[Tensor, int]]  # a text -> its context [L,d] and the place of its last own token


@dataclass(frozen=True)
class Edited:
    """changes: name -> W* - W in fp32. residual: the largest of all projections and rounds, as handed out in fp32.

    size: the largest |W* - W| / |W|.
    """

    changes: dict[str, Tensor]
    residual: float
    size: float


def edit_model(
    weights: Mapping[str, Tensor],
    rounds: Sequence[Sequence[Concept]],
    preserved: Sequence[str],
    encode: Encode,
    variant: Variant,
    check: Callable[[], None] = lambda: None,
) -> Edited:
    """The closed form for every projection W [out,d] of `weights`; each round edits what the one before has left.

    preserved: texts that are to stay. In the paper era a concept whose weights are all 0 has met its target and stays
    as well, with all its tokens. check: called before every projection; what it raises ends the work.
    """
    changed = {name: w.double() for name, w in weights.items()}
    worst = torch.zeros((), dtype=torch.float64)
    for concepts in rounds:
        edits = [edit_of(concept, encode, variant) for concept in concepts]
        met = [c.text for c in concepts if variant.name == PAPER and not any(c.weights or ())]
        kept = [preserved_rows(text, encode, variant) for text in (*preserved, *met)]
        matrix = normal_matrix([e.concept for e in edits], kept, variant)
        for name, w in changed.items():
            check()
            new = w + change(w, edits, matrix, variant)
            as_given = weights[name].double() + (new - weights[name].double()).float().double()
            worst = torch.maximum(worst, torch.tensor(residual(as_given, w, edits, matrix, variant)).double())
            changed[name] = new
    changes = {name: (new - weights[name].double()).float() for name, new in changed.items()}
    sizes = [float(c.norm() / weights[name].double().norm()) for name, c in changes.items()]
    return Edited(changes, float(worst), max(sizes, default=0.0))


def edit_of(concept: Concept, encode: Encode, variant: Variant) -> Edit:
    found = [encode(text) for text in (concept.text, *concept.attributes)]
    rows = rows_of([context for context, _ in found], [last for _, last in found], variant.to_the_end)
    return Edit(rows[0], tuple(rows[1:]), concept.weights or (0.0,) * len(concept.attributes))


def preserved_rows(text: str, encode: Encode, variant: Variant) -> Tensor:
    """c of a text that is to stay: its last token in the rewrite, the whole context in the paper era."""
    context, last = encode(text)
    return (context if variant.to_the_end else context[last : last + 1]).double()
