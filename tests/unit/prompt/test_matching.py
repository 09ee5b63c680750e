"""Which characters of a prompt each piece of a tokenizer is written for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.attention.prompt.matching import frame_of, token_spans
from fair_attention.attention.prompt.pieces import BYTES, Spelling, spelling_of
from fair_attention.attention.prompt.tokens import find_words, positions_of

PROMPTS = st.text(alphabet=st.sampled_from("ab (():1.3\\embedding:x BREAK,é😀"), max_size=40)


def test_pieces_meet_their_text():
    prompt = "A (firefighter:1.2), smiling"
    pieces = [(1, "a</w>"), (2, "fire"), (3, "fighter</w>"), (4, ",</w>"), (5, "smiling</w>")]
    assert token_spans(prompt, pieces) == [(1, 0, 1), (2, 3, 7), (3, 7, 14), (4, 19, 20), (5, 21, 28)]


def test_pieces_without_text_move_nothing():
    prompt = "embedding:style a break BREAK doctor"
    pieces = [(1, ""), (2, "a</w>"), (3, "break</w>"), (4, "break</w>"), (5, "doctor</w>")]
    found = {position: prompt[start:end] for position, start, end in token_spans(prompt, pieces)}
    assert found == {2: "a", 3: "break", 4: "BREAK", 5: "doctor"}  # the tokenizer has read the syntax as a word
    assert [positions_of(span, token_spans(prompt, pieces)) for span in find_words(prompt, "break")] == [(3,)]


def test_pieces_of_one_letter_share_it():
    found = token_spans("a 😀 doctor", [(1, "a</w>"), (2, "ðŁĺ"), (3, "Ģ</w>"), (4, "doctor</w>")])
    assert found == [(1, 0, 1), (2, 2, 3), (3, 2, 3), (4, 4, 10)]


def test_half_a_letter_moves_nothing():
    found = token_spans("a 😀 doctor", [(1, "a</w>"), (2, "ðŁĺ"), (3, "doctor</w>")])
    assert found == [(1, 0, 1), (3, 4, 10)]


def test_a_piece_may_end_inside_a_letter():
    # 医 is E5 8C BB, 生 is E7 94 9F: the pieces are the bytes E5 8C | BB E7 94 | 9F.
    pieces = [(1, "åĮ"), (2, "»ç" + chr(256 + 51 + 3)), (3, "x</w>")]
    broken = token_spans("医生 x", pieces)
    assert broken == [(3, 3, 4)]  # no whole letters: nothing is guessed
    letters = {byte: letter for letter, byte in BYTES.items()}
    split = ["".join(letters[byte] for byte in part) for part in (b"\xe5\x8c", b"\xbb\xe7\x94", b"\x9f")]
    found = token_spans("医生", list(enumerate(split, 1)))
    assert found == [(1, 0, 1), (2, 0, 2), (3, 1, 2)]


@pytest.mark.parametrize("word", ["医生", "看護師", "의사", "врач", "médecin", "แพทย์"])
def test_every_byte_of_a_word_is_its_own(word):
    letters = {byte: letter for letter, byte in BYTES.items()}
    pieces = [(n, letters[byte]) for n, byte in enumerate(word.encode(), 2)]
    table = token_spans(f"a {word} b", [(1, "a</w>"), *pieces, (90, "b</w>")])
    (span,) = find_words(f"a {word} b", word)
    assert positions_of(span, table) == tuple(position for position, _ in pieces)


def test_byte_level_pieces_are_read():
    assert token_spans("Café", [(1, "caf"), (2, "Ã©</w>")]) == [(1, 0, 3), (2, 3, 4)]


def test_vocabularies_tell_how_they_spell():
    assert spelling_of(["!", "###", "Ġ", "doctor</w>"]) is Spelling.BYTES
    assert spelling_of(["<unk>", "###", "Ġ", "▁", "▁doctor"]) is Spelling.SENTENCES  # "Ġ" is a letter of Maltese
    assert spelling_of(["[CLS]", "doc", "##tor"]) is Spelling.WORDS
    assert spelling_of(["###", "doctor"]) is Spelling.BYTES


def test_sentence_pieces_meet_their_text():
    pieces = [(0, "▁A"), (1, "▁doc"), (2, "tor"), (3, "▁"), (4, "<0xE5>"), (5, "<0x8C>"), (6, "<0xBB>"), (7, "é")]
    found = token_spans("A doctor 医é", pieces, Spelling.SENTENCES)
    assert found == [(0, 0, 1), (1, 2, 5), (2, 5, 8), (4, 9, 10), (5, 9, 10), (6, 9, 10), (7, 10, 11)]


def test_word_pieces_meet_their_text():
    found = token_spans("A doctör", [(1, "a"), (2, "doc"), (3, "##tor")], Spelling.WORDS)
    assert found == [(1, 0, 1), (2, 2, 5), (3, 5, 8)]  # accents cleaned up


def test_bytes_with_spaces_before_words_meet_their_text():
    found = token_spans("two doctors", [(4, "two"), (5, "Ġdoctor"), (6, "s"), (7, "Ġ")])
    assert found == [(4, 0, 3), (5, 4, 10), (6, 10, 11)]


def test_letters_that_a_tokenizer_writes_otherwise_are_the_same():
    """T5 writes ligatures and dots apart, drops joiners, and knows one form of an accent."""
    pieces = [(0, "▁field"), (1, "..."), (2, "▁naive"), (3, "\u0308"), (4, "▁coop")]
    found = token_spans("ﬁeld… naivë co\u200dop", pieces, Spelling.SENTENCES)
    assert found == [(0, 0, 4), (1, 4, 5), (2, 6, 11), (3, 10, 11), (4, 12, 17)]


TEMPLATE = [(0, "<|user|>"), (1, "Paint"), (2, "Ġthe"), (3, "Ġdoctor:")]
BEHIND = [(7, "<|end|>"), (8, "the"), (9, "Ġdoctor")]


def test_words_of_the_template_are_not_the_prompt_s():
    frame = frame_of("qxz", [*TEMPLATE, (4, "Ġq"), (5, "xz"), *BEHIND])
    assert frame == ("<|user|>paintthedoctor:", "<|end|>thedoctor")
    own = [(4, "Ġthe"), (5, "Ġdoctor"), (6, "#")]
    found = token_spans("the doctor", [*TEMPLATE, *own, *BEHIND], frame=frame)
    assert found == [(4, 0, 3), (5, 4, 10)]
    assert token_spans("the doctor#", [*TEMPLATE, *own, *BEHIND], frame=frame)[-1] == (6, 10, 11)


def test_a_template_that_is_not_around_the_prompt_is_not_guessed_at():
    pieces = [*TEMPLATE, (4, "Ġthe"), (5, "Ġdoctor"), *BEHIND]
    assert token_spans("the doctor", pieces, frame=("<|system|>", "<|end|>thedoctor")) == []
    assert token_spans("the doctor", pieces, frame=None) == []
    assert frame_of("qxz", TEMPLATE) is None
    assert frame_of("qxz", [(0, "qxz"), (1, "qxz")]) is None


def test_a_prompt_that_brings_the_template_along_is_read_as_it_is():
    prompt = "<|user|>Paint the doctor:"
    assert token_spans(prompt, TEMPLATE, frame=("<|other|>", "x"))[0] == (0, 0, 8)


def test_weights_that_the_tokenizer_takes_for_text_move_nothing():
    pieces = [(0, "("), (1, "smiling"), (2, ":"), (3, "1"), (4, ".3"), (5, ")"), (6, "Ġdoctor"), (7, "Ġ(1)")]
    found = token_spans(r"(smiling:1.3) doctor \(1\)", pieces)
    assert found[1] == (1, 1, 8) and found[6] == (6, 14, 20)


@given(PROMPTS, st.lists(st.text(alphabet="abé x:1", max_size=4), max_size=12))
def test_spans_are_monotone_and_spell_their_piece(prompt, texts):
    pieces = list(enumerate(texts, start=1))
    found = token_spans(prompt, pieces)
    for (first, _, end), (second, start, _) in zip(found, found[1:], strict=False):
        assert first < second and end <= start
    for position, start, end in found:
        assert prompt[start:end].lower() == "".join(texts[position - 1].split()).lower()
