"""Recorded runs of tiny transformers against an oracle: an explicit softmax over what the host's own attention is handed.

The oracle takes the one slot that ours leaves free, `optimized_attention_override` (PixArt, which does not ask it: the
function itself), so it sees queries and keys after norms, rotary embedding, patches and masks. Rows are chosen by
`cond_or_uncond`, blocks by the order of the calls.
"""

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fair_attention.attention.capture import WordQuery
from fair_attention.attention.prompt.linking import PeopleGroup
from fair_attention.attention.prompt.tokens import Span
from fair_attention.attention.records import AlignedPrompt
from fair_attention.host import random_dit

TOLERANCE = 1e-5
LENGTH = 20  # tokens of a text
PROMPT = "smiling doctors in a garden"
WORDS = (WordQuery("smiling", (1,)), WordQuery("doctors", (2, 3)), WordQuery("garden", (7,)))
WIDTH = random_dit.CONTEXT
FLUX = ("double_blocks", "single_blocks")
# family -> its lists of blocks in forward order, and what differs from the sizes of the family's other tests
FAMILIES = {
    "Flux dev": (FLUX, {"depth": 2}),
    "Flux schnell": (FLUX, {}),
    "Flux 2": (FLUX, {}),
    "LongCat-Image": (FLUX, {}),
    "Chroma": (FLUX, {}),
    "Qwen-Image": (("transformer_blocks",), {}),
    "SD 3 / 3.5": (("joint_blocks",), {"x_block_self_attn_layers": [0]}),  # SD 3.5 medium: a second attention of the picture
    "Lumina 2": (("layers",), {"n_kv_heads": 1}),
    "Z-Image": (("layers",), {}),
    "PixArt alpha": (("blocks",), {}),
    "PixArt sigma": (("blocks",), {}),
}  # fmt: skip


def text(seed: int, length: int = LENGTH) -> Tensor:
    return torch.randn(1, length, WIDTH, generator=torch.Generator().manual_seed(seed))


def conditioning(context: Tensor) -> list:
    pooled = torch.randn(1, WIDTH, generator=torch.Generator().manual_seed(int(context.shape[1])))
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
        kind, sizes = random_dit.FAMILIES[family]
        lists, other = FAMILIES[family]
        self.model = random_dit.built(kind, {**sizes, **other}, seed=0)
        unet = self.model.model.diffusion_model
        for name, parameter in unet.named_parameters():
            if re.search(r"(ln_|norm_|norm_added_)[qk]\.|(query|key|[qk])_norm\.", name):
                parameter.fill_(1.5)  # sharp enough for one place to look elsewhere than another
        self.blocks = tuple(f"{part}.{number}" for part in lists for number in range(len(getattr(unet, part))))
        self.context = text(1)
        self.tokens = aligned(self.context)
        self.positive = conditioning(self.context)
        self.negative = conditioning(text(2))

    def latent(self, batch: int = 1, size: tuple[int, int] | None = None) -> Tensor:
        size = size or ((32, 40) if self.family.startswith("PixArt") else (8, 12))  # its positions begin at 32
        latents = self.model.get_model_object("latent_format")
        frames = (1,) if latents.latent_dimensions == 3 else ()
        return torch.zeros(batch, latents.latent_channels, *frames, *size)

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
        text_only = "alone" in kw.get("transformer_softmax", "")
        expected = oracle.expected(run.store.grid(run.store.blocks[0]), text_only)
        assert tuple(map(str, run.store.blocks)) == tuple(expected) == self.blocks
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
        if self.bench.family.startswith("PixArt"):
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

    def expected(self, grid: tuple[int, int], text_only: bool = False) -> dict[str, Tensor]:
        """block -> [images, words, h, w]: mean over the calls of the conditional rows. text_only: of keys, the text's."""
        family, cells = self.bench.family, grid[0] * grid[1]
        crossed = family.startswith("PixArt")
        # The attention of text and picture together, not a refiner's, nor SD 3.5's second one of the picture alone.
        whole = max(k.shape[2] for _, k, _, _ in self.calls) if not crossed else LENGTH
        joint = [
            call for call in self.calls if call[1].shape[2] == whole and (not crossed or call[0].shape[2] == cells)
        ]
        start = {"Z-Image": 32, "Flux 2": 512}.get(family, 0 if crossed else LENGTH)
        first = start - LENGTH if family == "Flux 2" else 0
        names, sums = self.bench.blocks, {}
        for number, (q, k, mask, options) in enumerate(joint):
            name = names[number % len(names)]
            kinds = options.get("cond_or_uncond") or [1, 0]
            logits = q.double() @ k.double().transpose(2, 3) / math.sqrt(q.shape[-1])
            if mask is not None:
                if mask.dtype == torch.bool:
                    mask = torch.zeros(mask.shape, dtype=torch.float64).masked_fill(~mask, -math.inf)
                logits = logits + mask.double().reshape(mask.shape[0], 1, -1, mask.shape[-1])
            if text_only:  # without what Z-Image itself fills it up with
                logits = logits[..., : LENGTH if family == "Z-Image" or crossed else start]
            share = logits.softmax(-1).mean(1)[:, start : start + cells].unflatten(0, (len(kinds), -1))
            if 0 not in kinds:
                continue
            share = share[kinds.index(0)]
            maps = torch.stack([share[..., [first + p for p in w.positions]].mean(-1) for w in WORDS], 1)
            sums.setdefault(name, []).append(maps.unflatten(-1, grid))
        return {name: torch.stack(sums[name]).mean(0) for name in names if name in sums}
