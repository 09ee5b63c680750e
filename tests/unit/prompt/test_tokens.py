"""From prompt text to token positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.attention.prompt.tokens import (
    Span,
    find_words,
    plain_text,
    positions_of,
    prompt_words,
    special_positions,
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


def test_words_without_spaces_between_are_found():
    assert [span.start for span in find_words("一个医生在医院", "医生")] == [2]
    assert [span.start for span in find_words("병원의 의사가 웃는다", "의사")] == [4]
    assert [span.start for span in find_words("a doctor在医院", "doctor")] == [2]
    with pytest.raises(ValueError, match="not in the prompt"):
        find_words("a doctor在医院", "doc")


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


def chunk(text: str) -> list[tuple[object, bool]]:
    """ "S a b E E": the prompt's own tokens are small letters."""
    return [(name, name.islower()) for name in text.split()]


def test_special_tokens_have_a_place_in_each_chunk():
    chunks = [chunk("S a b E"), chunk("S c E E")]
    assert special_positions("<start>", chunks, "S", "E") == (0, 4)
    assert special_positions("<end>", chunks, "S", "E") == (3, 6)
    assert special_positions("<end>", [chunk("S E E E")], "S", "E") == (1,)
    with pytest.raises(ValueError, match="<start> or <end>"):
        special_positions("<pad>", [], "S", "E")


def test_an_end_that_looks_like_the_start_or_stands_alone():
    assert special_positions("<end>", [chunk("S S")], "S", "S") == (1,)
    assert special_positions("<end>", [chunk("E P P")], None, "E") == (0,)
    assert special_positions("<end>", [chunk("E")], None, "E") == (0,)
    assert special_positions("<end>", [chunk("a b E P")], None, "E") == (2,)


def test_a_tokenizer_without_special_tokens_has_no_place_for_them():
    assert special_positions("<start>", [chunk("a b")], None, None) == ()
    assert special_positions("<end>", [chunk("a b P")], None, None) == ()
    assert special_positions("<end>", [chunk("a b")], "S", "E") == ()  # cut off


def test_a_token_that_only_touches_a_word_is_not_its_own():
    """ "a cat": tokens 1 at 0-1 and 2 at 2-5; a token that ends where the word begins, or begins where it ends."""
    spans = [(1, 0, 2), (2, 2, 5), (3, 5, 6)]
    assert positions_of(Span("cat", 2, 5), spans) == (2,)


@pytest.mark.parametrize(("prompt", "word"), [("(a:1.2)", "a"), ("(ab:1)", "ab"), ("(ab:1.25)", "ab")])
def test_the_shortest_weights_are_no_words(prompt, word):
    assert plain_text(prompt).split() == [word]
