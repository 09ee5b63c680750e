"""From queries and keys to maps: where each word looks, summed while sampling, at each block's own size.

Observing only: the host's kernel computes the picture, these functions compute the probabilities once more for the
rows and words asked for. Memory is [images, words, h, w] floats a block and does not grow with the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .maps import read_size, resize
from .trace import Block

CHUNK_BYTES = 64 * 2**20  # probabilities kept alive at a time


@dataclass(frozen=True)
class WordQuery:
    """A word to watch: its label and its token positions in the text context (several: mean over them)."""

    label: str
    positions: tuple[int, ...]


def selection(words: tuple[WordQuery, ...], own_length: int, length: int) -> Tensor:
    """[length, words]: column w averages the tokens of word w.

    The host repeats a context of own_length tokens up to the batch's common length, which splits a token's
    probability over its copies: they are added up again. Tokens behind the last whole copy are not the text's: a patch
    has appended them (an image's, say). ValueError if a position lies outside the context.
    """
    columns = torch.zeros(length, len(words))
    end = length - length % own_length
    for column, word in enumerate(words):
        for position in word.positions:
            if not 0 <= position < own_length:
                raise ValueError(f"token {position} of {word.label!r} lies outside the prompt's {own_length} tokens")
            columns[position:end:own_length, column] += 1 / len(word.positions)
    return columns


def word_maps(
    q: Tensor,
    k: Tensor,
    heads: int,
    columns: Tensor,
    chosen: Sequence[int] | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Tensor:
    """Mean over heads of softmax(q k^T / sqrt(d)), the chosen columns only (DAAM, OVAM; heads averaged at once).

    q [R,N,H*d], k [R,L,H*d], columns [L,W] -> [R,W,N] float32. chosen: these heads only. Computed in float32 and in
    chunks over N, so that no [R,H,N,L] tensor above chunk_bytes exists.
    """
    q, k = q.unflatten(-1, (heads, -1)), k.unflatten(-1, (heads, -1))  # [R,N,H,d], [R,L,H,d]
    if chosen is not None:
        q, k = q[:, :, list(chosen)], k[:, :, list(chosen)]
    kh = k.float().permute(0, 2, 3, 1)  # [R,H,d,L]
    scale = kh.shape[2] ** -0.5
    columns = columns.to(q.device)
    step = max(1, chunk_bytes // max(1, 4 * kh.shape[0] * kh.shape[1] * kh.shape[3]))
    parts = []
    for start in range(0, q.shape[1], step):
        qh = q[:, start : start + step].float().transpose(1, 2)  # [R,H,n,d]
        probabilities = (qh @ kh * scale).softmax(-1).mean(1)  # [R,n,L]
        parts.append(probabilities @ columns)
    return torch.cat(parts, 1).transpose(1, 2)


@dataclass(frozen=True)
class Cross:
    """What one cross-attention looks with: q [R,N,H*d] of the picture, k [R,L,H*d] of the text. grid: the picture's (h, w)."""

    module: Any
    q: Tensor
    k: Tensor
    head_count: int
    grid: tuple[int, int]

    def has_rows(self, rows: int) -> bool:
        return self.q.shape[0] == self.k.shape[0] == rows

    def maps(self, rows: slice, columns: Tensor, heads: Sequence[int] | None) -> Tensor:
        """[R,W,h*w] of these rows; columns [L,W]; heads: these only."""
        return word_maps(self.q[rows], self.k[rows], self.head_count, columns, heads)


@dataclass
class MapStore:
    """Running sums of one sampling run: block -> [images, words, h, w] float32, and how many calls each cell holds."""

    labels: tuple[str, ...]
    images: int
    latent_size: tuple[int, int]
    sums: dict[Block, Tensor] = field(default_factory=dict)
    counts: dict[Block, Tensor] = field(default_factory=dict)

    def add(
        self, block: Block, maps: Tensor, grid: tuple[int, int], whole: tuple[int, int], offset: tuple[int, int]
    ) -> None:
        """maps [images, words, h*w] on `grid`, a window of the block's `whole` grid at `offset` (y, x).

        A patch may change a block's resolution within a run; maps then follow the size of the first.
        """
        maps = maps.unflatten(-1, grid)
        if block not in self.sums:
            self.sums[block] = torch.zeros(self.images, len(self.labels), *whole, device=maps.device)
            self.counts[block] = torch.zeros(1, 1, device=maps.device)
        self._to(maps.device, block)
        stored = (self.sums[block].shape[-2], self.sums[block].shape[-1])
        if whole != stored:
            if grid != whole:
                return
            maps, grid, whole = resize(maps, stored), stored, stored
        if grid != whole and self.counts[block].shape != whole:  # only area conditionings need a count a cell
            self.counts[block] = self.counts[block].expand(whole).clone()
        window = (slice(offset[0], offset[0] + grid[0]), slice(offset[1], offset[1] + grid[1]))
        self.sums[block][..., window[0], window[1]] += maps
        counted = self.counts[block] if grid == whole else self.counts[block][window]
        counted += 1

    def mean(self, block: Block) -> Tensor:
        """[images, words, h, w]: mean over the calls recorded; zero where none was."""
        return self.sums[block] / self.counts[block].clamp_min(1)

    def grid(self, block: Block) -> tuple[int, int]:
        height, width = self.sums[block].shape[-2:]
        return height, width

    @property
    def blocks(self) -> list[Block]:
        return list(self.sums)

    def to_cpu(self) -> None:
        """Off the device that samples: the host does not know of these tensors, and could not free them."""
        for block in self.sums:
            self._to(torch.device("cpu"), block)

    def _to(self, device: torch.device, block: Block) -> None:
        for stored in (self.sums, self.counts):
            stored[block] = stored[block].to(device)

    def go_on_from(self, before: "MapStore") -> None:
        """Begin with what another run has recorded of the same words in the same pictures."""
        if (before.labels, before.images, before.latent_size) == (self.labels, self.images, self.latent_size):
            self.sums = {block: t.clone() for block, t in before.sums.items()}
            self.counts = {block: t.clone() for block, t in before.counts.items()}

    def clear(self) -> None:
        self.sums.clear()
        self.counts.clear()

    def bytes(self) -> int:
        return sum(t.numel() * t.element_size() for d in (self.sums, self.counts) for t in d.values())


def word_means(store: MapStore, blocks: frozenset[Block] | None) -> Tensor:
    """[images, words, h, w] at read size: the share of its attention a place gives a word, mean over blocks (DAAM)."""
    chosen = [b for b in store.blocks if blocks is None or b in blocks]
    return torch.stack([resize(store.mean(b).cpu(), read_size(store.latent_size)) for b in chosen]).mean(0)
