"""From recorded maps to people: the vote of the blocks, aligned over linked words, cut into individuals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .alignment import Aligned, aligned_region
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
class GroupColumns:
    """A group of linked words, as columns of a store (see `AlignedPrompt.columns`).

    noun, face: its noun, and its face word if it has one. count: how many people the prompt names; None: it does not say.
    """

    words: tuple[int, ...]
    noun: int
    face: int | None = None
    count: int | None = None


@dataclass(frozen=True)
class Located:
    """The people of one group in one image. score, region [h,w]; masks [n,h,w], left to right; all at read size.

    rule: by which the region was found. fell_back: whether that stands in for the words' agreement.
    """

    score: Tensor
    region: Tensor
    masks: Tensor
    rule: str
    fell_back: bool = False


def locate(store: MapStore, rule: VotingRule, groups: Sequence[GroupColumns]) -> list[list[Located]]:
    """Where the people of each group are, [group][image]. ValueError if no block that was recorded has a weight."""
    maps, weights, _ = stack_blocks(store, rule.weights)
    return [_locate_group(maps[:, :, list(group.words)], weights, rule, group) for group in groups]


def _locate_group(maps: Tensor, weights: Tensor, rule: VotingRule, group: GroupColumns) -> list[Located]:
    """One Located per image. maps [blocks,images,words,h,w] of the group's words, weights [blocks]."""
    scores = block_vote(maps, weights, rule.tau) if rule.vote else mean_score(maps, weights)  # [images, words, h, w]
    own, joint = (rule.rho, rule.rho_aligned) if rule.vote else (rule.tau, rule.tau)
    noun = group.words.index(group.noun)
    face = None if group.face is None else group.words.index(group.face)
    located = []
    for words in scores:
        if rule.align and len(group.words) > 1:
            found = aligned_region(words, own, joint, face)
        else:
            found = Aligned(words[noun], words[noun] >= own, "the noun alone", False)
        masks = found.region[None].float()
        if rule.split:
            masks = cut(found.region, found.score, group.count if rule.use_count else None)
        if not bool(found.region.any()):
            masks = masks[:0]
        located.append(Located(found.score, found.region.float(), masks, found.why, found.fell_back))
    return located


def cut(region: Tensor, score: Tensor, count: int | None) -> Tensor:
    """[n,h,w] float masks of the individuals of a region."""
    masks = individuals(region.numpy().astype(bool), score.numpy().astype(np.float64), count)
    return torch.from_numpy(np.stack(masks)).float() if masks else torch.zeros(0, *region.shape)
