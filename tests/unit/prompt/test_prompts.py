"""Prompts of the kinds that people write: whom they name, how many, and what they state.

The lists beside this file: prompts_kinds.tsv was written with the rules; the others when the rules were frozen, each later list
after what the one before had shown was mended, and without a look at the rules. The counts of their first runs are in benchmarks/language.py.
"""

import csv
from pathlib import Path

import pytest

from fair_attention.attention.prompt import lexicon, nouns, spacy_parser
from fair_attention.attention.prompt.attributes import attribute_axis
from fair_attention.attention.prompt.language import people_groups
from fair_attention.attention.prompt.numbers import number
from fair_attention.attention.prompt.origins import COUNTRIES, OF_WOMEN
from fair_attention.attention.prompt.reading import readable
from fair_attention.attention.prompt.roles import ROLES
from fair_attention.benchmarks.language import HELD_OUT, as_written

HERE = Path(__file__).parent
needs_spacy = pytest.mark.skipif(
    spacy_parser.available() is None, reason="spaCy and an English model are not installed"
)
both_parsers = pytest.mark.parametrize("parser", ["rules", pytest.param("spaCy", marks=needs_spacy)])


def rows(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@both_parsers
@pytest.mark.parametrize("row", rows("prompts_kinds.tsv"), ids=lambda row: row["prompt"])
def test_prompts_of_all_kinds(row, parser):
    assert as_written(row, parser) == ""


@both_parsers
@pytest.mark.parametrize("name", HELD_OUT)
def test_held_out_prompts(name, parser):
    held = rows(f"{name}.tsv")
    wrong = [f"{row['prompt']}: {told}" for row in held if (told := as_written(row, parser))]
    assert len(held) >= 100 and len(wrong) <= 0.05 * len(held), "\n".join(wrong)


@both_parsers
@pytest.mark.parametrize("name", ["prompts_no_people.txt", "prompts_no_people_2.txt"])
def test_prompts_without_people(name, parser):
    prompts = (HERE / name).read_text(encoding="utf-8").splitlines()
    wrong = [prompt for prompt in prompts if people_groups(prompt, parser)]
    assert len(prompts) >= 60 and len(wrong) <= len(prompts) / 60, "\n".join(wrong)


def test_a_later_mention_joins_with_its_words():
    (group,) = people_groups("a photo of a police officer, (police officer:1.3)", "rules")
    assert [member.text for member in group.members] == ["police officer", "police", "officer"]
    assert group.count == 1 and "the same people" in group.why[0]


def test_parts_of_a_number_state_what_they_state():
    (group,) = people_groups("two doctors, a man and a woman", "rules")
    assert group.count == 2 and group.fixed == (("gender", "man"), ("gender", "woman"))


def test_a_name_joins_its_title():
    (group,) = people_groups("Doctor Smith in his office", "rules")
    assert [member.text for member in group.members] == ["Doctor", "Smith"]


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a nurse (bokeh:1.2)", "a nurse ,bokeh     "),
        ("(female:1.2) doctors", " female      doctors"),
        ("a (police:1.1) officer", "a  police      officer"),
        ("a (smiling:1.2) (nurse:1.1)", "a  smiling       nurse     "),
        ('a sign "Doctors only"', "a sign               "),
        ('"a doctor"', '"a doctor"'),
        ("the nurses' faces and the boys' hats", "the nurses' faces and the boys' hats"),
        ("a nurse\nward", "a nurse.ward"),
        ("a photo of\na nurse", "a photo of a nurse"),
        ("a nurse <lora:doctor:0.8>", "a nurse                  "),
        ("police_officer", "police officer"),
    ],
)
def test_what_a_parser_reads(prompt, read):
    assert readable(prompt) == read and len(read) == len(prompt)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("twelve", 12),
        ("twenty-one", 21),
        ("Ninety nine", 99),
        ("half a dozen", 6),
        ("a dozen", 12),
        ("two dozen", 24),
        ("a hundred", 100),
        ("dozen", 12),
        ("an", 1),
        ("3", 3),
        ("both", 2),
        ("few", None),
        ("dozens of", None),
    ],
)
def test_number_words(words, expected):
    assert number(words) == expected


def test_every_number_to_a_hundred_is_read_in_a_prompt():
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    units = "one two three four five six seven eight nine".split()
    for t, ten in enumerate(tens, start=2):
        for u, unit in enumerate(units, start=1):
            for dash in "- ":
                (group,) = people_groups(f"a photo of {ten}{dash}{unit} nurses", "rules")
                assert (group.count, group.noun.text) == (10 * t + u, "nurses")


def test_every_nationality_is_stated():
    assert len(COUNTRIES) >= 180
    for word in COUNTRIES:
        (group,) = people_groups(f"a photo of a {word.capitalize()} nurse in a ward", "rules")
        stated = {("race", word.capitalize()), *([("gender", word.capitalize())] if word in OF_WOMEN else [])}
        assert {*group.fixed} == stated, word


def test_every_title_is_found_where_a_verb_follows():
    assert len(lexicon.OCCUPATIONS) >= 600
    for title in lexicon.OCCUPATIONS:
        (group,) = people_groups(f"the {title} flabbers the wheat", "rules")
        assert group.noun.text == title


def test_roles_are_in_no_other_list_of_people():
    assert len(ROLES) >= 600
    assert not ROLES & (lexicon.OCCUPATIONS | nouns.PEOPLE | nouns.GENDERED | nouns.WEAK)


@pytest.mark.parametrize(
    ("noun", "person"),
    [
        ("oboist", True),
        ("beekeepers", True),
        ("yachtswomen", True),
        ("tradespeople", True),
        ("ex-boxer", True),
        ("quilter", True),
        ("singer-songwriter", True),
        ("glass artist", True),
        ("glass soldier", False),
        ("screwdriver", False),
        ("ramen", False),
        ("German", False),
        ("impressionist", False),
        ("tower", False),
        ("butter", False),
        ("record player", False),
        ("butterflies", False),
    ],
)
def test_suffix_rules(noun, person):
    assert lexicon.is_person(noun) == person


@pytest.mark.parametrize(
    ("word", "following", "axis"),
    [
        ("East Asian", "", "race"),
        ("Japanese-American", "", "race"),
        ("black", "nurse", "race"),
        ("black", "market", None),
        ("Black", "market", "race"),
        ("French", "horn", None),
        ("French", "nurse", "race"),
        ("old", "friend", None),
        ("old", "nurse", "age"),
        ("dark", "knight", None),
        ("dark-skinned", "knight", "skin tone"),
        ("30 years old", "", "age"),
        ("aged 40", "", "age"),
        ("cold", "", None),
        ("twenty", "", None),
    ],
)
def test_attribute_words(word, following, axis):
    assert attribute_axis(word, following) == axis
