"""The training corpus: scenes rendered once, encoded to latents, with the coverage each word should attend to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from .autoencoder import PatchEncoder
from .captions import ROLES, Word, draw_groups, word_caption
from .hints import cell_labels
from .scene import Drawn, Group, compose, render
from .world import CELL

GROUPS = 2  # named groups a caption has at most


@dataclass
class Corpus:
    """latents [N,4,h,w]; coverage [N, 3 roles, 2 groups, h, w] in 0..255; labels [N,3,h,w]; what each caption names."""

    latents: Tensor
    coverage: Tensor
    labels: Tensor
    named: list[tuple[tuple[Group, ...], str | None]]

    def caption(self, rng: np.random.Generator, index: int) -> list[Word]:
        return word_caption(rng, *self.named[index])


def coverage(drawn: Drawn, groups: list[int]) -> np.ndarray:
    """[3,2,h,w]: the share of each latent cell that people, heads (by named group) and things cover."""
    full = np.zeros((len(ROLES), GROUPS, *drawn.things.shape), np.float32)
    for mask, head, group in zip(drawn.person, drawn.head, groups, strict=True):
        full[0, group] += mask
        full[1, group] += head
    full[2, :] = drawn.things
    n, g, height, width = full.shape
    return full.reshape(n, g, height // CELL, CELL, width // CELL, CELL).mean((3, 5)).clip(0, 1)


def build(
    encoder: PatchEncoder,
    scenes: int,
    seed: int,
    groups_of: Callable[[np.random.Generator], tuple[tuple[Group, ...], str | None]] = draw_groups,
    table: dict | None = None,
) -> Corpus:
    """That many scenes: what captions name is drawn by `groups_of`, what they leave open by the table (the planted bias)."""
    rng = np.random.default_rng(seed)
    latents, covers, labels, named = [], [], [], []
    images: list[np.ndarray] = []

    @torch.no_grad()
    def flush() -> None:
        batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
        latents.append(encoder(batch).half())
        images.clear()

    for _ in tqdm(range(scenes), mininterval=10, desc="scenes"):
        groups, thing = groups_of(rng)
        scene = compose(rng, groups, thing, table)
        drawn = render(scene)
        if thing and not scene.things:  # no room for it: a caption must not name what is not there
            thing = None
        named.append((groups, thing))
        covers.append((coverage(drawn, [p.group for p in scene.people]) * 255).astype(np.uint8))
        labels.append(cell_labels(drawn.person, scene.people))
        images.append(drawn.image)
        if len(images) == 64:
            flush()
    if images:
        flush()
    stacked = (torch.from_numpy(np.stack(x)) for x in (covers, labels))
    return Corpus(torch.cat(latents), *stacked, named)


def load_or_make(path: Path, make: Callable[[], Corpus]) -> Corpus:
    """The corpus of an earlier run, or one that is made now and kept."""
    if path.exists():
        return Corpus(**torch.load(path, weights_only=False))
    corpus = make()
    torch.save(vars(corpus), path)
    return corpus


def target_shape(cover: Tensor, size: int) -> Tensor:
    """cover [n,h,w] -> [n, size*size]: its area average at a block's grid, summing to one over the picture."""
    small = F.adaptive_avg_pool2d(cover, size).flatten(1)
    return small / small.sum(1, keepdim=True).clamp_min(1e-6)
