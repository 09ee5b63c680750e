"""What the maps must be: an explicit full softmax over every key, from hooks of its own.

The oracle listens to the cross-attention modules as a whole, or to a replacement patch in their place, keeps queries
and keys of every call with what the host says about it, and computes all probabilities of all tokens and heads. Rows
are chosen by `cond_or_uncond` and by the text they attend to, not by the identifiers the pack goes by.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fair_attention.attention.trace import Block

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Call:
    """One cross-attention call: q [chunks, images, N, C], k and context [chunks, images, L, ...]."""

    block: Block
    heads: int
    sigma: float
    schedule: Tensor
    kinds: list[int]  # cond_or_uncond
    grid: tuple[int, int]
    latent: tuple[int, int]
    q: Tensor
    k: Tensor
    context: Tensor | None

    @property
    def step(self) -> int:
        """Which interval [sigma_i, sigma_i+1) of the schedule the call lies in."""
        return max(i for i, s in enumerate(self.schedule.tolist()) if s >= self.sigma * (1 - 1e-5))


@dataclass
class Oracle:
    """Open it around a sampling run of a model patcher."""

    unet: torch.nn.Module
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> "Oracle":
        modules = [m for m in self.unet.modules() if type(m).__name__ == "BasicTransformerBlock"]
        self.handles = [m.attn2.register_forward_hook(self.listen, with_kwargs=True) for m in modules]
        return self

    def __exit__(self, *_) -> None:
        for handle in self.handles:
            handle.remove()

    def listen(self, attention, args, kwargs, output) -> None:
        context = kwargs["context"]
        q, k = attention.to_q.forward(args[0]), attention.to_k.forward(context)
        self.keep(q, k, attention.heads, kwargs["transformer_options"], context)

    def replacement(self, q: Tensor, k: Tensor, v: Tensor, options: dict) -> Tensor:
        """As another pack's attn2 replacement, which computes the attention itself."""
        self.keep(q, k, options["n_heads"], options)
        q, k, v = (t.unflatten(-1, (options["n_heads"], -1)).transpose(1, 2) for t in (q, k, v))
        return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    def keep(self, q: Tensor, k: Tensor, heads: int, options: dict, context: Tensor | None = None) -> None:
        kinds = list(options["cond_or_uncond"])
        chunks = (len(kinds), -1)
        self.calls.append(
            Call(
                Block(*options["block"], options["block_index"]),
                heads,
                float(options["sigmas"][0]),
                options["sample_sigmas"],
                kinds,
                tuple(options["activations_shape"][-2:]),
                tuple(options["original_shape"][-2:]),
                q.unflatten(0, chunks).clone(),
                k.unflatten(0, chunks).clone(),
                None if context is None else context.unflatten(0, chunks),
            )
        )


@dataclass(frozen=True)
class Expectation:
    """Which rows count and what is summed. text: [1,L,d] of the watched prompt; attribution: of phrases outside it."""

    kind: int = 0
    text: Tensor | None = None
    attribution: Tensor | None = None
    heads: tuple[int, ...] | None = None
    origin: tuple[int, int] = (0, 0)  # y, x of an area, in latent cells
    length: int | None = None  # of the whole text, where more stands behind the prompt

    def rows(self, call: Call) -> list[int]:
        return [c for c, kind in enumerate(call.kinds) if kind == self.kind and self.attends(call, c)]

    def attends(self, call: Call, chunk: int) -> bool:
        if self.text is None or call.context is None:
            return True
        own = call.context[chunk, 0, : self.text.shape[1]].float()
        return own.shape == self.text[0].shape and torch.allclose(own, self.text[0], atol=1e-2)

    def probabilities(self, call: Call, chunk: int, unet: torch.nn.Module) -> Tensor:
        """[images, N, L]: full softmax, head by head, in double precision; repeated contexts folded back."""
        q, k = call.q[chunk], call.k[chunk]
        if self.attribution is not None:
            k = key_projection(unet, call.block)(self.attribution.to(k)).expand(len(q), -1, -1)
        width = q.shape[-1] // call.heads
        total = 0
        for head in self.heads or range(call.heads):
            one = slice(head * width, (head + 1) * width)
            logits = q[..., one].double() @ k[..., one].double().transpose(1, 2) / math.sqrt(width)
            total = total + logits.softmax(-1)
        mean = total / len(self.heads or range(call.heads))
        own = self.length or (mean.shape[-1] if self.text is None else self.text.shape[1])
        return mean.unflatten(-1, (-1, own)).sum(-2)


def key_projection(unet: torch.nn.Module, block: Block):
    parts = {"input": unet.input_blocks, "middle": [unet.middle_block], "output": unet.output_blocks}
    inner = [m for m in parts[block.part][block.number].modules() if type(m).__name__ == "BasicTransformerBlock"]
    return inner[block.layer].attn2.to_k.forward


def expected_maps(
    oracle: Oracle, words: list[tuple[int, ...]], latent: tuple[int, int], want: Expectation
) -> dict[Block, Tensor]:
    """block -> [images, words, h, w]: mean over the first call of each step, cell by cell where windows differ."""
    sums: dict[Block, Tensor] = {}
    counts: dict[Block, Tensor] = {}
    seen = set()
    for call in oracle.calls:
        chunks = want.rows(call)
        key = (call.block, call.step, call.latent)
        if not chunks or key in seen:
            continue
        seen.add(key)
        whole, (y, x) = call.grid, (0, 0)
        if call.latent != latent:  # an area, of sides that halve evenly
            scale = call.latent[0] // call.grid[0]
            whole, (y, x) = tuple(side // scale for side in latent), (at // scale for at in want.origin)
        for chunk in chunks:
            full = want.probabilities(call, chunk, oracle.unet)
            maps = torch.stack([full[..., list(word)].mean(-1) for word in words], 1).unflatten(-1, call.grid)
            if call.block not in sums:
                sums[call.block] = torch.zeros(*maps.shape[:2], *whole, dtype=torch.float64)
                counts[call.block] = torch.zeros(whole, dtype=torch.float64)
            window = (..., slice(y, y + call.grid[0]), slice(x, x + call.grid[1]))
            sums[call.block][window] += maps
            counts[call.block][window] += 1
    return {block: sums[block] / counts[block].clamp_min(1) for block in sums}


def largest_difference(store, expected: dict[Block, Tensor]) -> float:
    """Over all blocks; the same blocks must be there."""
    assert set(map(str, store.blocks)) == set(map(str, expected))
    by_name = {str(block): store.mean(block) for block in store.blocks}
    return max(float((by_name[str(b)].double() - maps).abs().max()) for b, maps in expected.items())
