"""Which words of a prompt denote the same people, and prompts with an attribute stated."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.attention.prompt import lexicon, rules_parser, spacy_parser
from fair_attention.attention.prompt.language import insert_attribute, people_groups, replace_attribute

with (Path(__file__).parent / "prompts.tsv").open(encoding="utf-8", newline="") as _file:
    PROMPTS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))

needs_spacy = pytest.mark.skipif(
    spacy_parser.available() is None, reason="spaCy and an English model are not installed"
)
both_parsers = pytest.mark.parametrize("parser", ["rules", pytest.param("spaCy", marks=needs_spacy)])


def nouns(prompt, parser):
    return [group.noun.text for group in people_groups(prompt, parser)]


def members(prompt, parser):
    return [[member.text for member in group.members] for group in people_groups(prompt, parser)]


@pytest.mark.parametrize("row", PROMPTS, ids=lambda row: row["prompt"])
def test_rules_find_the_people_expected(row):
    assert nouns(row["prompt"], "rules") == [noun for noun in row["people"].split("|") if noun]


@needs_spacy
def test_rules_and_spacy_find_the_same_people_in_95_percent():
    same = [nouns(row["prompt"], "rules") == nouns(row["prompt"], "spaCy") for row in PROMPTS]
    assert len(same) >= 150 and sum(same) / len(same) >= 0.95


@both_parsers
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a photo of the faces of two smiling doctors", [["faces", "smiling", "doctors"]]),
        ("the doctor's face", [["doctor", "face"]]),
        ("a doctor with a smiling face", [["doctor", "smiling", "face"]]),
        ("my friend, a doctor", [["friend", "doctor"]]),
        ("a photo of a person who is a woman", [["person", "woman"]]),
        ("a man working as a nurse", [["man", "working", "nurse"]]),
        ("a CEO and an assistant", [["CEO"], ["assistant"]]),
        ("two smiling doctors and nurses", [["smiling", "doctors"], ["smiling", "nurses"]]),
        ("a very tired police officer", [["tired", "police officer"]]),
        ("people standing next to flowers", [["people", "standing"]]),
        ("a doctor who is smiling", [["doctor", "smiling"]]),
        ("a nurse holding a baby", [["nurse"], ["baby"]]),
        ("dark-skinned pilots in a cockpit", [["dark-skinned", "pilots"]]),
        ("a dark and moody portrait of a lawyer", [["portrait", "lawyer"]]),
        ("a team of engineers", [["team", "engineers"]]),
    ],
)
def test_linked_words(prompt, expected, parser):
    assert members(prompt, parser) == expected


@both_parsers
@pytest.mark.parametrize(
    ("prompt", "fixed"),
    [
        ("a female doctor", (("gender", "female"),)),
        ("the doctor is female", (("gender", "female"),)),
        ("a businesswoman in a meeting", (("gender", "businesswoman"),)),
        ("two Black scientists", (("race", "Black"),)),
        ("an elderly dark-skinned nurse", (("age", "elderly"), ("skin tone", "dark-skinned"))),
        ("a person with dark skin", (("skin tone", "dark"),)),
        ("three doctors of female gender with dark skin", (("gender", "female"), ("skin tone", "dark"))),
        ("a 30-year-old nurse", (("age", "30-year-old"),)),
        ("a black cat next to a doctor", ()),
        ("a dark room with doctors", ()),
        ("a white haired doctor", ()),
        ("a doctor in a black suit", ()),
        ("a dark portrait of a doctor", ()),
    ],
)
def test_what_the_prompt_already_states(prompt, fixed, parser):
    (group,) = people_groups(prompt, parser)
    assert group.fixed == fixed


@both_parsers
@pytest.mark.parametrize(
    ("prompt", "count", "plural"),
    [
        ("a doctor", 1, False),
        ("nurse", 1, False),
        ("two doctors", 2, True),
        ("12 doctors", 12, True),
        ("a couple of doctors", 2, True),
        ("a group of five doctors", 5, True),
        ("a group of doctors", None, True),
        ("doctors", None, True),
        ("a team of doctors", None, True),
    ],
)
def test_how_many(prompt, count, plural, parser):
    (group,) = people_groups(prompt, parser)
    assert (group.count, group.plural) == (count, plural)


def test_a_group_says_why():
    (group,) = people_groups("the (faces:1.2) of smiling doctors", "rules")
    assert group.label == "faces of doctors"
    assert group.why == ("faces of doctors: part-of", '"smiling" describes doctors')
    assert group.face is not None and (group.face.start, group.face.end) == (5, 10)


def test_parser_choice_is_checked(monkeypatch):
    with pytest.raises(ValueError, match="auto, rules, spaCy"):
        people_groups("a doctor", "stanza")
    monkeypatch.setattr(spacy_parser, "available", lambda: None)
    spacy_parser._pipeline.cache_clear()
    assert nouns("a doctor", "auto") == ["doctor"]
    with pytest.raises(ValueError, match="pip install spacy"):
        people_groups("a doctor", "spaCy")


PARTS = "doctor nurses face of who is and a two , ( ) :1.2) 's - smiling".split() + [" "]


@given(st.lists(st.sampled_from(PARTS), max_size=15).map(" ".join) | st.lists(st.sampled_from(PARTS)).map("".join))
def test_any_text_is_parsed_and_every_span_is_in_it(prompt):
    for group in people_groups(prompt, "rules"):
        for span in (group.noun, *group.members):
            assert prompt[span.start : span.end] == span.text
        assert group.noun in group.members


@pytest.mark.parametrize(
    ("prompt", "attribute", "expected"),
    [
        ("two smiling doctors", "female", "two smiling female doctors"),
        ("a doctor", "elderly", "an elderly doctor"),
        ("an engineer", "female", "a female engineer"),
        ("a photo of an artist", "European", "a photo of a European artist"),
        ("a photo of the faces of doctors", "female", "a photo of the faces of female doctors"),
        ("a photo of an (engineer:1.3)", "male", "a photo of a (male engineer:1.3)"),
        ("a (police officer:1.2) in a car", "Asian", "an (Asian police officer:1.2) in a car"),
        ("Doctors in a hospital", "male", "Male doctors in a hospital"),
        ("CEO", "old", "Old CEO"),
        ("An artist", "young", "A young artist"),
    ],
)
def test_attribute_is_inserted_before_the_noun(prompt, attribute, expected):
    (group,) = people_groups(prompt, "rules")
    assert insert_attribute(prompt, group, attribute) == expected


@given(
    st.sampled_from(["two ", "the ", "some smiling ", "portrait of the (", "a (tired:1.2) "]),
    st.sampled_from(sorted(lexicon.OCCUPATIONS)),
    st.sampled_from(["female", "elderly", "Black", "light-skinned"]),
)
def test_taking_the_attribute_out_again_gives_the_prompt(before, noun, attribute):
    prompt = before + noun + (":1.1)" if before.endswith("(") else "")
    (group,) = people_groups(prompt, "rules")
    changed = insert_attribute(prompt, group, attribute)
    (again,) = people_groups(changed, "rules")
    assert changed.replace(attribute + " ", "", 1) == prompt
    assert again.noun.text == group.noun.text
    assert attribute in [word for _, word in again.fixed]


@pytest.mark.parametrize(
    ("prompt", "axis", "attribute", "expected"),
    [
        ("a photo of a female doctor", "gender", "male", "a photo of a male doctor"),
        ("a female doctor", "gender", "elderly", "an elderly doctor"),
        ("a photo of (female:1.2) doctors", "gender", "male", "a photo of (male:1.2) doctors"),
        ("a photo of a (female doctor:1.2)", "gender", "male", "a photo of a (male doctor:1.2)"),
        ("two smiling women in a park", "gender", "male", "two smiling male people in a park"),
        ("A businesswoman at work", "gender", "male", "A male businessperson at work"),
        ("three young girls", "gender", "male", "three young male children"),
        ("a 60 year old doctor", "age", "young", "a young doctor"),
        ("a doctor of East Asian descent", "race", "Black", "a doctor of Black descent"),
        ("three young girls", "age", "old", "three old people"),
        ("an elderly man", "gender", "female", "an elderly female person"),
        ("a doctor who is male", "gender", "female", "a doctor who is female"),
        ("a female doctor and a male nurse", "gender", "male", "a male doctor and a male nurse"),
    ],
)
def test_what_the_prompt_states_makes_way(prompt, axis, attribute, expected):
    group = people_groups(prompt, "rules")[0]
    assert replace_attribute(prompt, group, attribute, {axis}) == expected


def test_a_pose_between_commas_is_the_only_people_s_whatever_is_named_before_it():
    tags = "portrait of the nurse, soft light, sitting, beautiful eyes"
    assert members(tags, "rules") == [["portrait", "nurse", "sitting"]]
    (group,) = people_groups(tags, "rules")
    assert '"sitting" describes the only people named, nurse' in group.why
    two = "portrait of the nurse and a king, soft light, sitting, beautiful eyes"  # of the two, who is not said
    assert all("sitting" not in words for words in members(two, "rules"))


def test_what_is_stated_by_several_words_makes_way_as_a_whole():
    (group,) = people_groups("a photo of a young female doctor", "rules")
    changed = replace_attribute("a photo of a young female doctor", group, "old male", {"age", "gender"})
    assert changed == "a photo of an old male doctor"


def test_the_parser_is_spacy_where_it_is_installed_and_nobody_says_otherwise(monkeypatch):
    asked = []
    monkeypatch.setattr(spacy_parser, "available", lambda: "en_core_web_sm")
    monkeypatch.setattr(spacy_parser, "parse", lambda text: asked.append(text) or rules_parser.parse(text))
    for parser in ("rules", "auto", "spaCy"):
        people_groups("a doctor", parser)
        asked.append(parser)
    assert asked == ["rules", "a doctor", "auto", "a doctor", "spaCy"]
