"""Recorded runs of tiny transformers against an oracle: an explicit softmax over what the host's own attention is handed.

The oracle takes the one slot that ours leaves free, `optimized_attention_override` (PixArt, which does not ask it: the
function itself), so it sees queries and keys after norms, rotary embedding, patches and masks. Rows are chosen by
`cond_or_uncond`, blocks by the order of the calls.
"""

import math
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fair_attention.attention.capture import WordQuery
from fair_attention.attention.prompt.linking import PeopleGroup
from fair_attention.attention.prompt.tokens import Span
from fair_attention.attention.records import AlignedPrompt
from fair_attention.host import tiny_transformers as tiny

TOLERANCE = 1e-5
LENGTH = 20  # tokens of a text
PROMPT = "smiling doctors in a garden"
WORDS = (WordQuery("smiling", (1,)), WordQuery("doctors", (2, 3)), WordQuery("garden", (7,)))
BLOCKS = {
    "flux": ("double_blocks.0", "double_blocks.1", "single_blocks.0", "single_blocks.1"),
    "qwen": ("transformer_blocks.0", "transformer_blocks.1", "transformer_blocks.2"),
    "sd3": ("joint_blocks.0", "joint_blocks.1"),
    "lumina": ("layers.0", "layers.1"),
    "pixart": ("blocks.0", "blocks.1"),
}
BLOCKS |= {"flux2": BLOCKS["flux"], "chroma": BLOCKS["flux"], "zimage": BLOCKS["lumina"]}


def text(seed: int, length: int = LENGTH) -> Tensor:
    return torch.randn(1, length, tiny.TEXT, generator=torch.Generator().manual_seed(seed))


def conditioning(context: Tensor) -> list:
    pooled = torch.randn(1, 32, generator=torch.Generator().manual_seed(int(context.shape[1])))
    return [[context, {"pooled_output": pooled}]]


def aligned(context: Tensor, words: tuple[WordQuery, ...] = WORDS) -> AlignedPrompt:
    """Smiling doctors, whose token positions are given by hand."""
    spans = [Span(w.label, PROMPT.index(w.label), PROMPT.index(w.label) + len(w.label)) for w in words]
    group = PeopleGroup(spans[1], tuple(spans), None, None, True, (), ())
    return AlignedPrompt(PROMPT, context, (group,), (words,))


class JointBench:
    """A tiny transformer with our nodes at hand."""

    def __init__(self, host, family: str):
        self.host, self.family = host, family
        self.node = host.nodes.NODE_CLASS_MAPPINGS
        self.model = tiny.model(family)
        self.context = text(1)
        self.tokens = aligned(self.context)
        self.positive = conditioning(self.context)
        self.negative = conditioning(text(2))

    def latent(self, batch: int = 1, size: tuple[int, int] | None = None) -> Tensor:
        size = size or ((32, 40) if self.family == "pixart" else (8, 12))  # its positions begin at 32
        channels = tiny.FAMILIES[self.family][2]
        frames = (1,) if self.family == "qwen" else ()
        return torch.zeros(batch, channels, *frames, *size)

    def record(self, model=None, **kw):
        """(patched model, attention)"""
        return self.node["FairAttentionCapture"].execute(model or self.model, None, self.tokens, **kw).result

    def sample(self, model, latent=None, steps=3, cfg=4.0, seed=3, noise=None, positive=None):
        given = {"samples": self.latent() if latent is None else latent}
        if noise is not None:
            given["batch_index"] = noise
        args = (model, seed, steps, cfg, "euler", "normal", positive or self.positive, self.negative, given)
        return self.host.nodes.common_ksampler(*args)[0]["samples"]

    def check(self, sample=None, **kw):
        """Sample plain and captured: same latent, and maps equal to the oracle's. Gives the run."""
        sample = sample or self.sample
        patched, attention = self.record(**kw)
        plain = sample(self.model)
        with JointOracle(self, patched).listening() as oracle:
            assert torch.equal(sample(oracle.model), plain)
        run = attention.runs[-1]
        assert run.notes == []
        expected = oracle.expected(run.store.grid(run.store.blocks[0]))
        assert tuple(map(str, run.store.blocks)) == tuple(expected) == BLOCKS[self.family]
        for block in run.store.blocks:
            difference = (run.store.mean(block).double() - expected[str(block)]).abs().max()
            assert difference < TOLERANCE, (str(block), float(difference))
        return run


@dataclass
class JointOracle:
    bench: JointBench
    model: object  # patched by ours; the oracle goes on a clone
    calls: list = field(default_factory=list)

    @contextmanager
    def listening(self):
        import comfy.ldm.pixart.blocks as pixart

        self.model = self.model.clone()
        before = pixart.optimized_attention
        if self.bench.family == "pixart":
            pixart.optimized_attention = lambda *args, **kw: self.listen(before, *args, **kw)
        else:
            self.model.model_options["transformer_options"]["optimized_attention_override"] = self.listen
        try:
            yield self
        finally:
            pixart.optimized_attention = before

    def listen(self, attention, q, k, v, heads, *args, **kw):
        mask = kw.get("mask", args[0] if args else None)
        apart = kw.get("skip_reshape", False)  # [R,H,N,d] as it is
        split = [t if apart else t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (q, k)]
        self.calls.append((*(t.detach().clone() for t in split), mask, kw.get("transformer_options") or {}))
        return attention(q, k, v, heads, *args, **kw)

    def expected(self, grid: tuple[int, int]) -> dict[str, Tensor]:
        """block -> [images, words, h, w]: mean over the calls of the conditional rows."""
        family, cells = self.bench.family, grid[0] * grid[1]
        crossed = family == "pixart"
        # The attention of text and picture together, not a refiner's, nor SD 3.5's second one of the picture alone.
        whole = max(k.shape[2] for _, k, _, _ in self.calls) if not crossed else LENGTH
        joint = [
            call for call in self.calls if call[1].shape[2] == whole and (not crossed or call[0].shape[2] == cells)
        ]
        start = {"zimage": 32, "flux2": 512}.get(family, 0 if crossed else LENGTH)
        first = start - LENGTH if family == "flux2" else 0
        names, sums = BLOCKS[family], {}
        for number, (q, k, mask, options) in enumerate(joint):
            name = names[number % len(names)]
            kinds = options.get("cond_or_uncond") or [1, 0]
            logits = q.double() @ k.double().transpose(2, 3) / math.sqrt(q.shape[-1])
            if mask is not None:
                if mask.dtype == torch.bool:
                    mask = torch.zeros(mask.shape, dtype=torch.float64).masked_fill(~mask, -math.inf)
                logits = logits + mask.double().reshape(mask.shape[0], 1, -1, mask.shape[-1])
            share = logits.softmax(-1).mean(1)[:, start : start + cells].unflatten(0, (len(kinds), -1))
            if 0 not in kinds:
                continue
            share = share[kinds.index(0)]
            maps = torch.stack([share[..., [first + p for p in w.positions]].mean(-1) for w in WORDS], 1)
            sums.setdefault(name, []).append(maps.unflatten(-1, grid))
        return {name: torch.stack(sums[name]).mean(0) for name in names if name in sums}
