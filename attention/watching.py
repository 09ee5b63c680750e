"""Any model whose attention can be read: a U-Net's cross-attention, or a transformer of the host's."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from .capture import Cross
from .trace import Block, cross_attention_blocks, trace
from .transformers import FAMILIES, Look, family_of, joint_blocks, listening


def readable_blocks(model: Any) -> dict[Block, Any]:
    """block -> its module, in forward order; empty for a model that cannot be read."""
    return dict(joint_blocks(model) if family_of(model) else cross_attention_blocks(model))


def head_count(model: Any, module: Any) -> int:
    """Heads of one of its blocks."""
    family = family_of(model)
    return family.heads(module) if family else module.n_heads


def text_width(model: Any) -> int | None:
    """How wide the texts are that the model reads; None: not to be told."""
    family = family_of(model)
    if family is not None:
        return family.width(model)
    module = next(iter(readable_blocks(model).values()), None)
    return None if module is None else module.attn2.to_k.in_features


def watching(
    model: Any, wanted: Collection[Block], look: Look, shape: torch.Size, length: int
) -> AbstractContextManager[None]:
    """While open, call `look(block, Cross or Joint, options)` for each wanted block as it runs. shape: of the latent
    [R,C,...,h,w]. length: tokens of the text, as the model is given it."""
    if family_of(model):
        return listening(model, wanted, look, shape, length)

    def take(block: Block, module: Any, q: Tensor, k: Tensor, options: Mapping) -> None:
        height, width = options["activations_shape"][-2:]
        look(block, Cross(module, q, k, module.n_heads, (height, width)), options)

    return trace(model, wanted, take)


def readable_families() -> str:
    """The transformers that can be read, in words."""
    return ", ".join(family.name for family in FAMILIES.values())
