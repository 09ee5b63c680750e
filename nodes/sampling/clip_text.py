"""Words of a prompt as token positions, by the tokenizer of the CLIP that is wired in."""

import torch
from comfy.sd import CLIP
from torch import Tensor

from ...attention.capture import WordQuery
from ...attention.prompt.tokens import SPECIAL, Span, find_words, positions_of
from ...attention.records import AlignedPrompt
from .clip_words import encoder_spans, special_places
from .text_rows import Rows, Tokens, Untold, encode_watched, token_rows


def encode(clip: CLIP, prompt: str) -> tuple[list, Tensor]:
    """(CONDITIONING, context [1,L,d]): the prompt as CLIPTextEncode encodes it."""
    conditioning = encode_watched(clip, clip.tokenize(prompt))
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


def word_rows(clip: CLIP, prompt: str, node: str) -> list[tuple[int, int, int]]:
    """(row of the context, start, end in the prompt) of each token that is text of the prompt, of all encoders, row by row.

    Raises ValueError if it cannot be told which rows are whose.
    """
    tokens = clip.tokenize(prompt, return_word_ids=True)
    rows = rows_of(clip, tokens, node)
    table = [
        (row, start, end)
        for encoder in {encoder for encoder, _ in rows}
        for index, start, end in encoder_spans(clip, prompt, encoder, tokens[encoder])
        for row in rows.get((encoder, index), ())
    ]
    return sorted(set(table))


def rows_of(clip: CLIP, tokens: Tokens, node: str) -> Rows:
    """The rows of the context that each token becomes. ValueError if it cannot be told."""
    try:
        return token_rows(clip, tokens)
    except Untold as untold:
        rows = one_row_each(clip, tokens)
        if rows is None:
            raise ValueError(
                f"{node}, clip: which rows of the text context are which words cannot be told: {untold}. Connect the CLIP of "
                "an image model that the host itself encodes; Fair Inference with masks needs no words"
            ) from untold
        return rows


def one_row_each(clip: CLIP, tokens: Tokens) -> Rows | None:
    """Token n is row n, where all encoders have as many tokens as the context has rows (or turns of rows); else None.

    For packs that change what a token's features are (their mean, their weight), so that they cannot be followed.
    """
    sizes = {sum(map(len, chunks)) for chunks in tokens.values()}
    length = clip.encode_from_tokens_scheduled(tokens)[0][0].shape[1] if len(sizes) == 1 else 0
    if not length or length % min(sizes):
        return None
    return {(encoder, index): (index,) for encoder in tokens for index in range(min(sizes))}


def locate(
    clip: CLIP, prompt: str, spans: list[Span], node: str, table: list[tuple[int, int, int]] | None = None
) -> list[WordQuery]:
    """Each span as a word to watch. ValueError for a word the tokenizer gives no token of its own.

    table: the prompt's `word_rows`, where they are known.
    """
    table = word_rows(clip, prompt, node) if table is None else table
    words = []
    for span in spans:
        positions = positions_of(span, table)
        if not positions:
            raise ValueError(
                f"{node}: {span.text!r} has no token of its own in the prompt {prompt!r}; name another word"
            )
        words.append(WordQuery(span.text, tuple(dict.fromkeys(positions))))
    return words


def named_words(clip: CLIP, prompt: str, names: str, node: str) -> list[WordQuery]:
    """User-written words, comma separated: every occurrence merged ("doctor"), or one ("doctor#2")."""
    words, table = [], None
    for name in (n.strip() for n in names.split(",")):
        if not name:
            continue
        if name in SPECIAL:
            words.append(special_word(clip, prompt, name, node))
            continue
        try:
            spans = find_words(prompt, name)
        except ValueError as error:
            raise ValueError(f"{node}, words: {error}") from None
        table = word_rows(clip, prompt, node) if table is None else table
        found = locate(clip, prompt, spans, node, table)
        words.append(WordQuery(name, tuple(p for w in found for p in w.positions)))
    if not words:
        raise ValueError(f"{node}, words: {names!r} names no word; write words of the prompt, separated by commas")
    return words


def special_word(clip: CLIP, prompt: str, name: str, node: str) -> WordQuery:
    """ "<start>" or "<end>" of the prompt as a word to watch. ValueError if no encoder has such a token in the context."""
    tokens = clip.tokenize(prompt, return_word_ids=True)
    rows = rows_of(clip, tokens, node)
    places = {(e, index) for e in tokens for index in special_places(clip, name, e, tokens[e])}
    found = sorted({row for place in places for row in rows.get(place, ())})
    if not found:
        raise ValueError(f"{node}, words: the texts of this CLIP have no {name}; name words of the prompt")
    return WordQuery(name, tuple(found))
