"""Joint attention: text and picture are one sequence that looks at itself (Flux, SD 3, Qwen-Image, Z-Image).

p[x, t] = softmax over all keys, the text's and the picture's, of q_x k_t / sqrt(d), queries and keys after their norms and the
rotary embedding; a word's map is the mean of its columns over the heads (ConceptAttention and comfyui-daam read such maps;
that the softmax goes over all keys, as in the model itself, and on request over the text's alone, is our decision). The picture is often so fine that all queries
cost as much as the model's own attention: of a grid wider than SIDE every second, third ... cell is asked (our decision).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 24  # cells; as fine as where U-Nets look best (16 of 512 pixels, 32 of 1024), at half the cost of 32
CHUNK_BYTES = 128 * 2**20  # logits alive at a time


def rotated(x: Tensor, pe: Tensor) -> Tensor:
    """The rotary embedding, in pe's precision and back in x's, as the models do.  x [...,d], pe [...,d/2,2,2] -> [...,d]"""
    pairs = x.to(pe.dtype).unflatten(-1, (-1, 1, 2))
    return (pe[..., 0] * pairs[..., 0]).addcmul_(pe[..., 1], pairs[..., 1]).flatten(-2).type_as(x)


def joint_maps(q: Tensor, k: Tensor, columns: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean over heads of softmax(q k^T / sqrt(d) + mask) over all L keys, the words' columns of the first T of them.

    q [R,H,n,d], k [R,H,L,d], columns [T,W] with T <= L, mask [1 or R,1 or H,1 or n,L] or None -> [R,W,n] float32.
    """
    return (by_heads if q.device.type == "cpu" else fused)(q, k, columns, mask)


def by_heads(q: Tensor, k: Tensor, columns: Tensor, mask: Tensor | None, chunk_bytes: int = CHUNK_BYTES) -> Tensor:
    """`joint_maps` head by head, in chunks over n, so that no logits above chunk_bytes exist: the fastest way on a CPU."""
    rows, heads, queries, width = q.shape
    step = max(1, chunk_bytes // (4 * rows * k.shape[2]))
    found = torch.zeros(rows, queries, len(columns), device=q.device)
    for head in range(heads):
        keys = k[:, head].float().transpose(1, 2)  # [R,d,L]
        for start in range(0, queries, step):
            chunk = slice(start, start + step)
            logits = (q[:, head, chunk].float() * width**-0.5) @ keys  # [R,n,L]
            if mask is not None:
                own = mask[:, head if mask.shape[1] > 1 else 0]
                logits += own if own.shape[1] == 1 else own[:, chunk]
            found[:, chunk] += logits.softmax(-1)[..., : len(columns)]
    return (found / heads @ columns.to(found)).transpose(1, 2)


def fused(q: Tensor, k: Tensor, columns: Tensor, mask: Tensor | None, chunk_bytes: int = CHUNK_BYTES) -> Tensor:
    """`joint_maps` as the attention of values that are the columns themselves: a fused kernel sums in float32 and keeps no
    [n,L]. In chunks over n all the same, for where there is none (our decision)."""
    width = k.shape[-1]
    step = max(1, chunk_bytes // (4 * math.prod(k.shape[:3])))
    parts = []
    for words in columns.to(q).split(width, 1):
        values = F.pad(words, (0, width - words.shape[1], 0, k.shape[2] - len(words)))
        values = values.expand(*k.shape[:2], -1, -1)
        found = []
        for start in range(0, q.shape[2], step):
            own = mask if mask is None or mask.shape[2] == 1 else mask[:, :, start : start + step]
            own = None if own is None else own.to(q)
            shares = F.scaled_dot_product_attention(q[:, :, start : start + step], k, values, attn_mask=own)
            found.append(shares[..., : words.shape[1]].float().mean(1))
        parts.append(torch.cat(found, 1))
    return torch.cat(parts, 2).transpose(1, 2)


def additive(mask: Tensor, queries: int) -> Tensor:
    """A mask as the host's attention takes it, boolean (True: looks) or added, [N,L], [R,N,L] or [R,H,N,L] -> [R,H,N,L] float32."""
    if mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, -math.inf)
    mask = mask[None] if mask.dim() == 2 else mask
    mask = mask[:, None] if mask.dim() == 3 else mask
    return mask.float() if mask.shape[2] in (1, queries) else mask[:, :, :1].float()


@dataclass(frozen=True)
class Joint:
    """What one block of a transformer looks with: q, k [R,H,N,d] after their norms, pe [1 or R,1,N,d/2,2,2] or None.

    first: the picture's first token; None: it is not to be told. size: the picture's tokens (h, w). The text begins at 0.
    text_only: the softmax goes over the text's keys alone, as if the picture did not look at itself.
    """

    q: Tensor
    k: Tensor
    pe: Tensor | None
    mask: Tensor | None
    first: int | None
    size: tuple[int, int]
    text_only: bool = False

    def has_rows(self, rows: int) -> bool:
        return self.q.shape[0] == self.k.shape[0] == rows

    @property
    def stride(self) -> int:
        return max(1, math.ceil(max(self.size) / SIDE))

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the maps."""
        height, width = (math.ceil(side / self.stride) for side in self.size)
        return height, width

    def cells(self) -> Tensor:
        """The places in the sequence of the picture's tokens that are asked, row by row."""
        ys, xs = (torch.arange(0, side, self.stride) for side in self.size)
        return ((self.first or 0) + ys[:, None] * self.size[1] + xs).flatten().to(self.q.device)

    def maps(self, rows: slice, columns: Tensor, heads: Sequence[int] | None) -> Tensor:
        """[R,W,h*w] of these rows; columns [T,W] of the text's tokens; heads: these only."""
        q, k, cells = self.q[rows].index_select(2, self.cells()), self.k[rows], self.cells()
        if heads is not None:
            q, k = q[:, list(heads)], k[:, list(heads)]
        if self.pe is not None:
            pe = self.pe if self.pe.shape[0] == 1 else self.pe[rows]
            q, k = rotated(q, pe.index_select(2, cells)), rotated(k, pe)
        mask = self.mask
        if mask is not None:
            mask = mask if mask.shape[0] == 1 else mask[rows]
            mask = mask if mask.shape[2] == 1 else mask.index_select(2, cells)
            mask = mask[:, list(heads)] if heads is not None and mask.shape[1] > 1 else mask
        if self.text_only:
            k, mask = k[:, :, : len(columns)], mask if mask is None else mask[..., : len(columns)]
        return joint_maps(q, k, columns, mask)
