"""From prompt text to token positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.attention.prompt.pieces import BYTES
from fair_attention.attention.prompt.tokens import (
    Span,
    find_words,
    plain_text,
    positions_of,
    prompt_words,
    special_positions,
    token_spans,
)

PROMPTS = st.text(alphabet=st.sampled_from("ab (():1.3\\embedding:x BREAK,é😀"), max_size=40)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a (doctor:1.3)", ["a", "doctor"]),
        ("((two) (smiling:1.2) doctors:0.9)", ["two", "smiling", "doctors"]),
        (r"a nurse \(young\)", ["a", "nurse", "(young", ")"]),
        ("embedding:style, a (embedding:thing:1.2) judge", [",", "a", "judge"]),
        ("a doctor BREAK a break", ["a", "doctor", "a", "break"]),
        ("(not a weight: no) pilot", ["not", "a", "weight:", "no", "pilot"]),
        ("a (never closed", ["a", "(never", "closed"]),
        ("a) b (c)", ["a)", "b", "(c)"]),  # the host counts the stray parenthesis, so does this
    ],
)
def test_syntax_is_blanked_as_the_host_reads_it(prompt, words):
    assert plain_text(prompt).split() == words


@given(PROMPTS)
def test_plain_text_keeps_length_and_what_it_does_not_blank(prompt):
    plain = plain_text(prompt)
    assert len(plain) == len(prompt)
    assert all(new in (old, " ") for old, new in zip(prompt, plain, strict=True))


def test_pieces_meet_their_text():
    prompt = "A (firefighter:1.2), smiling"
    pieces = [(1, "a</w>"), (2, "fire"), (3, "fighter</w>"), (4, ",</w>"), (5, "smiling</w>")]
    assert token_spans(prompt, pieces) == [(1, 0, 1), (2, 3, 7), (3, 7, 14), (4, 19, 20), (5, 21, 28)]


def test_pieces_without_text_move_nothing():
    prompt = "embedding:style a break BREAK doctor"
    pieces = [(1, ""), (2, "a</w>"), (3, "break</w>"), (4, "break</w>"), (5, "doctor</w>")]
    found = {position: prompt[start:end] for position, start, end in token_spans(prompt, pieces)}
    assert found.pop(3, None) == "break" or found.pop(4) == "break"  # one of the two is the word, the other the syntax
    assert found == {2: "a", 5: "doctor"}


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


def test_words_without_spaces_between_are_found():
    assert [span.start for span in find_words("一个医生在医院", "医生")] == [2]
    assert [span.start for span in find_words("병원의 의사가 웃는다", "의사")] == [4]
    assert [span.start for span in find_words("a doctor在医院", "doctor")] == [2]
    with pytest.raises(ValueError, match="not in the prompt"):
        find_words("a doctor在医院", "doc")


def test_byte_level_pieces_are_read():
    assert token_spans("Café", [(1, "caf"), (2, "Ã©</w>")]) == [(1, 0, 3), (2, 3, 4)]


@given(PROMPTS, st.lists(st.text(alphabet="abé x:1", max_size=4), max_size=12))
def test_spans_are_monotone_and_spell_their_piece(prompt, texts):
    pieces = list(enumerate(texts, start=1))
    found = token_spans(prompt, pieces)
    for (first, _, end), (second, start, _) in zip(found, found[1:], strict=False):
        assert first < second and end <= start
    for position, start, end in found:
        assert prompt[start:end].lower() == "".join(texts[position - 1].split()).lower()


def test_positions_count_through_contexts():
    spans = [(1, 0, 3), (78, 4, 10), (79, 10, 14)]
    assert positions_of(Span("fireman", 4, 14), spans) == (78, 79)
    assert positions_of(Span("x", 20, 21), spans) == ()


def test_words_are_found_whole_and_by_number():
    prompt = "a doctor, two (Doctors:1.2), a doctor"
    assert [span.start for span in find_words(prompt, "Doctor")] == [2, 31]
    assert find_words(prompt, "doctor#2") == [Span("doctor", 31, 37)]
    assert find_words("an oil  painting", "oil painting") == [Span("oil  painting", 3, 16)]


@pytest.mark.parametrize(
    ("name", "message"), [("nurse", "two, doctors"), ("", "two, doctors"), ("doctors#2", "1 time")]
)
def test_a_word_that_is_not_there_names_those_that_are(name, message):
    with pytest.raises(ValueError, match=message):
        find_words("two doctors", name)


def test_prompt_words():
    assert [word.text for word in prompt_words("a dark-skinned (pilot:1.1), it's")] == [
        "a",
        "dark-skinned",
        "pilot",
        "it's",
    ]


def test_special_tokens_have_a_place_in_each_context():
    assert special_positions("<start>", [1, 2, 75, 78, 79]) == (0, 77)
    assert special_positions("<end>", [1, 2, 75, 78, 79]) == (76, 80)
    assert special_positions("<end>", []) == (1,)
    with pytest.raises(ValueError, match="<start> or <end>"):
        special_positions("<pad>", [])


def test_a_token_that_only_touches_a_word_is_not_its_own():
    """ "a cat": tokens 1 at 0-1 and 2 at 2-5; a token that ends where the word begins, or begins where it ends."""
    spans = [(1, 0, 2), (2, 2, 5), (3, 5, 6)]
    assert positions_of(Span("cat", 2, 5), spans) == (2,)


@pytest.mark.parametrize(("prompt", "word"), [("(a:1.2)", "a"), ("(ab:1)", "ab"), ("(ab:1.25)", "ab")])
def test_the_shortest_weights_are_no_words(prompt, word):
    assert plain_text(prompt).split() == [word]
