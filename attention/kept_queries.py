"""Queries kept while sampling, to ask for words afterwards (OVAM's way): a map of any word needs the queries and its keys only.

OVAM, section 3: "the attribution prompt's keys with the queries of the image". Which of them are kept, and how memory is
bounded, is our decision: blocks of at most SIDE cells a side, and every step, every second, every fourth ... as there is room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .capture import MapStore, WordQuery, selection, word_maps
from .trace import Block

SIDE = 32  # cells; finer blocks cost most and say little more (OVAM, BiasMap)


@dataclass(frozen=True, eq=False)
class Kept:
    """One block's queries [images,N,C] at one step, on the CPU as they were computed, and where they go in a store."""

    block: Block
    queries: Tensor
    where: tuple


@dataclass
class KeptQueries:
    """What a run has kept. budget: bytes. projections: [d,C], to_k of each block as the run applied it. heads: of each block."""

    budget: int
    steps: dict[int, list[Kept]] = field(default_factory=dict)
    projections: dict[Block, Tensor] = field(default_factory=dict)
    heads: dict[Block, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)  # step of the schedule -> the how manieth it is, from 0
    every: int = 1
    note: str = ""  # why nothing is kept

    def wants(self, step: int, grid: tuple[int, int]) -> bool:
        return not self.note and max(grid) <= SIDE and self.seen.setdefault(step, len(self.seen)) % self.every == 0

    def add(self, step: int, kept: Kept) -> None:
        """Keep a block's queries; where that is too much, every second of the steps there are goes, until it fits."""
        if not self.wants(step, kept.where[0]):
            return
        self.steps.setdefault(step, []).append(kept)
        while self.bytes() > self.budget:
            if len(self.steps) < 2:
                self.give_up(f"a step's queries alone are more than {self.budget / 2**20:.0f} MB, so none were kept")
                return
            self.every *= 2
            self.steps = {step: found for step, found in self.steps.items() if self.seen[step] % self.every == 0}

    def bytes(self) -> int:
        """Of all that is kept, the projections too."""
        kept = [k.queries for found in self.steps.values() for k in found]
        return sum(t.numel() * t.element_size() for t in (*kept, *self.projections.values()))

    def clear(self) -> None:
        """As when the run began."""
        for found in (self.steps, self.seen, self.projections):
            found.clear()
        self.every, self.note = 1, ""

    def give_up(self, why: str) -> None:
        self.clear()
        self.note = why


def projection(to_k: torch.nn.Module, width: int, like: Tensor) -> Tensor:
    """[d,C] on the CPU: what a linear to_k makes of each of a text's dimensions by itself, so that keys = text @ it. With what
    LoRA and low memory make of its weights, exactly: a one and zeros round to nothing."""
    return to_k.forward(torch.eye(width, dtype=like.dtype, device=like.device)[None])[0].detach().to("cpu", copy=True)


def asked(
    kept: KeptQueries,
    context: Tensor,
    words: Sequence[WordQuery],
    images: int,
    latent_size: tuple[int, int],
    heads: Sequence[int] | None = None,
    blocks: frozenset[Block] | None = None,
) -> MapStore:
    """The maps a recording of these words of a text [1,L,d] would have made, at the steps and blocks that were kept."""
    store = MapStore(tuple(w.label for w in words), images, latent_size)
    length = context.shape[1]
    columns = selection(tuple(words), length, length)
    keys: Mapping[Block, Tensor] = {
        block: (context[0].to(weights.dtype).float() @ weights.float()).to(weights.dtype)[None]
        for block, weights in kept.projections.items()
    }
    for _, found in sorted(kept.steps.items()):
        for one in found:
            if blocks is None or one.block in blocks:
                k = keys[one.block].expand(len(one.queries), -1, -1)
                store.add(one.block, word_maps(one.queries, k, kept.heads[one.block], columns, heads), *one.where)
    return store


def queries_to_tensors(kept: KeptQueries) -> tuple[dict[str, Tensor], dict]:
    """What a run has kept, as a file holds it: tensors by name, and what is no tensor."""
    tensors = {f"to_k.{block}": weights.contiguous() for block, weights in kept.projections.items()}
    rows: list[list] = []
    for step, found in sorted(kept.steps.items()):
        for one in found:
            tensors[f"queries.{len(rows)}"] = one.queries.contiguous()
            rows.append([step, str(one.block), one.where])
    return tensors, {
        "rows": rows,
        "heads": {str(block): kept.heads[block] for block in kept.projections},
        "budget": kept.budget,
    }


def queries_from_tensors(tensors: Mapping[str, Tensor], facts: dict) -> KeptQueries:
    kept = KeptQueries(facts["budget"], heads={Block.parse(block): heads for block, heads in facts["heads"].items()})
    kept.projections = {block: tensors[f"to_k.{block}"] for block in kept.heads}
    for number, (step, block, where) in enumerate(facts["rows"]):
        one = Kept(Block.parse(block), tensors[f"queries.{number}"], tuple(map(tuple, where)))
        kept.steps.setdefault(step, []).append(one)
    return kept
