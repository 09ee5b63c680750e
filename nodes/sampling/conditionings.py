"""The sampler's conditionings: which of them hold the words, and where in the picture they apply."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import uuid4

import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import CFGGuider
from torch import Tensor

from ...attention.prompt.tokens import CONTEXT
from ...attention.records import CONDITIONAL, UNCONDITIONAL
from ...attention.watching import text_width

VARIANT = "fair_attention.variant"  # in a conditioning: its text is one of ours
# What a text encoder says of a text beside its context, by model: what one text has and another has not must not stay.
OF_TEXT = (
    "pooled_output", "attention_mask", "conditioning_llama3", "conditioning_byt5small", "conditioning_mt5xl",
    "attention_mask_mt5xl", "t5xxl_ids", "t5xxl_weights", "text_input_ids",
)  # fmt: skip


def require_width(model: ModelPatcher, context: Tensor, node: str) -> None:
    """ValueError unless the model reads texts of this context's width [1,L,d]: CLIP and MODEL of one family. Of models that
    cannot be read it is known only from what they sample: see `require_same_texts`."""
    wanted, given = text_width(model.model.diffusion_model), context.shape[-1]
    if wanted is not None and given != wanted:
        raise ValueError(
            f"{node}: CLIP and MODEL are of different families: this CLIP's texts are {given} wide, the model reads "
            f"texts {wanted} wide (768: Stable Diffusion 1.x, 1024: 2.x, 2048: SDXL, 4096: SD 3 and Flux). Load the CLIP that "
            "belongs to the model."
        )


def require_same_texts(conds: Iterable[dict], prompts: Iterable[list], node: str) -> None:
    """ValueError unless these prompts (CONDITIONINGs) were encoded as wide as the texts that are sampled with."""
    wanted = {cond["cross_attn"].shape[-1] for cond in conds if cond.get("cross_attn") is not None}
    given = {prompt[0][0].shape[-1] for prompt in prompts}
    if wanted and not given <= wanted:
        raise ValueError(
            f"{node}: CLIP and MODEL are of different families: this CLIP's texts are {max(given)} wide, those that are sampled "
            f"with {', '.join(map(str, sorted(wanted)))}. Connect the CLIP that the sampled prompt is encoded with."
        )


def conditionings(guider: CFGGuider, branch: str = CONDITIONAL) -> list[dict]:
    """The sampler's own positive or negative conditionings, whatever the guider; not those Fair Inference adds."""
    negative = branch == UNCONDITIONAL
    groups = ((name, group) for name, group in guider.conds.items() if group and not name.startswith("fair_"))
    return [cond for name, group in groups if ("negative" in name) == negative for cond in group]


class Held(NamedTuple):
    """Where a conditioning's text holds the words: tokens [start, start + own) of `length`, `factor` times as encoded."""

    length: int
    start: int = 0
    own: int = 0
    factor: float = 1.0


def matching_uuids(conds: Iterable[dict], context: Tensor | None) -> dict:
    """uuid -> Held, of the conditionings that hold `context` [1,L,d] (None: all with text)."""
    found = {}
    for cond in conds:
        text = cond.get("cross_attn")
        held = None if text is None else Held(text.shape[1]) if context is None else held_in(text, context)
        if held is not None:
            found[cond["uuid"]] = held
    return found


def held_in(text: Tensor, context: Tensor) -> Held | None:
    """How a conditioning's text [rows,L',d] holds the prompt's [1,L,d], in every row; None: it does not.

    As it was encoded, as a multiple of it (ConditioningMultiply), with another text behind it or before it
    (ConditioningConcat). CLIP's texts are encoded in pieces of 77 tokens, so that it begins at such a piece; texts of other
    encoders have any length, and are found at the beginning and at the end.
    """
    length, width = context.shape[1:]
    if text.shape[2] != width:
        return None
    wanted = context[0].float().cpu()
    last = text.shape[1] - length
    for start in sorted({*range(0, last + 1, CONTEXT), *([last] if last >= 0 else [])}):
        part = text[:, start : start + length].float().cpu()
        factor = float((part[0] * wanted).sum() / wanted.square().sum().clamp_min(1e-12))
        if abs(factor - 1) < 1e-2:
            factor = 1.0
        if factor and torch.allclose(part, factor * wanted, atol=2e-3 * abs(factor), rtol=1e-3):
            return Held(text.shape[1], start, length, factor)
    return None


def why_unmatched(conds: Iterable[dict], context: Tensor | None) -> str:
    """What was done to the sampler's positives so that none is the prompt's [1,L,d]: the likeliest reason, and what to do."""
    if context is None:
        return "there is no text among them. Connect an encoded prompt as the sampler's positive"
    wanted = context.float().cpu()
    texts = [c["cross_attn"].float().cpu() for c in conds if c.get("cross_attn") is not None]
    texts = [t for t in texts if t.shape[2] == wanted.shape[2]]
    same_length = [t for t in texts if t.shape[1] >= wanted.shape[1]]
    if any(len(t) > 1 and any(held_in(row[None], context) for row in t) for t in same_length):
        return (
            "the positive holds one prompt for each picture of the batch, and not all of them are this prompt; sample pictures "
            "of different prompts one by one"
        )
    starts = [t[:, :1] for t in same_length]  # the start token is encoded alike by one CLIP, whatever follows it
    if starts and not any(torch.allclose(s, wanted[:, :1].expand_as(s), atol=2e-2, rtol=1e-2) for s in starts):
        return (
            "the positive was encoded by another CLIP (another checkpoint, CLIP Set Last Layer, a LoRA with another "
            "strength), or averaged or mixed with another prompt. Use the same CLIP for all; put nodes that change the CLIP "
            "before both, and mix prompts by ConditioningCombine or ConditioningConcat instead of ConditioningAverage"
        )
    return (
        "it was encoded from another text, or mixed with one (ConditioningAverage). Connect the conditioning output of "
        "Linguistic Alignment (or encode the same prompt with the same CLIP); mix prompts by ConditioningCombine or "
        "ConditioningConcat"
    )


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
    """Whether the model is given the conditioning's own text, with or without empty tokens before it."""
    text, own = getattr(model_text(cond), "cond", None), cond.get("cross_attn")
    if text is None or own is None:
        return False
    text = text[:, -own.shape[1] :]
    return text.shape == own.shape and torch.equal(text, own.to(text))


def lead_of(cond: dict) -> int:
    """How many tokens the model puts before the conditioning's text (Flux 2 fills texts up to 512)."""
    text = getattr(model_text(cond), "cond", None)
    return text.shape[1] - cond["cross_attn"].shape[1] if text is not None and has_own_text(cond) else 0


def variant(cond: dict, context: Tensor, extras: dict, held: Held) -> dict:
    """A copy of a conditioning with another prompt's text [1,L,d] in the prompt's place, as strong; what another node has put
    before it or behind it stays. Where nothing is known of the prompt (held.own 0), it is the other prompt's text alone.

    extras: what its encoder said of the other prompt, pooled output and masks; it takes the place of what was said of the
    text that has gone.
    """
    own = cond["cross_attn"]
    text = context.to(own) * held.factor if held.factor != 1 else context
    in_part = bool(held.own) and held.own < own.shape[1]
    if in_part:
        parts = own[:, : held.start], text.to(own).expand(own.shape[0], -1, -1), own[:, held.start + held.own :]
        text = torch.cat(parts, 1)
    said = {name: extras[name] for name in OF_TEXT if name in extras}
    if said.get("pooled_output") is not None:
        said["pooled_output"] = said["pooled_output"] * held.factor
    if in_part:  # masks and the like are of the whole text, which the host has put together
        said, gone = {name: said[name] for name in said if name == "pooled_output"}, set[str]()
    else:
        gone = set(OF_TEXT) - {"pooled_output"} - said.keys()
    kept = {name: value for name, value in cond.items() if name not in gone}
    return {**kept, **said, "cross_attn": text, "uuid": uuid4(), VARIANT: True}


def variant_in_force(conds: Iterable[dict], sigma: float) -> bool:
    """Whether at this noise level any of these conditionings is both another prompt's (`variant`) and asked by the host.

    A range of steps (ConditioningSetTimestepRange) is kept as the noise levels at which it starts and ends.
    """
    inside = (
        cond.get("timestep_start", sigma) >= sigma >= cond.get("timestep_end", sigma)
        for cond in conds
        if cond.get(VARIANT)
    )
    return any(inside)
