"""See the queries and keys of a U-Net's cross-attention, by forward hooks that are always removed.

Hooks on `attn2.to_q` and `attn2.to_k` fire after every patch that changes the attention's inputs and before any
kernel or replacement is chosen, so they see what the model uses and change nothing.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

UNET_PARTS = ("input", "middle", "output")
# The lists of blocks of the host's transformers: Flux and Chroma, Qwen-Image, SD 3, Lumina 2 and Z-Image, PixArt.
JOINT_PARTS = ("double_blocks", "single_blocks", "transformer_blocks", "joint_blocks", "layers", "blocks")


class Block(NamedTuple):
    """Where attention to the text sits, in the host's numbering: input 1 ... output 11 of a U-Net, double_blocks 3 of a Flux.

    `layer` counts the transformer blocks inside one U-Net block (SDXL has up to ten; SD 1.x and 2.x have one).
    """

    part: str
    number: int
    layer: int = 0

    def __str__(self) -> str:
        return f"{self.part}.{self.number}" + (f".{self.layer}" if self.layer else "")

    @classmethod
    def parse(cls, text: str) -> "Block":
        """ "output.3", "output.3.1" or "double_blocks.3" -> Block; ValueError for anything else."""
        part, *numbers = text.strip().split(".")
        most = 2 if part in UNET_PARTS else 1 if part in JOINT_PARTS else 0
        if not 1 <= len(numbers) <= most or not all(n.isdigit() for n in numbers):
            raise ValueError(
                f"{text!r} is no cross-attention block: write input.4, middle.0 or output.3 (SDXL: output.3.1; Flux: "
                "double_blocks.3 or single_blocks.7)"
            )
        return cls(part, *map(int, numbers))


# Block, its BasicTransformerBlock, q [B,N,C], k [B,L,C], and the host's options as that block was given them.
Take = Callable[[Block, Any, Tensor, Tensor, Mapping], None]


class Stop(Exception):
    """Raised inside a forward to end it after the last block wanted; the `trace` that raises it ends it."""


def cross_attention_blocks(unet: Any) -> Iterator[tuple[Block, Any]]:
    """(block, BasicTransformerBlock) of each layer with cross-attention, in forward order. Empty: no such U-Net."""
    if not all(hasattr(unet, part) for part in ("input_blocks", "middle_block", "output_blocks")):
        return
    parts = (("input", unet.input_blocks), ("middle", [unet.middle_block]), ("output", unet.output_blocks))
    for part, modules in parts:
        for number, module in enumerate(modules):
            inner = (m for m in module.modules() if type(m).__name__ == "BasicTransformerBlock")
            for layer, block in enumerate(b for b in inner if getattr(b, "attn2", None) is not None):
                yield Block(part, number, layer), block


def block_levels(unet: Any) -> dict[Block, int]:
    """How often the resolution has been halved where each cross-attention sits: 0 at the latent's own, 2 at a quarter."""
    levels, level = {}, 0
    for number, module in enumerate(unet.input_blocks):
        level += _holds(module, "Downsample")
        levels["input", number] = level
    levels["middle", 0] = level
    for number, module in enumerate(unet.output_blocks):
        levels["output", number] = level
        level -= _holds(module, "Upsample")  # the last layer of its block, behind the attention
    return {block: levels[block.part, block.number] for block, _ in cross_attention_blocks(unet)}


def _holds(module: nn.Module, name: str) -> bool:
    return any(type(m).__name__ == name for m in module.modules())


def uncompiled(forward: Callable, *args, **kwargs):
    """forward(*args, **kwargs) without torch.compile: what it has compiled does not call hooks that came later."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled; importing it takes seconds
        return forward(*args, **kwargs)
    return torch.compiler.disable(_eagerly)(forward, *args, **kwargs)


def _eagerly(forward: Callable, *args, **kwargs):
    stance = getattr(torch.compiler, "set_stance", None)  # PyTorch 2.6; parts compiled by themselves stay so before it
    with stance("force_eager") if stance else nullcontext():
        return forward(*args, **kwargs)


@contextmanager
def trace(unet: nn.Module, wanted: Collection[Block], take: Take, stop_after: Block | None = None) -> Iterator[None]:
    """While open, call `take(block, module, q, k, options)` for each wanted cross-attention as it runs.

    The options are those that the block itself is called with: which rows the batch has in the end, and in which order,
    is known there only, as wrappers of the forward may hand on other options than they were given.
    stop_after: end what is inside once this block has been taken; the code after the `with` goes on. Hooks are removed on
    exit, also after an error.
    """
    handles, own = [], Stop()

    def watch(block: Block, module: Any) -> None:
        queries: list[Tensor] = []
        given: list[Mapping] = [{}]

        def on_block(_: nn.Module, args: tuple, kwargs: dict) -> None:
            given[:] = [kwargs.get("transformer_options") or next((a for a in args if isinstance(a, dict)), {})]

        def on_query(_: nn.Module, __: tuple, output: Tensor) -> None:
            queries[:] = [output]

        def on_key(_: nn.Module, __: tuple, output: Tensor) -> None:
            if not queries:  # the first to_k after a to_q is the block's own; a patch may project more
                return
            take(block, module, queries.pop(), output, given[0])
            if block == stop_after:
                raise own

        handles.append(module.register_forward_pre_hook(on_block, with_kwargs=True))
        handles.append(module.attn2.to_q.register_forward_hook(on_query))
        handles.append(module.attn2.to_k.register_forward_hook(on_key))

    try:
        for block, module in cross_attention_blocks(unet):
            if block in wanted:
                watch(block, module)
        yield
    except Stop as stop:
        if stop is not own:  # that of another trace, around this one
            raise
    finally:
        for handle in handles:
            handle.remove()
