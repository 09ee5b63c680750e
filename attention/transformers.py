"""See the queries and keys of the host's transformers, which text and picture share: where their blocks are, how to listen.

Where a block offers the additive `attn1_patch`, ours goes behind all others and sees what they have made of queries, keys,
mask and rotary embedding; where not (ComfyUI 0.3.75, SD 3, Lumina, PixArt), forward hooks listen to the projections and
norms. Both are there for the length of one forward, and change nothing.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .capture import Cross
from .joint import Joint, additive
from .trace import Block

# q, k [R,H,N,d], pe, mask, tokens before the picture's (None: as many as the text has), the host's options.
See = Callable[[Tensor, Tensor, Tensor | None, Tensor | None, int | None, Mapping], None]
Look = Callable[[Block, Any, Mapping], None]


@dataclass(frozen=True)
class Family:
    """lists: the attributes of a model that hold its blocks, in forward order, and how to listen to one of each.

    heads: of a block. width: of a model's texts. bare: the model's forward asks no wrapper around it (DIFFUSION_MODEL).
    """

    name: str
    lists: Mapping[str, Callable[[Any, See], list]]
    heads: Callable[[Any], int]
    width: Callable[[Any], int | None]
    bare: bool = False


def family_of(model: Any) -> Family | None:
    return FAMILIES.get(type(model).__name__)


def joint_blocks(model: Any) -> Iterator[tuple[Block, Any]]:
    """(block, its module) in forward order; empty for a model of no family."""
    family = family_of(model)
    for part in family.lists if family else ():
        for number, module in enumerate(getattr(model, part)):
            yield Block(part, number), module


@contextmanager
def listening(model: Any, wanted: Collection[Block], look: Look, shape: torch.Size, length: int) -> Iterator[None]:
    """While open, call `look(block, Joint or Cross, options)` for each wanted block as it runs.

    shape: of the latent [R,C,...,h,w]. length: tokens of the text, as the model is given it.
    """
    handles: list = []
    family = FAMILIES[type(model).__name__]
    size = math.ceil(shape[-2] / model.patch_size), math.ceil(shape[-1] / model.patch_size)
    multiple = getattr(model, "pad_tokens_multiple", None) or 1  # Z-Image fills text and picture up to whole multiples

    def watch(block: Block, module: Any) -> None:
        def see(
            q: Tensor, k: Tensor, pe: Tensor | None, mask: Tensor | None, before: int | None, options: Mapping
        ) -> None:
            if q.dim() == 3:
                look(block, Cross(module, q, k, family.heads(module), size), options)
                return
            first = before
            if first is None:
                first = _up(length, multiple)
                alone = multiple == 1 or q.shape[2] == first + _up(math.prod(size), multiple)
                first = first if alone and first + math.prod(size) <= q.shape[2] else None
            mask = None if mask is None else additive(mask, q.shape[2])
            look(block, Joint(q, k, pe, mask, first, size), options)

        handles.extend(family.lists[block.part](module, see))

    try:
        for block, module in joint_blocks(model):
            if block in wanted:
                watch(block, module)
        yield
    finally:
        for handle in handles:
            handle.remove()


def _up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def offers_patch(module: nn.Module) -> bool:
    """Whether this attention calls the additive patches of the host."""
    code = getattr(type(module).forward, "__code__", None)
    return code is not None and "attn1_patch" in code.co_consts


def by_patch(block: nn.Module, see: See, over_text: bool = False) -> list:
    """over_text: the mask that patches are given is the text's [R,T] alone."""

    def ours(q: Tensor, k: Tensor, v: Tensor, pe=None, attn_mask=None, extra_options=None, **_) -> dict:
        before = extra_options["img_slice"][0]
        mask = _of_text(attn_mask, k) if over_text and attn_mask is not None else attn_mask
        see(q, k, pe, mask, before, extra_options)
        return {}

    def on_block(_: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        options = kwargs.get("transformer_options") or {}
        patches = options.get("patches") or {}
        patches = {**patches, "attn1_patch": [*patches.get("attn1_patch", ()), ours]}
        return args, {**kwargs, "transformer_options": {**options, "patches": patches}}

    return [block.register_forward_pre_hook(on_block, with_kwargs=True)]


def _of_text(mask: Tensor, k: Tensor) -> Tensor:
    """[R,T] -> [R,1,1,L], added to the logits: the picture's keys count."""
    whole = mask.new_zeros(mask.shape[0], 1, 1, k.shape[2])
    whole[:, 0, 0, : mask.shape[-1]] = mask
    return whole


def by_hooks(block: nn.Module, parts: Mapping[str, nn.Module], seen: Callable[[dict, tuple, dict], None]) -> list:
    """Call seen(outputs of these parts by name, the block's arguments) when the last of them has run."""
    found: dict[str, Any] = {}
    given: list = [(), {}]
    last = [*parts][-1]

    def on_block(_: nn.Module, args: tuple, kwargs: dict) -> None:
        found.clear()
        given[:] = args, kwargs

    def on_part(name: str) -> Callable:
        def hook(_: nn.Module, __: tuple, output: Any) -> None:
            found[name] = output
            if name == last and len(found) == len(parts):
                seen(dict(found), *given)
                found.clear()
                given[:] = (), {}

        return hook

    return [
        block.register_forward_pre_hook(on_block, with_kwargs=True),
        *(part.register_forward_hook(on_part(name)) for name, part in parts.items()),
    ]


def _double(block: Any, see: See) -> list:
    if offers_patch(block):
        return by_patch(block, see)

    def seen(found: dict, _: tuple, given: dict) -> None:
        q, k = (torch.cat([found["text"][i], found["picture"][i]], 2) for i in (0, 1))
        see(
            q,
            k,
            given.get("pe"),
            given.get("attn_mask"),
            found["text"][0].shape[2],
            given.get("transformer_options") or {},
        )

    return by_hooks(block, {"picture": block.img_attn.norm, "text": block.txt_attn.norm}, seen)


def _single(block: Any, see: See) -> list:
    if offers_patch(block):
        return by_patch(block, see)

    def seen(found: dict, _: tuple, given: dict) -> None:
        q, k = found["norm"]
        see(q, k, given.get("pe"), given.get("attn_mask"), None, given.get("transformer_options") or {})

    return by_hooks(block, {"norm": block.norm}, seen)


def _qwen(block: Any, see: See) -> list:
    if offers_patch(block.attn):
        return by_patch(block, see, over_text=True)

    def seen(found: dict, _: tuple, given: dict) -> None:
        q, k = (torch.cat([found["added_" + name], found[name]], 2) for name in "qk")
        before = found["added_q"].shape[2]
        see(q, k, given.get("image_rotary_emb"), None, before, given.get("transformer_options") or {})

    names = ("q", "k", "added_q", "added_k")
    return by_hooks(block, {name: getattr(block.attn, "norm_" + name) for name in names}, seen)


def _sd3(block: Any, see: See) -> list:
    text, picture = block.context_block.attn, block.x_block.attn

    def seen(found: dict, _: tuple, given: dict) -> None:
        q, k = (torch.cat([found["text " + name], found[name]], 1).transpose(1, 2) for name in "qk")
        see(q, k, None, None, found["text q"].shape[1], given.get("transformer_options") or {})

    parts = {"text q": text.ln_q, "text k": text.ln_k, "q": picture.ln_q, "k": picture.ln_k}
    return by_hooks(block, parts, seen)


def _lumina(block: Any, see: See) -> list:
    attention = block.attention

    def seen(found: dict, args: tuple, given: dict) -> None:
        own, shared, width = attention.n_local_heads, attention.n_local_kv_heads, attention.head_dim
        q, k, _ = found["qkv"].split([own * width, shared * width, shared * width], -1)
        q = attention.q_norm(q.unflatten(-1, (own, width))).transpose(1, 2)
        k = attention.k_norm(k.unflatten(-1, (shared, width))).transpose(1, 2).repeat_interleave(own // shared, 1)
        see(q, k, args[2].movedim(2, 1), args[1], None, given.get("transformer_options") or {})

    return by_hooks(block, {"qkv": attention.qkv}, seen)


def _pixart(block: Any, see: See) -> list:
    """Cross-attention: [R,N,C] of the picture, [R,T,C] of the text, whose rows the model lays one behind the other."""
    attention = block.cross_attn

    def seen(found: dict, _: tuple, given: dict) -> None:
        q, keys = found["q"], found["kv"].chunk(2, -1)[0]
        see(q, keys.reshape(q.shape[0], -1, keys.shape[-1]), None, None, None, given.get("transformer_options") or {})

    return by_hooks(block, {"q": attention.q_linear, "kv": attention.kv_linear}, seen)


def _in_features(*path: str) -> Callable[[Any], int | None]:
    """The width of what a linear layer of the model takes."""

    def width(model: Any) -> int | None:
        for name in path:
            model = model[int(name)] if name.isdecimal() else getattr(model, name)
        return getattr(model, "in_features", None)

    return width


_FLUX = {"double_blocks": _double, "single_blocks": _single}
FAMILIES = {
    "Flux": Family("Flux", _FLUX, lambda block: block.num_heads, _in_features("txt_in")),
    "Chroma": Family("Chroma", _FLUX, lambda block: block.num_heads, _in_features("txt_in")),
    "QwenImageTransformer2DModel": Family(
        "Qwen-Image", {"transformer_blocks": _qwen}, lambda block: block.num_attention_heads, _in_features("txt_in")
    ),
    "OpenAISignatureMMDITWrapper": Family(
        "SD 3", {"joint_blocks": _sd3}, lambda block: block.x_block.attn.num_heads, _in_features("context_embedder"), bare=True
    ),
    "NextDiT": Family(
        "Lumina 2, Z-Image", {"layers": _lumina}, lambda block: block.attention.n_local_heads, _in_features("cap_embedder", "1")
    ),
    "PixArtMS": Family(
        "PixArt", {"blocks": _pixart}, lambda block: block.cross_attn.num_heads, _in_features("y_embedder", "y_proj", "fc1"), bare=True
    ),
}  # fmt: skip
