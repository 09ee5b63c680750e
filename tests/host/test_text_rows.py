"""Words of a prompt as rows of the text context, for the CLIPs of every image model of the host.

Held against two oracles that share nothing with the code: what the tokenizer itself decodes the tokens to, and the features
that the (tiny, random) text encoders really gave, looked up in the context.
"""

from types import SimpleNamespace

import pytest
import torch

from fair_attention.attention.prompt.tokens import Span, prompt_words
from fair_attention.host import tiny_texts
from fair_attention.tests.host.text_bench import KINDS, NODE, PROMPTS, flat, letters, spelled, text_clip

REFUSED = {"Anima": "makes its context anew"}
KNOWN = [family for family in tiny_texts.FAMILIES if family not in REFUSED]


@pytest.fixture(scope="module")
def text(host):
    return host.pack.nodes.sampling


@pytest.fixture(scope="module", params=KNOWN)
def family(request, host) -> str:
    return request.param


@pytest.fixture(scope="module")
def clip(host, family):
    return text_clip(host, family)


def unknown(tokenizer, word: Span) -> bool:
    """Whether the vocabulary lacks letters of the word."""
    pieces = [tokenizer.inv_vocab[i] for i in tokenizer.tokenizer(word.text)["input_ids"]]
    return any(piece in ("<unk>", "[UNK]") for piece in pieces)


def test_a_word_s_rows_are_of_tokens_that_spell_it(clip, text):
    """For each encoder in the context: its tokens follow each other, spell the word, none is superfluous, and the word is
    the one at this place of the prompt, not the same one elsewhere or in the template."""
    assert len(PROMPTS) == 60
    checked = sum(check_words(clip, text, prompt) for prompt in PROMPTS)
    assert checked > 400, checked


def check_words(clip, text, prompt: str) -> int:
    """How many words of the prompt were checked, all encoders counted."""
    checked, table = 0, text.clip_text.word_rows(clip, prompt, NODE)
    tokens = clip.tokenize(prompt, return_word_ids=True)
    rows = text.clip_text.rows_of(clip, tokens, NODE)
    assert {row for row, _, _ in table} <= {row for own in rows.values() for row in own}
    for encoder in sorted({encoder for encoder, _ in rows}):
        tokenizer, ids = text.clip_words.tokenizer_of(clip, encoder), flat(tokens, encoder)
        index_of = {row: index for (e, index), own in rows.items() if e == encoder for row in own}
        alone = spelled(tokenizer, flat(clip.tokenize(text.clip_words.INSIDE), encoder))
        template = alone[: alone.index(text.clip_words.INSIDE)]
        for word in prompt_words(prompt):
            if unknown(tokenizer, word):
                continue
            wanted, where = letters(word.text), (prompt, encoder, word)
            touching = {row for row, start, end in table if start < word.end and end > word.start}
            own = sorted(index_of[row] for row in touching if row in index_of)
            assert own and own == list(range(own[0], own[-1] + 1)), where
            mine = [ids[i] for i in own]
            assert wanted in spelled(tokenizer, mine), (*where, mine)
            assert not any(wanted in spelled(tokenizer, fewer) for fewer in (mine[1:], mine[:-1])), (*where, mine)
            before = spelled(tokenizer, ids[: own[0]])
            times = letters(prompt[: word.start]).count(wanted)
            assert before.count(wanted) - template.count(wanted) == times, (*where, before)
            checked += 1
    return checked


@pytest.fixture(scope="module")
def features(text, clip):
    """prompt -> (tokens, rows, context, features of each text encoder as its forward gave them)."""

    def encoded(prompt: str) -> SimpleNamespace:
        given: list = []
        encoders = text.text_rows.encoders(clip)
        hooks = [e.register_forward_hook(lambda module, args, out: given.append((args[0], out[0]))) for e in encoders]
        try:
            context = text.clip_text.encode(clip, prompt)[1]
        finally:
            for hook in hooks:
                hook.remove()
        tokens = clip.tokenize(prompt, return_word_ids=True)
        return SimpleNamespace(
            tokens=tokens, rows=text.clip_text.rows_of(clip, tokens, NODE), context=context, given=given
        )

    return encoded


@pytest.mark.parametrize("prompt", ["a photo of two doctors", KINDS[6], "a doctor, " * 60, ""])
def test_a_token_s_row_holds_the_features_the_encoder_gave_it(features, clip, text, prompt):
    if not text.text_rows.encoders(clip):
        pytest.skip("it gives no features: its model encodes the text")
    found = features(prompt)
    context = found.context[0].float()
    assert {row for own in found.rows.values() for row in own} == set(range(len(context)))
    for encoder, chunks in found.tokens.items():
        gone, first = [], 0
        for chunk in chunks:
            ids = [token[0] for token in chunk]
            read = [z[n] for given, z in found.given for n, row in enumerate(given) if list(row) == ids]
            for i in range(len(ids)):
                rows = found.rows.get((encoder, first + i), ())
                gone += [] if rows else [first + i]
                for row in rows:
                    vector = read[0][..., i, :].flatten().float()
                    assert torch.isin(vector, context[row]).all(), (encoder, first + i)
            first += len(ids)
        assert not gone or encoder in DROPPED or len(gone) == first, (encoder, gone)


# Encoders that drop a system prompt, and what else of their template the models were trained without.
DROPPED = ("qwen25_7b", "qwen3_2b", "qwen3vl_4b", "qwen3vl_8b", "gemma2_2b")


@pytest.mark.parametrize(
    ("prompt", "word", "rest"),
    [
        ("two (smiling:1.3) doctors", "doctors", "smiling"),
        (r"a ((nurse)) \\(young\\), (pilot:0.8)", "pilot", "nurse"),
        ("three doctors BREAK a nurse", "nurse", "doctors"),
    ],
)
def test_weights_and_breaks_move_nothing(clip, text, prompt, word, rest):
    """Whether a tokenizer reads the syntax of weights or takes it for text."""
    for name in (word, rest):
        (query,) = text.clip_text.named_words(clip, prompt, name, NODE)
        tokens = clip.tokenize(prompt, return_word_ids=True)
        rows = text.clip_text.rows_of(clip, tokens, NODE)
        for encoder in {encoder for encoder, _ in rows}:
            own = sorted(i for (e, i), at in rows.items() if e == encoder and set(at) & set(query.positions))
            ids = flat(tokens, encoder)
            tokenizer = text.clip_words.tokenizer_of(clip, encoder)
            assert name in spelled(tokenizer, [ids[i] for i in own]), (encoder, name)
            assert name not in spelled(tokenizer, [ids[i] for i in own[1:]]), (encoder, name)


def test_linguistic_alignment_takes_it(clip, host):
    align = host.pack.nodes.alignment.FairLinguisticAlignment
    aligned, conditioning, linked = align.execute(clip, "a photo of the faces of two doctors").result
    assert torch.equal(conditioning[0][0], aligned.context)
    (faces, doctors) = aligned.words[0]
    assert faces.label == "faces" and doctors.label == "doctors"
    length = aligned.context.shape[1]
    assert 0 <= min(faces.positions) < min(doctors.positions) and max(doctors.positions) < length
    assert "doctors (token " in linked


@pytest.mark.parametrize("family", REFUSED)
def test_what_cannot_be_told_is_refused_by_name(host, text, family):
    clip = text_clip(host, family)
    with pytest.raises(ValueError, match=f"(?s)Linguistic Alignment, clip: .*{REFUSED[family]}.*masks needs no words"):
        host.pack.nodes.alignment.FairLinguisticAlignment.execute(clip, "a photo of two doctors")
