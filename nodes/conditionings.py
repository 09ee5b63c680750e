"""The sampler's conditionings: which of them hold the words, and where in the picture they apply."""

from collections.abc import Iterable
from uuid import uuid4

import torch
from torch import Tensor

from ..attention.maps import scale_of
from ..attention.trace import cross_attention_blocks
from .types import CONDITIONAL, UNCONDITIONAL


def require_width(model, context: Tensor, node: str) -> None:
    """ValueError unless the U-Net reads texts of this context's width [1,L,d]: CLIP and MODEL of one family."""
    _, module = next(iter(cross_attention_blocks(model.model.diffusion_model)))
    wanted, given = module.attn2.to_k.in_features, context.shape[-1]
    if given != wanted:
        raise ValueError(
            f"{node}: CLIP and MODEL are of different families: this CLIP's texts are {given} wide, the U-Net reads "
            f"texts {wanted} wide (768: Stable Diffusion 1.x, 1024: 2.x, 2048: SDXL). Load both from one checkpoint."
        )


def conditionings(guider, branch: str = CONDITIONAL) -> list[dict]:
    """The sampler's own positive or negative conditionings, whatever the guider; not those Fair Inference adds."""
    negative = branch == UNCONDITIONAL
    groups = ((name, group) for name, group in guider.conds.items() if group and not name.startswith("fair_"))
    return [cond for name, group in groups if ("negative" in name) == negative for cond in group]


def matching_uuids(conds: Iterable[dict], context: Tensor | None) -> dict:
    """uuid -> number of its text tokens, of the conditionings that begin with `context` (None: all with text).

    A conditioning made longer (ConditioningConcat) keeps the words' positions, so a prefix is enough.
    """
    found = {}
    for cond in conds:
        text = cond.get("cross_attn")
        if text is None:
            continue
        if context is not None:
            length, width = context.shape[1:]
            if text.shape[1] < length or text.shape[2] != width:
                continue
            if not torch.allclose(text[:1, :length].float().cpu(), context.float().cpu(), atol=2e-3, rtol=1e-3):
                continue
        found[cond["uuid"]] = text.shape[1]
    return found


def tell_copies_apart(conds: list[dict], uuids: dict) -> None:
    """Give copies of conditionings identifiers of their own, and add to `uuids` those of the copies that hold the words.

    Where only one side has an area, the host copies that conditioning, identifier included, to the other side and puts
    the other side's text into it.
    """
    texts = {id(model_text(c)): uuids[c["uuid"]] for c in conds if c.get("uuid") in uuids and has_own_text(c)}
    seen = set()
    for cond in {id(c): c for c in conds}.values() if texts else ():
        uuid, watched = cond.get("uuid"), id(model_text(cond)) in texts
        if watched != (uuid in uuids) or (watched and uuid in seen):
            cond["uuid"] = uuid4()
            if watched:
                uuids[cond["uuid"]] = texts[id(model_text(cond))]
        seen.add(cond.get("uuid"))


def model_text(cond: dict):
    """The text as the model is given it: one object for a conditioning and all that the host copies from it."""
    return cond.get("model_conds", {}).get("c_crossattn")


def has_own_text(cond: dict) -> bool:
    text, own = getattr(model_text(cond), "cond", None), cond.get("cross_attn")
    return text is not None and own is not None and text.shape == own.shape and torch.equal(text, own.to(text))


def variant(cond: dict, context: Tensor, extras: dict) -> dict:
    """A copy of a conditioning with another prompt's text; what is concatenated behind the prompt stays."""
    own = cond["cross_attn"]
    tail = own[:, context.shape[1] :]
    text = torch.cat([context.to(own), tail.expand(context.shape[0], -1, -1)], 1) if tail.shape[1] else context
    changed = {**cond, "cross_attn": text, "uuid": uuid4()}
    if "pooled_output" in extras:
        changed["pooled_output"] = extras["pooled_output"]
    return changed


def place(area, grid: tuple[int, int], latent: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(whole grid, offset) of a block's map whose conditioning covers `area` = (h, w, y, x) of the latent, or all."""
    if area is None or len(area) != 4 or tuple(area[:2]) == tuple(latent):
        return grid, (0, 0)
    scale = scale_of(grid, tuple(area[:2]))
    whole = (max(grid[0], -(-latent[0] // scale)), max(grid[1], -(-latent[1] // scale)))
    y, x = (min(round(at / scale), w - g) for at, w, g in zip(area[2:], whole, grid, strict=True))
    return whole, (y, x)
