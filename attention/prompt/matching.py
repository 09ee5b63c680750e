"""From the pieces of a tokenizer to the characters of the prompt that each of them is written for."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import NamedTuple

from .pieces import Spelling, folded, letters_of, unseen
from .tokens import plain_text


def token_spans(
    prompt: str,
    pieces: Iterable[tuple[int, str]],
    spelling: Spelling = Spelling.BYTES,
    frame: tuple[str, str] | None = ("", ""),
) -> list[tuple[int, int, int]]:
    """(position, start, end) of each token piece found in the prompt, in text order.

    pieces: (position, text of the piece as the vocabulary writes it, such as "doctor</w>" or "▁doc"), in order, without
    the start, end and padding tokens. frame: what is put before and behind every prompt (`frame_of`; None: unknown). The
    letters of the pieces are aligned with the letters of the prompt, case and spaces aside: of its plain text, or of the
    text with the syntax of weights in it, whichever the tokenizer has read. Pieces that are bytes of one letter (of a
    Chinese, Japanese or Korean one, an emoji) share that letter. A piece of which any letter has no partner (a
    textual-inversion embedding, text the tokenizer cleaned up) is left out and moves none of its neighbours. Nothing is
    found if the pieces neither spell the prompt alone nor have the frame around it.
    """
    letters, owned = letters_of(list(pieces), spelling)
    readings = [_readable(text) for text in (plain_text(prompt), _typed(prompt))]
    partner = _partners("".join(letters), readings, frame)
    found = []
    for position, own in owned:
        at = [partner.get(i) for i in own]
        places = [place for place in at if place is not None]
        if at and len(places) == len(at) and all(b.rank - a.rank <= 1 for a, b in pairwise(places)):
            found.append((position, places[0].offset, places[-1].offset + 1))
    return found


class _Letter(NamedTuple):
    """A letter by which texts are compared, the character it is of, and how many seen ones are before that."""

    letter: str
    offset: int
    rank: int


def _readable(text: str) -> list[_Letter]:
    ranks = accumulate((not unseen(character) for character in text), initial=0)
    return [_Letter(x, i, rank) for (i, c), rank in zip(enumerate(text), ranks, strict=False) for x in folded(c)]


def _typed(prompt: str) -> str:
    """The prompt as a tokenizer reads it that knows no weights: all of it, but the backslash before a parenthesis."""
    return prompt.replace("\\(", " (").replace("\\)", " )")


def _partners(spelled: str, readings: list[list[_Letter]], frame: tuple[str, str] | None) -> dict[int, _Letter]:
    """Letter of the pieces -> letter of the prompt: one by one where they agree, else by the longest common runs."""
    texts = ["".join(letter.letter for letter in reading) for reading in readings]
    before, after = frame or ("", "")
    framed = (
        frame is not None
        and spelled.startswith(before)
        and spelled.endswith(after)
        and len(spelled) >= len(before) + len(after)
    )
    inside = (0, len(spelled)), (len(before), len(spelled) - len(after))
    for start, end in inside if framed else inside[:1]:
        for text, reading in zip(texts, readings, strict=True):
            if spelled[start:end] == text:
                return dict(enumerate(reading, start))
    if not framed:
        return {}
    start, end = inside[1]
    matched = [SequenceMatcher(None, spelled[start:end], text, autojunk=False).get_matching_blocks() for text in texts]
    blocks, reading = max(zip(matched, readings, strict=True), key=lambda one: sum(block.size for block in one[0]))
    return {start + block.a + k: reading[block.b + k] for block in blocks for k in range(block.size)}


def frame_of(
    inner: str, pieces: Iterable[tuple[int, str]], spelling: Spelling = Spelling.BYTES
) -> tuple[str, str] | None:
    """The letters a tokenizer puts before and behind a prompt, from the pieces of the prompt `inner`; None: not to be told."""
    spelled = "".join(letters_of(list(pieces), spelling)[0])
    before, found, after = spelled.partition(inner)
    return (before, after) if found and inner not in after else None
