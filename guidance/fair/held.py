"""Axes that are held: what people are to keep while something else is steered ("hold: skin tone").

A model's prompts differ in more than the word that was exchanged. On the emoji world the push from "three male pilots" to
"three female pilots" holds at every step about as much as a whole step from one skin tone to the next, lighter in some
people and darker in others. What a direction has of a held axis is taken out of it before it is added:

    d' = d - sum_k c_k U_k,   c = argmin sum_x M(x) |d - sum_k c_k U_k|^2,   U_k = D_k - mean_k' D_k'

with D_k the predictions of the axis' values ("three light pilots", "three tan pilots", ...), inside the person's mask. Of the
.74 of a step to the neighbouring tone that a push holds in the mean (prompts for tuning, 220 readings), differences asked once in a
run leave .53, since what is drawn later they do not know; asked anew at every second reading about .15, for 4 % of the
rows of a run of 50 steps a pair of values. Pushing back where a share drifts was tried first: it kept fewer people than no hold at all.
Neither paper has this; our decision.
"""

import torch
from torch import Tensor

from ..parametrization import full_precision

AGAIN = 2  # readings of what steers after which the values of held axes are asked anew
RANK = 1e-4  # of the largest: squared lengths of differences below this are what a mean of floats rounds


def differences(values: Tensor) -> Tensor:
    """U_k = D_k - mean D.   [...,K,C,h,w] -> the same; of two values both, one the negative of the other"""
    return values - values.mean(-4, keepdim=True)


def without(directions: Tensor, differences: Tensor, masks: Tensor) -> Tensor:
    """d' of each person: its direction without its part along the differences.

    directions [B,n,C,h,w], differences [B,n,S,C,h,w] of all held axes, masks [B,n,h,w] -> [B,n,C,h,w]. A direction of zeros
    stays one exactly; differences that are all alike or an empty mask take nothing.
    """
    d, along = full_precision(directions), full_precision(differences)
    root = masks.to(d).clamp_min(0).sqrt()[:, :, None]
    weighted = (along * root.unsqueeze(2)).flatten(3)  # [B,n,S,Chw]
    inner = weighted @ (d * root).flatten(2).unsqueeze(-1)
    gram = (
        (weighted @ weighted.transpose(-1, -2)).cpu().double().nan_to_num()
    )  # a model that overflows is no error here
    share = (torch.linalg.pinv(gram, rtol=RANK, hermitian=True) @ inner.cpu().double()).to(d)  # [B,n,S,1]
    return (d - (share.unsqueeze(-1).unsqueeze(-1) * along).sum(2)).to(directions)
