"""Block Voting: the blocks of the U-Net vote on where a word is drawn (LAG; the vote itself is our decision).

vote    v_b[x] = 1[ a_b[x] >= tau ]            a_b in 0..1, one map a block
score   V[x]   = sum_b w_b v_b[x] / sum_b w_b  in 0..1
region  R      = 1[ V >= rho ]
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from .capture import MapStore
from .maps import prepare, read_size, scale_of
from .trace import UNET_PARTS, Block

TAU = 0.4  # DAAM, OVAM
RHO = 0.5  # majority
UNIFORM: Literal["uniform"] = "uniform"
Weights = Mapping[Block, float] | Literal["uniform"] | None  # None: by resolution
SCALE_WEIGHTS = {1: 0.25, 2: 0.25, 4: 1.0}  # latent cells a block's cell spans -> weight; from OVAM's block ablation


def weight_by_resolution(
    blocks: list[Block], sizes: Mapping[Block, tuple[int, int]], latent: tuple[int, int]
) -> dict[Block, float]:
    """SD prior: quarter resolution 1, half and full 0.25 each, eighth 0 (middle block; as DAAM and OVAM). All blocks of a
    transformer have one resolution: 1 each."""
    return {b: SCALE_WEIGHTS.get(scale_of(sizes[b], latent), 0.0) if b.part in UNET_PARTS else 1.0 for b in blocks}


def block_votes(maps: Tensor, tau: float = TAU) -> Tensor:
    """maps [blocks, ..., h, w] in 0..1 -> votes of the same shape, 0 or 1."""
    return (maps >= tau).to(maps.dtype)


def vote_score(votes: Tensor, weights: Tensor) -> Tensor:
    """votes [blocks, ..., h, w], weights [blocks] >= 0 -> score [..., h, w] in 0..1. ValueError if no block counts."""
    if not float(weights.sum()) > 0:
        raise ValueError("every block's weight is zero: give at least one captured block a weight above 0")
    return torch.einsum("b...,b->...", votes, weights.to(votes)) / weights.sum().to(votes)


def block_vote(maps: Tensor, weights: Tensor, tau: float = TAU) -> Tensor:
    """Score V of the weighted vote; compare with rho for the region."""
    return vote_score(block_votes(maps, tau), weights)


def mean_score(maps: Tensor, weights: Tensor) -> Tensor:
    """DAAM's way, for comparison: the weighted mean map itself, normalised by its maximum; compare with tau."""
    mean = vote_score(maps, weights)
    return mean / mean.amax((-2, -1), keepdim=True).clamp_min(1e-8)


def weights_of(store: MapStore, weights: Weights) -> Mapping[Block, float]:
    """What each block's vote counts; a block that is not named counts nothing."""
    if weights is None:
        return weight_by_resolution(store.blocks, {b: store.grid(b) for b in store.blocks}, store.latent_size)
    return weights if isinstance(weights, Mapping) else dict.fromkeys(store.blocks, 1.0)


def stack_blocks(store: MapStore, weights: Weights = None) -> tuple[Tensor, Tensor, list[Block]]:
    """(maps [blocks, images, words, h, w] in 0..1, weights [blocks], blocks) of the blocks with weight above 0.

    Block names in `weights` that were not captured count as absent.
    """
    chosen = weights_of(store, weights)
    blocks = [b for b in store.blocks if chosen.get(b, 0.0) > 0]
    if not blocks:
        raise ValueError(
            f"no captured block has a weight above 0: captured are {', '.join(map(str, store.blocks)) or 'none'}"
        )
    size = read_size(store.latent_size)
    maps = torch.stack([prepare(store.mean(b).cpu(), size) for b in blocks])
    return maps, torch.tensor([chosen.get(b, 0.0) for b in blocks]), blocks
