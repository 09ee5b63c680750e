"""Which rows of a text context come from which tokens, followed through the wired CLIP's own encoding.

What lies between the tokens and the context differs from model to model: SD 3 puts CLIP-L beside CLIP-G and T5 behind them,
Flux's context is T5's alone, Qwen-Image drops its system prompt, PixelDiT keeps the last 299. So the CLIP encodes the prompt once
more, its text encoders' forward replaced by one that computes nothing: a token's features are the token's number. The
numbers that arrive in the context say where each token went.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from numbers import Integral
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from comfy.sd import CLIP
from comfy.sd1_clip import SDClipModel
from torch import Tensor, nn

Tokens = dict[str, list[list[tuple]]]  # encoder -> its chunks of tokens, as CLIP.tokenize gives them
Rows = dict[tuple[str, int], tuple[int, ...]]  # (encoder, how manieth of its tokens) -> rows of the context
MADE_ANEW = "t5xxl_ids"  # a model that is given these (Anima) makes its context anew, from T5's tokens


class Untold(ValueError):
    """It cannot be told which rows are whose; the message says of which text encoder."""


class Unseen(LookupError):
    """A text encoder that has not encoded anything yet, so that it is not known what it gives."""


class Numbered(int):
    """A token that remembers which it is."""

    number: int


class Given(NamedTuple):
    """What a text encoder gives, without the sizes that its text decides: features [texts,*between,tokens,width]."""

    between: torch.Size
    width: int
    pooled: torch.Size | None
    mask: bool


GIVEN: WeakKeyDictionary[nn.Module, Given] = WeakKeyDictionary()  # the same for all texts of an encoder


def encoders(clip: CLIP) -> list[SDClipModel]:
    model = getattr(clip, "cond_stage_model", None)  # a pack may hand over a CLIP of its own making
    return [] if model is None else [module for module in model.modules() if isinstance(module, SDClipModel)]


def encode_watched(clip: CLIP, tokens: Tokens) -> list:
    """CONDITIONING of these tokens, while it is noted what each text encoder gives."""

    def note(module: nn.Module, args: tuple, output: tuple) -> None:
        features, pooled = output[:2]
        extra = output[2] if len(output) > 2 else {}
        size = None if pooled is None else pooled.shape[1:]
        GIVEN[module] = Given(features.shape[1:-2], features.shape[-1], size, "attention_mask" in extra)

    hooks = [module.register_forward_hook(note) for module in encoders(clip)]
    try:
        return clip.encode_from_tokens_scheduled(tokens)
    finally:
        for hook in hooks:
            hook.remove()


def token_rows(clip: CLIP, tokens: Tokens) -> Rows:
    """The rows of the context that each token becomes; tokens that become none (CLIP's of Flux, a system prompt) are left out.

    Where a pack gives every token several rows in turn (NegPip: for keys, for values), rows are counted in such turns.
    Raises Untold.
    """
    name = type(getattr(clip, "cond_stage_model", clip)).__name__
    if not encoders(clip):
        raise Untold(f"{name} is no text encoder of the host's kind")
    numbered, places = number(tokens)
    try:
        try:
            context, _, *rest = encode_numbers(clip, numbered)
        except Unseen:
            encode_watched(clip, tokens)
            context, _, *rest = encode_numbers(clip, numbered)
    except Exception as error:  # of an encoder that does more with features than to lay them in rows
        raise Untold(f"what {name} does with its tokens cannot be followed ({type(error).__name__})") from error
    if rest and MADE_ANEW in rest[0]:
        raise Untold(f"the model of {name} makes its context anew, from other tokens than those that are encoded")
    return by_token(context, places, name)


def encode_numbers(clip: CLIP, numbered: Tokens) -> tuple:
    """What the CLIP makes of numbered tokens: (context [1,L,d] of their numbers, pooled text, and what else it gives)."""
    with ExitStack() as stack:
        for module in encoders(clip):
            stack.enter_context(replaced_forward(module))
        return clip.cond_stage_model.encode_token_weights(numbered)


def number(tokens: Tokens) -> tuple[Tokens, list[tuple[str, int]]]:
    """The tokens numbered from 1 on, all of weight 1, and whose number it is: (encoder, how manieth)."""
    places: list[tuple[str, int]] = []
    numbered: Tokens = {}
    for encoder, chunks in tokens.items():
        index, numbered[encoder] = 0, []
        for chunk in chunks:
            numbered[encoder].append([])
            for token, *_ in chunk:
                if isinstance(token, Integral):
                    token = Numbered(token)
                    places.append((encoder, index))
                    token.number = len(places)
                numbered[encoder][-1].append((token, 1.0))
                index += 1
    return numbered, places


@contextmanager
def replaced_forward(module: SDClipModel) -> Iterator[None]:
    """The encoder gives the numbers of its tokens while this lasts, and computes nothing."""
    before = vars(module).get("forward")

    def forward(texts: list[list[Any]]) -> tuple:
        given = GIVEN.get(module)
        if given is None:
            raise Unseen(type(module).__name__)
        width = module.transformer.get_input_embeddings().weight.shape[-1]
        rows = torch.stack([numbers(text, width) for text in texts])
        shape = len(texts), *given.between, rows.shape[1], given.width
        features = rows.view(len(texts), *[1] * len(given.between), -1, 1).expand(shape)
        pooled = None if given.pooled is None else torch.zeros(len(texts), *given.pooled)
        if not given.mask:
            return features, pooled
        return features, pooled, {"attention_mask": torch.ones(rows.shape, dtype=torch.long)}

    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


def numbers(text: list, width: int) -> Tensor:
    """[rows] a number for each row of a text's features, 0 where it is no token's. An embedding of this width has its
    own rows; one of another the host leaves out, and adds padding behind."""
    rows, behind = [], 0
    for token in text:
        if isinstance(token, Integral):
            rows.append(getattr(token, "number", 0))
        elif token.shape[-1] == width:
            rows += [0] * (token.numel() // width)
        else:
            behind += token.numel() // token.shape[-1]
    return torch.tensor(rows + [0] * behind, dtype=torch.float32)


def by_token(context: Tensor, places: list[tuple[str, int]], name: str) -> Rows:
    """Token -> rows, from a context [1,L,d] of numbers."""
    if context.dtype is not torch.float32 or context.ndim != 3:
        raise Untold(f"what {name} makes of its tokens is no row of features for each")
    first = torch.ones_like(context[0], dtype=torch.bool)  # the first channel of each run of the same number
    first[:, 1:] = context[0, :, 1:] != context[0, :, :-1]
    row_numbers, values = first.nonzero()[:, 0], context[0][first]
    if (values != values.round()).any() or not 0 <= values.min() <= values.max() <= len(places):
        raise Untold(f"{name} mixes the features of its tokens")
    held = [set() for _ in range(context.shape[1])]
    for row, value in zip(row_numbers.tolist(), values.int().tolist(), strict=True):
        if value:
            held[row].add(value)
    found = defaultdict(list)
    for row, own in enumerate(held[:: turns(held)]):
        for value in own:
            found[places[value - 1]].append(row)
    return {place: tuple(rows) for place, rows in found.items()}


def turns(held: list[set[int]]) -> int:
    """How many rows follow each other that hold the same, everywhere; 1 in what the host encodes."""
    each = next((i for i, own in enumerate(held) if own != held[0]), 1)
    return each if held == [own for own in held[::each] for _ in range(each)] else 1
