"""Token positions of words, by the host's own tokenizers: every word has exactly the tokens it has alone."""

import csv
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

import pytest

from fair_attention.attention.prompt.pieces import BYTES
from fair_attention.attention.prompt.tokens import Span, find_words, positions_of, prompt_words

UNIT = Path(__file__).parent.parent / "unit" / "prompt"
MARKED = set("()\\:_-'’<>|[]—/\"") | {"BREAK", "embedding"}


def plain_prompts():
    """Prompts of the unit tests without syntax, so that words and commas are all there is."""
    for name in ("prompts.tsv", "prompts_kinds.tsv"):
        with (UNIT / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                prompt = row["prompt"]
                if prompt.isascii() and not any(mark in prompt for mark in MARKED):
                    yield prompt


@pytest.fixture(scope="module", params=["SD 1", "SD 2", "SDXL"])
def clip(host, request):
    """What the nodes ask of a CLIP, with the real tokenizer of each family."""
    from comfy.sd1_clip import SD1Tokenizer
    from comfy.sdxl_clip import SDXLTokenizer
    from comfy.text_encoders.sd2_clip import SD2Tokenizer

    tokenizer = {"SD 1": SD1Tokenizer, "SD 2": SD2Tokenizer, "SDXL": SDXLTokenizer}[request.param]()
    return SimpleNamespace(tokenizer=tokenizer, tokenize=tokenizer.tokenize_with_weights)


@pytest.fixture(scope="module")
def text(host):
    return host.pack.nodes.sampling.clip_words


@pytest.fixture(scope="module")
def pieces_of(clip, text):
    """The pieces of a prompt's tokens, of the first encoder."""

    def read(prompt: str) -> list:
        encoder, chunks = next(iter(clip.tokenize(prompt, return_word_ids=True).items()))
        return text.pieces_of(text.tokenizer_of(clip, encoder), chunks)

    return read


@pytest.fixture(scope="module")
def spans_of(clip, text):
    """Where in the prompt they are."""

    def read(prompt: str) -> list:
        return text.encoder_spans(clip, prompt, *next(iter(clip.tokenize(prompt, return_word_ids=True).items())))

    return read


def test_words_own_the_tokens_they_have_alone(pieces_of, spans_of):
    """A word's first position is one plus the tokens of all before it: CLIP's tokenizer never joins words."""
    checked = 0
    for prompt in plain_prompts():
        if len(pieces_of(prompt)) > 75:
            continue
        table = spans_of(prompt)
        parts = prompt.replace(",", " , ").replace(".", " . ").replace(";", " ; ").replace("?", " ? ").split()
        sizes = [len(pieces_of(part)) for part in parts]
        starts = [1 + before for before in accumulate([0, *sizes[:-1]])]
        own = [tuple(range(first, first + n)) for first, n in zip(starts, sizes, strict=True)]
        expected = [o for part, o in zip(parts, own, strict=True) if part[0].isalnum()]
        assert [positions_of(word, table) for word in prompt_words(prompt)] == expected, prompt
        checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    ("prompt", "word"),
    [
        ("一个医生在医院", "医生"),
        ("病院の看護師、笑顔", "看護師"),
        ("병원의 의사가 웃는다", "의사"),
        ("a 医生 and a nurse", "nurse"),
        ("a 😀 nurse", "nurse"),
    ],
)
def test_words_of_letters_of_several_bytes(pieces_of, spans_of, prompt, word):
    """The bytes of a word's pieces are the word's own; every piece of the prompt has a place."""
    pieces, table = pieces_of(prompt), spans_of(prompt)
    (span,) = find_words(prompt, word)
    positions = positions_of(span, table)
    spelled = b"".join(piece_bytes(dict(pieces)[p]) for p in positions)
    assert word.encode() in spelled and len(spelled) - len(word.encode()) <= 2 * 3  # pieces may reach into neighbours
    assert {position for position, _, _ in table} == {position for position, _ in pieces}
    assert all(isinstance(s, Span) for s in find_words(prompt, word))


def piece_bytes(piece: str) -> bytes:
    return bytes(BYTES[letter] for letter in piece.removesuffix("</w>"))
