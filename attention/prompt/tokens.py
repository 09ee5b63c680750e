"""From prompt text to token positions: which of a tokenizer's tokens are a word's own.

Offsets count characters of the prompt as the user wrote it. Positions count a tokenizer's tokens from 0 on, through all
chunks in which they are read (a long prompt of CLIP has 77 * n), start token and padding included.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONTEXT = 77  # tokens a CLIP text encoder reads at once, start and end token included
SPECIAL = ("<start>", "<end>")

_EMBEDDING = re.compile(r"(?<![^\s()])embedding:[^\s,()]+")
BREAK = re.compile(r"\bBREAK\b")
_OCCURRENCE = re.compile(r"(?P<text>.*\S)\s*#(?P<number>\d+)", re.DOTALL)


@dataclass(frozen=True)
class Span:
    """A piece of the prompt: its text and the characters [start, end) it fills."""

    text: str
    start: int
    end: int


def plain_text(prompt: str) -> str:
    """The prompt with ComfyUI's syntax blanked by spaces, one for each character: offsets stay valid.

    Blanked: the parentheses and numbers of weights "(word:1.3)", also nested; the backslash of "\\("; embedding:name;
    BREAK. A parenthesis that the host reads as text (escaped or never closed) stays, since it has a token of its own.
    """
    text = list(prompt.replace("\\(", "\0(").replace("\\)", "\0)"))
    escaped = {i + 1 for i, character in enumerate(text) if character == "\0"}
    _blank_weights(text, 0, len(text), escaped)
    plain = "".join(" " if character == "\0" else character for character in text)
    for pattern in (_EMBEDDING, BREAK):
        plain = pattern.sub(lambda match: " " * len(match[0]), plain)
    return plain


def _blank_weights(text: list[str], start: int, end: int, escaped: set[int]) -> None:
    """Blank the weight syntax of text[start:end] in place, reading parentheses exactly as the host does."""
    depth, item, items = 0, start, []
    for i in range(start, end):
        if i in escaped or text[i] not in "()":
            continue
        if text[i] == "(":
            if depth == 0 and i > item:
                items.append((item, i))
                item = i
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                items.append((item, i + 1))
                item = i + 1
    items.append((item, end))
    for first, last in items:
        if last - first < 2 or text[first] != "(" or text[last - 1] != ")" or {first, last - 1} & escaped:
            continue
        text[first] = text[last - 1] = " "
        inner = last - 1
        colon = "".join(text[first + 1 : inner]).rfind(":") + first + 1
        if colon > first + 1 and _is_number("".join(text[colon + 1 : inner])):
            text[colon:inner] = " " * (inner - colon)
            inner = colon
        _blank_weights(text, first + 1, inner, escaped)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def positions_of(span: Span, spans: Iterable[tuple[int, int, int]]) -> tuple[int, ...]:
    """The positions of the tokens (as `matching.token_spans` gives them) that share a character with the span; () if none."""
    return tuple(position for position, start, end in spans if start < span.end and end > span.start)


# Letters of scripts that write no spaces between words, or join endings to them: a word may begin or end anywhere.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_SPACED = rf"[^\W{_UNSPACED}]"  # letters and digits that belong to the word they touch


def prompt_words(prompt: str) -> list[Span]:
    """Every word of the prompt, hyphened words and "it's" as one, in text order."""
    return [Span(match[0], *match.span()) for match in re.finditer(r"\w+(?:[-'’]\w+)*", plain_text(prompt))]


def find_words(prompt: str, text: str) -> list[Span]:
    """Each occurrence of a word or phrase in the prompt, whole words, case aside; "doctor#2" is the second one only.

    Words of scripts without spaces (Chinese, Japanese, Thai) and with joined endings (Korean) are found inside others.

    Raises ValueError, with the words there are, if it does not occur (that often).
    """
    plain = plain_text(prompt)
    wanted = text.strip()
    spans = _occurrences(plain, wanted)
    numbered = _OCCURRENCE.fullmatch(wanted)
    if spans or not numbered:
        number = None
    else:
        wanted, number = numbered["text"], int(numbered["number"])
        spans = _occurrences(plain, wanted)
    if not spans:
        words = ", ".join(dict.fromkeys(word.text for word in prompt_words(prompt)))
        raise ValueError(f"{wanted!r} is not in the prompt. Its words are: {words or '(none)'}.")
    if number is None:
        return spans
    if not 1 <= number <= len(spans):
        raise ValueError(f"{text.strip()!r}: {wanted!r} occurs {len(spans)} time(s) in the prompt; count from #1.")
    return [spans[number - 1]]


def _occurrences(plain: str, wanted: str) -> list[Span]:
    if not wanted:
        return []
    phrase = r"\s+".join(map(re.escape, wanted.split()))
    before = "" if re.match(rf"[{_UNSPACED}]", wanted) else rf"(?<!{_SPACED})"
    after = "" if re.search(rf"[{_UNSPACED}]$", wanted) else rf"(?!{_SPACED})"
    matches = re.finditer(before + phrase + after, plain, re.IGNORECASE)
    return [Span(match[0], match.start(), match.end()) for match in matches]


def special_positions(
    name: str, chunks: Iterable[Sequence[tuple[object, bool]]], start: int | None, end: int | None
) -> tuple[int, ...]:
    """Where "<start>" or "<end>" is in each chunk that a tokenizer reads at once; () if it has none. ValueError for another name.

    chunks: (token, whether it is the prompt's own) of each; start, end: these special tokens. The end is the first such
    token behind the prompt's own: padding may look the same.
    """
    if name not in SPECIAL:
        raise ValueError(f"{name!r} is no special token: write {' or '.join(SPECIAL)}.")
    found, first = [], 0
    for chunk in chunks:
        if name == "<start>":
            at = [0] if chunk and chunk[0] == (start, False) else []
        else:
            own = max((i for i, (_, mine) in enumerate(chunk) if mine), default=-1 if start is None else 0)
            at = [i for i in range(own + 1, len(chunk)) if chunk[i] == (end, False)][:1]
        found += [first + i for i in at]
        first += len(chunk)
    return tuple(found)
