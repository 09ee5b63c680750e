"""Words of a prompt as token positions, by the tokenizer of the CLIP that is wired in."""

import torch
from comfy.sd import CLIP
from torch import Tensor

from ...attention.capture import WordQuery
from ...attention.prompt.tokens import SPECIAL, Span, find_words, positions_of, special_positions, token_spans
from ...attention.records import AlignedPrompt


def encode(clip: CLIP, prompt: str) -> tuple[list, Tensor]:
    """(CONDITIONING, context [1,L,d]): the prompt as CLIPTextEncode encodes it."""
    conditioning = clip.encode_from_tokens_scheduled(clip.tokenize(prompt))
    return conditioning, conditioning[0][0]


def check_clip(clip: CLIP, aligned: AlignedPrompt, node: str) -> None:
    """ValueError unless this CLIP encodes the prompt as the one of Linguistic Alignment has."""
    context = encode(clip, aligned.prompt)[1]
    if context.shape != aligned.context.shape or not torch.allclose(
        context.float().cpu(), aligned.context.float().cpu(), atol=2e-3, rtol=1e-3
    ):
        raise ValueError(
            f"{node}, clip: it encodes the prompt otherwise than the CLIP of Linguistic Alignment does (another checkpoint, CLIP "
            "Set Last Layer, a LoRA with another strength), so the attribute prompts would not fit the sampled one. Connect the "
            "same CLIP to both, behind all nodes that change it"
        )


def own_context(clip: CLIP, prompt: str) -> Tensor:
    """[1,L',d]: the prompt's context up to its end token, so that only its own tokens share the probability (OVAM)."""
    _, context = encode(clip, prompt)
    own = max((p for p, _ in prompt_tokens(clip, prompt)), default=0) + 2
    return context[:, : own * max(1, context.shape[1] // token_count(clip, prompt))]  # NegPip gives two for each token


def token_count(clip: CLIP, prompt: str) -> int:
    """How many tokens the prompt's chunks have, padding included."""
    return sum(map(len, next(iter(clip.tokenize(prompt).values()))))


def prompt_tokens(clip: CLIP, prompt: str) -> list[tuple[int, tuple]]:
    """(position in the context, token) of all that the prompt itself holds; 77-token chunks are counted through."""
    chunks = next(iter(clip.tokenize(prompt, return_word_ids=True).values()))
    tokens = [token for chunk in chunks for token in chunk]
    return [(position, token) for position, token in enumerate(tokens) if token[2]]  # word 0: start, end, padding


def token_pieces(clip: CLIP, prompt: str) -> list[tuple[int, str]]:
    """(position in the context, text of the piece) of each token that is text, not an embedding."""
    tokens = [(position, token) for position, token in prompt_tokens(clip, prompt) if not torch.is_tensor(token[0])]
    return [(position, clip.tokenizer.untokenize([token])[0][1]) for position, token in tokens]


def locate(clip: CLIP, prompt: str, spans: list[Span], node: str) -> list[WordQuery]:
    """Each span as a word to watch. ValueError for a word the tokenizer gives no token of its own."""
    table = token_spans(prompt, token_pieces(clip, prompt))
    words = []
    for span in spans:
        positions = positions_of(span, table)
        if not positions:
            raise ValueError(
                f"{node}: {span.text!r} has no token of its own in the prompt {prompt!r}; name another word"
            )
        words.append(WordQuery(span.text, tuple(positions)))
    return words


def named_words(clip: CLIP, prompt: str, names: str, node: str) -> list[WordQuery]:
    """User-written words, comma separated: every occurrence merged ("doctor"), or one ("doctor#2")."""
    words = []
    for name in (n.strip() for n in names.split(",")):
        if not name:
            continue
        if name in SPECIAL:
            positions = [position for position, _ in prompt_tokens(clip, prompt)]
            words.append(WordQuery(name, special_positions(name, positions)))
            continue
        try:
            spans = find_words(prompt, name)
        except ValueError as error:
            raise ValueError(f"{node}, words: {error}") from None
        found = locate(clip, prompt, spans, node)
        words.append(WordQuery(name, tuple(p for w in found for p in w.positions)))
    if not words:
        raise ValueError(f"{node}, words: {names!r} names no word; write words of the prompt, separated by commas")
    return words
