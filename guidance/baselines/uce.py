"""Unified Concept Editing (UCE; Gandikota et al., WACV 2024): a closed-form edit of the projections of the text.

For the weights W [out,d] of one cross-attention `to_k` or `to_v`, rows c [d] of the text encoder's output:

    W* = argmin  e sum_i |W* c_i - v_i|^2  +  p sum_j |W* c_j - W c_j|^2  +  lam |W* - W|^2
       = (lam W + e sum_i v_i c_i' + p sum_j (W c_j) c_j') A^-1          A = lam I + e sum_i c_i c_i' + p sum_j c_j c_j'

i runs over the concepts that are edited, j over those that are to stay. Since lam W + e sum W c c' + p sum W c c' = W A,

    W* = W + e sum_i (v_i - W c_i) c_i' A^-1

which is what is solved, in fp64: a target that is already met changes nothing, exactly. A is the same for all layers.
The target v_i leans the concept towards attributes a with weights alpha_a, which the published loop finds by drawing
(`uce_loop`). Two variants are published and differ in more than one place:

    rewrite (2025)     v = W c + sum_a alpha_a W c_a                              c: the last token of the concept
    paper era (2023)   v <- v + alpha_a |v| (W c_a) / |W c_a|, a after a          c: from that token to the end, padding too

Norms are over all rows together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

REWRITE, PAPER = "rewrite (2025)", "paper era (2023)"
TEMPLATES = ("image of {}", "photo of {}", "portrait of {}", "picture of {}", "{}")  # of the paper era


@dataclass(frozen=True)
class Variant:
    """What the published variants differ in besides the target. preserve: p. lam, edit: lam and e."""

    name: str
    preserve: float
    templates: tuple[str, ...]
    to_the_end: bool  # rows from the concept's last token to the end of the text, instead of that token alone
    step: float = 1.0  # of the published loop, times the gap of the shares
    lam: float = 0.5
    edit: float = 1.0


VARIANTS = {
    REWRITE: Variant(REWRITE, 1.0, ("{}",), False),
    PAPER: Variant(PAPER, 0.1, TEMPLATES, True, step=0.1),
}


@dataclass(frozen=True)
class Edit:
    """One text that is edited: its rows c [n,d], those of each attribute's text [n,d], and the weights alpha."""

    concept: Tensor
    attributes: tuple[Tensor, ...]
    weights: tuple[float, ...]


def rows_of(contexts: Sequence[Tensor], last: Sequence[int], to_the_end: bool) -> list[Tensor]:
    """Of texts that stand for each other, the rows that correspond: the last token's, or those from it to the end.

    contexts: [L,d] each, as the text encoder puts them out. last: the place of each one's last own token. Rows to the
    end are as many as the text whose last token lies farthest back has. -> [1,d] or [n,d] each, fp64
    """
    count = min(len(c) for c in contexts) - max(last) if to_the_end else 1
    return [c[at : at + count].double() for c, at in zip(contexts, last, strict=True)]


def target(weight: Tensor, edit: Edit, normed: bool) -> Tensor:
    """v [n,out] for a layer's W [out,d]: the rewrite's sum, or the paper era's (`normed`), see above."""
    v = edit.concept @ weight.T
    for rows, alpha in zip(edit.attributes, edit.weights, strict=True):
        towards = rows @ weight.T
        v = v + alpha * (v.norm() * towards / towards.norm() if normed else towards)
    return v


def normal_matrix(edited: Sequence[Tensor], preserved: Sequence[Tensor], variant: Variant) -> Tensor:
    """A = lam I + e sum_i c_i c_i' + p sum_j c_j c_j'.   rows [n,d] each -> [d,d], fp64"""
    width = (*edited, *preserved)[0].shape[1]
    a = variant.lam * torch.eye(width, dtype=torch.float64)
    for scale, texts in ((variant.edit, edited), (variant.preserve, preserved)):
        for rows in texts:
            a += scale * rows.double().T @ rows.double()
    return a


def change(weight: Tensor, edits: Sequence[Edit], matrix: Tensor, variant: Variant) -> Tensor:
    """W* - W = e sum_i (v_i - W c_i) c_i' A^-1.   W [out,d], A [d,d] -> [out,d], fp64; all weights 0: zeros exactly"""
    w = weight.double()
    total = torch.zeros_like(w)
    for edit in edits:
        missing = target(w, edit, variant.to_the_end) - edit.concept @ w.T  # [n,out]
        total += variant.edit * missing.T @ torch.linalg.solve(matrix, edit.concept.T).T
    return total


def residual(edited: Tensor, weight: Tensor, edits: Sequence[Edit], matrix: Tensor, variant: Variant) -> float:
    """|W* A - B| / |B| with B = W A + e sum_i (v_i - W c_i) c_i', the right side of the normal equations.

    edited: W* as it is handed to the model, in whatever precision; weight: the W that it was solved from.
    """
    w = weight.double()
    right = w @ matrix
    for edit in edits:
        right = right + variant.edit * (target(w, edit, variant.to_the_end) - edit.concept @ w.T).T @ edit.concept
    return float((edited.double() @ matrix - right).norm() / right.norm())
