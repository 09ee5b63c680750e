"""Capture Cross-Attention: where the model looks for each word, recorded while any sampler runs."""

import logging

from comfy_api.latest import io

from ..attention.capture import WordQuery
from ..attention.prompt.tokens import prompt_words
from ..attention.records import CONDITIONAL, UNCONDITIONAL, AlignedPrompt, Watch, parse_blocks
from ..attention.trace import Block
from ..attention.transformers import family_of
from ..attention.watching import head_count, readable_blocks
from ..guidance.run_record import Recording
from ..guidance.schedule import check_window
from .sampling.clip_text import encode, locate, named_words, own_context, word_rows
from .sampling.conditionings import require_width
from .sampling.observe import observe, require_maps
from .types import ATTENTION, Attention, Tokens, advanced, schema

NODE = "Capture Cross-Attention"
KEY = "fair_attention.capture"


def parse_heads(text: str, model, blocks: frozenset[Block] | None, node: str) -> tuple[int, ...] | None:
    """ "0, 3" -> heads; empty: None, all. Every recorded block must have them (SD 2.x and SDXL have more where deeper)."""
    if not text.strip():
        return None
    names = [n.strip() for n in text.replace("\n", ",").split(",") if n.strip()]
    if not all(n.isdecimal() for n in names):
        raise ValueError(f"{node}, heads: {text!r} is no list of heads; write numbers from 0 on, as in 0, 3")
    heads = tuple(sorted({int(n) for n in names}))
    unet = model.model.diffusion_model
    for block, module in readable_blocks(unet).items():
        count = head_count(unet, module)
        if (blocks is None or block in blocks) and heads[-1] >= count:
            raise ValueError(f"{node}, heads: {block} has heads 0 to {count - 1}, no {heads[-1]}")
    return heads


def check_family(model, attribution: str, keep_queries: int) -> None:
    """ValueError for what a transformer cannot be asked: there the text is changed by the picture, block after block."""
    family = family_of(model.model.diffusion_model)
    if family is None:
        return
    for name, wanted in (("attribution_prompt", attribution.strip()), ("keep_queries", keep_queries)):
        if wanted:
            raise ValueError(
                f"{NODE}, {name}: MODEL is a transformer ({family.name}), which can be asked for words of the sampled prompt "
                f"only, while it samples; leave {name} {'empty' if name == 'attribution_prompt' else 'at 0'}"
            )


def prompt_watch(tokens: AlignedPrompt, **window) -> Watch:
    """Every linked word of every group, once."""
    return Watch(tuple(w for group in tokens.words for w in group), tokens.context, **window)


def words_watch(clip, prompt: str, words: str, attribution: str, softmax: str, node: str = NODE, **window) -> Watch:
    """Named words of the prompt or, with an attribution prompt, of that one (open vocabulary, OVAM)."""
    text, notes = attribution if attribution.strip() else prompt, ()
    if words.strip():
        queries = named_words(clip, text, words, node)
    else:
        queries, notes = all_words(clip, text, node)
    for note in notes:
        logging.warning("%s: %s", node, note)
    if attribution.strip():
        context = own_context(clip, attribution) if softmax == OWN else encode(clip, attribution)[1]
        return Watch(tuple(queries), None, context, notes=notes, **window)
    return Watch(tuple(queries), encode(clip, prompt)[1], notes=notes, **window)


def all_words(clip, prompt: str, node: str = NODE) -> tuple[list[WordQuery], tuple[str, ...]]:
    """Every word of the prompt that has tokens of its own, and a note that names the others. ValueError if none has."""
    words = prompt_words(prompt)
    if not words:
        raise ValueError(f"{node}: the prompt {prompt!r} has no words")
    found, missing, table = [], [], word_rows(clip, prompt, node)
    for word in words:
        try:
            found += locate(clip, prompt, [word], node, table)
        except ValueError:
            missing.append(word.text)
    if not found:
        raise ValueError(f"{node}: no word of the prompt {prompt!r} has a token of its own; write the words to record")
    note = f"not recorded, no token of their own: {', '.join(missing)}"
    return found, (note,) if missing else ()


OWN, PADDED = "its own tokens (OVAM, BiasMap)", "padded to 77 (as the prompt)"
EVERYTHING, TEXT_ALONE = "text and picture (as the model)", "the text alone"
AS_SET, BIASMAP = "as set", "BiasMap (released code)"


class FairAttentionCapture(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="FairAttentionCapture",
            display_name="Capture Cross-Attention",
            category=ATTENTION,
            search_aliases=["attention map", "DAAM", "OVAM", "record", "word", "word map", "cross attention"],
            description="Records, while the model samples, where the cross-attention looks for each word. The picture "
            "stays bit-identical. Read it with Cross-Attention Heatmaps or Locate Regions, with the sampled latent beside.",
            inputs=[
                io.Model.Input("model", tooltip="A model with a Stable Diffusion 1.x, 2.x or SDXL U-Net, or a transformer: Flux, Chroma, Qwen-Image, SD 3, "
                               "Lumina 2, Z-Image, PixArt."),
                io.Clip.Input("clip", tooltip="The CLIP the prompt is encoded with."),
                Tokens.Input("tokens", optional=True, tooltip="From Linguistic Alignment: records the people words. Wins over prompt, words and attribution_prompt."),
                io.String.Input("prompt", multiline=True, default="", optional=True,
                                tooltip="Without tokens: the sampled positive prompt, as it is encoded for the sampler."),
                io.String.Input("words", default="", optional=True,
                                tooltip="Words to record, separated by commas (empty: every word). doctor#2: the second occurrence. "
                                "<start>, <end>: the special tokens."),
                io.String.Input("attribution_prompt", default="", optional=True,
                                tooltip="Open vocabulary: record words of this text instead, whether or not they are in the prompt."),
                io.Float.Input("start_percent", default=0.0, min=0.0, max=1.0, step=0.01, optional=True,
                               tooltip="Record from this share of the sampling on."),
                io.Float.Input("end_percent", default=1.0, min=0.0, max=1.0, step=0.01, optional=True,
                               tooltip="Record up to this share of the sampling."),
                advanced(io.String.Input(
                    "blocks", default="", optional=True,
                    tooltip="Only these blocks, as in: input.7, middle.0, output.3; of a Flux: double_blocks.3, single_blocks.7. Empty: all (try "
                    "this first).",
                )),
                advanced(io.Combo.Input(
                    "attribution_softmax", options=[OWN, PADDED], default=OWN, optional=True,
                    tooltip="Only for the attribution_prompt: the words among which the model's looking is shared out. its own tokens: the "
                    "words of that text alone (try this first). padded: also the empty places that fill a prompt up, which take most "
                    "of it, so that all maps are fainter.",
                )),
                advanced(io.Combo.Input(
                    "branch", options=[CONDITIONAL, UNCONDITIONAL], default=CONDITIONAL, optional=True,
                    tooltip="Only for the attribution_prompt. At each step the model draws twice, once by your prompt (conditional) and once by "
                    "the negative one (unconditional): in which of the two to look. Try conditional first. unconditional is what "
                    "BiasMap's code does; at cfg 1 there is none.",
                )),
                advanced(io.String.Input(
                    "heads", default="", optional=True,
                    tooltip="Only these of each block's parallel attention heads, as in: 0, 3, 5. Empty: the mean of all (try this first).",
                )),
                advanced(io.Combo.Input(
                    "convention", options=[AS_SET, BIASMAP], default=AS_SET, optional=True,
                    tooltip="as set: what the inputs say (try this first). BiasMap: measure exactly as that paper's code does, for numbers to hold "
                    "beside its own; blocks, heads, branch, softmax and the window above are then passed over.",
                )),
                advanced(io.Int.Input(
                    "keep_queries", default=0, min=0, max=4096, step=10, optional=True,
                    tooltip="Megabytes to keep so that Ask for Words can look for any word afterwards: the queries of blocks of at most 32 x 32 "
                    "cells, at as many steps as there is room for. 0: none. Try 100.",
                )),
                advanced(io.Combo.Input(
                    "transformer_softmax", options=[EVERYTHING, TEXT_ALONE], default=EVERYTHING, optional=True,
                    tooltip="Only for transformers (Flux, SD 3 ...), where text and picture look at each other: among what a place's looking is "
                    "shared out. text and picture: as in the model (try this first). the text alone: values are larger, and a place that "
                    "looks mostly at the picture counts as much as any other.",
                )),
            ],
            outputs=[
                io.Model.Output(display_name="model", tooltip="Sample with this one."),
                Attention.Output(display_name="attention", tooltip="Filled while sampling."),
            ],
        )  # fmt: skip

    @classmethod
    def execute(cls, model, clip, tokens=None, prompt="", words="", attribution_prompt="", start_percent=0.0,
                end_percent=1.0, blocks="", attribution_softmax=OWN, branch=CONDITIONAL, heads="",
                convention=AS_SET, keep_queries=0, transformer_softmax=EVERYTHING) -> io.NodeOutput:  # fmt: skip
        if convention == BIASMAP:
            attribution_softmax, branch, blocks, heads = OWN, UNCONDITIONAL, "", ""
            start_percent, end_percent = 0.0, 1.0
        check_window(start_percent, end_percent, NODE)
        if branch == UNCONDITIONAL and (tokens is not None or not attribution_prompt.strip()):
            named = (f"branch: {branch}", CONDITIONAL) if convention == AS_SET else (f"convention: {BIASMAP}", AS_SET)
            raise ValueError(
                f"{NODE}, {named[0]} knows no word of the prompt; write an attribution_prompt and connect no tokens, or "
                f"choose {named[1]}"
            )
        present = require_maps(model, NODE)
        check_family(model, attribution_prompt if tokens is None else "", keep_queries)
        chosen = parse_blocks(blocks, present, NODE)
        window = {
            "blocks": chosen,
            "heads": parse_heads(heads, model, chosen, NODE),
            "start_percent": start_percent,
            "end_percent": end_percent,
            "branch": branch,
            "keep_queries": keep_queries * 2**20,
            "text_only": transformer_softmax == TEXT_ALONE,
        }
        if tokens is not None:
            watch = prompt_watch(tokens, **window)
        elif prompt.strip() or attribution_prompt.strip():
            watch = words_watch(clip, prompt, words, attribution_prompt, attribution_softmax, **window)
        else:
            raise ValueError(
                f"{NODE}: connect tokens (from Linguistic Alignment), or write the prompt whose words to record"
            )
        require_width(model, watch.context if watch.attribution is None else watch.attribution, NODE)
        capture = Recording(watch)
        patched = observe(model.clone(), f"{KEY}.{id(capture)}", watch, NODE, capture)
        return io.NodeOutput(patched, capture)


NODES = [FairAttentionCapture]
