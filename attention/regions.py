"""From recorded maps to people: the vote of the blocks, aligned over linked words, cut into individuals."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .alignment import aligned_region
from .capture import MapStore
from .individuals import individuals
from .voting import RHO, TAU, Weights, block_vote, mean_score, stack_blocks

RHO_ALIGNED = 0.4


@dataclass(frozen=True)
class VotingRule:
    """How maps become people."""

    weights: Weights = None
    tau: float = TAU
    rho: float = RHO
    rho_aligned: float = RHO_ALIGNED
    align: bool = True  # Linguistic Alignment; False: the noun's own vote
    vote: bool = True  # False: mean-then-threshold (DAAM)
    split: bool = True  # False: one individual, the whole region
    use_count: bool = True  # the number the prompt names is a hint


@dataclass(frozen=True)
class Located:
    """The people of one group in one image. score, region [h,w]; masks [n,h,w], left to right; all at read size."""

    label: str
    score: Tensor
    region: Tensor
    masks: Tensor
    notes: tuple[str, ...] = field(default=())


def locate_group(
    store: MapStore,
    rule: VotingRule,
    label: str,
    columns: Sequence[int],
    noun: int,
    face: int | None,
    count: int | None,
) -> list[Located]:
    """One Located per image for the group whose words are the store's `columns`; noun, face index into columns."""
    maps, weights, _ = stack_blocks(store, rule.weights)
    maps = maps[:, :, list(columns)]
    scores = block_vote(maps, weights, rule.tau) if rule.vote else mean_score(maps, weights)  # [images, words, h, w]
    own, joint = (rule.rho, rule.rho_aligned) if rule.vote else (rule.tau, rule.tau)
    located = []
    for image in range(scores.shape[0]):
        notes: tuple[str, ...] = ()
        if rule.align and len(columns) > 1:
            score, region, why = aligned_region(scores[image], own, joint, face)
            notes = (why,)
        else:
            score = scores[image, noun]
            region = score >= own
        masks = cut(region, score, count if rule.use_count else None) if rule.split else region[None].float()
        if not bool(region.any()):
            masks, notes = masks[:0], (*notes, "no region above the threshold")
        located.append(Located(label, score, region.float(), masks, notes))
    return located


def cut(region: Tensor, score: Tensor, count: int | None) -> Tensor:
    """[n,h,w] float masks of the individuals of a region."""
    masks = individuals(region.numpy().astype(bool), score.numpy().astype(np.float64), count)
    return torch.from_numpy(np.stack(masks)).float() if masks else torch.zeros(0, *region.shape)
