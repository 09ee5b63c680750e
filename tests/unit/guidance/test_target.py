"""Target distributions: what the user may write, what it means, how attribute sets are crossed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fair_attention.guidance.fair.attribute_list import parse_attributes, write_attributes
from fair_attention.guidance.fair.target import PRESETS, Attribute, TargetDistribution, cross


def target(text: str, axis: str = "", **options) -> TargetDistribution:
    attributes = parse_attributes(text, axis)
    return TargetDistribution(attributes[0].axis_values[0][0], attributes, **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("female 1, male 1", [("female", 1), ("male", 1)]),
        ("light: 2\ndark = 1", [("light", 2), ("dark", 1)]),
        ("East Asian 1,\nwhite 2,", [("East Asian", 1), ("White", 2)]),
        ("female\n\nmale 0.5", [("female", 1), ("male", 0.5)]),
        ("middle-aged 3e-1, old:0", [("middle-aged", 0.3), ("old", 0)]),
        ("Gender", [("female", 1), ("male", 1)]),
        (" skin TONE ", [("light", 1), ("tan", 1), ("brown", 1), ("dark", 1)]),
        ("female 30%, male 70%", [("female", 30), ("male", 70)]),
        ("50% female\nmale: 50 %", [("female", 50), ("male", 50)]),
        ("young 33%, middle-aged 33 %, old 33%", [("young", 33), ("middle-aged", 33), ("old", 33)]),
        ("young 60%, middle-aged, old", [("young", 60), ("middle-aged", 20), ("old", 20)]),
        ("30 years old 2", [("30 years old", 2)]),
        ("femal 1 | femal person", [("femal", 1)]),
    ],
)
def test_entries_are_read(text: str, expected: list) -> None:
    assert [(a.name, a.share) for a in parse_attributes(text)] == expected


@pytest.mark.parametrize("axis", PRESETS)
def test_a_written_set_is_read_as_that_set(axis: str) -> None:
    assert parse_attributes(write_attributes(PRESETS[axis])) == PRESETS[axis]


def test_a_written_list_keeps_shares_and_own_prompts() -> None:
    text = "with glasses 0.5 | person with glasses\nfemale 2 | a woman\ntall 1"
    assert write_attributes(parse_attributes(text)) == text


def test_prompt_after_a_bar_and_default_prompts() -> None:
    a, b = parse_attributes("female 1 | a female person\ntall 2")
    assert (a.prompt, a.word, b.prompt, b.word) == ("a female person", "female", "tall person", "tall")


def test_names_of_a_ready_made_set_bring_axis_spelling_and_prompt() -> None:
    light, dark = parse_attributes("LIGHT 2, dark 1")
    assert light.axis_values == (("skin tone", "light"),)
    assert (light.prompt, dark.prompt) == ("person with light skin", "person with dark skin")


def test_a_given_axis_is_kept() -> None:
    (hat,) = parse_attributes("dark 1", axis="hair")
    assert (hat.axis_values, hat.prompt) == ((("hair", "dark"),), "dark person")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("female -1, male 1", "negative share -1: write 0 or more"),
        ("female 0, male 0", "all shares are 0"),
        ("female: many", "'many' is not a number"),
        ("female 1x", "'1x' is not a number"),
        ("female 30%", "sum to 30%: make it 100%"),
        ("female 60%, male 60%", "sum to 120%"),
        ("female 100%, male", "sum to 100%"),
        ("female 50%, male 1", "'male' has a share without '%'"),
        ("female ten%", "holds '%'"),
        ("female =", "'' is not a number"),
        ("female nan", "finite number"),
        ("female inf", "finite number"),
        ("female: -inf", "finite number"),
        ("female 1, Female 2", "'female' is given twice"),
        ("female 1 |", "no prompt after"),
        ("1", "no name"),
        (": 2", "no name"),
        ("female 1,, male 1", "no name"),
        ("", "there is no attribute"),
        (" \n ", "there is no attribute"),
        ("female 1 | a female person, smiling", "no comma in a prompt"),
        ("female 1 male 1", "holds a share that is not at its end"),
        ("1 female", "holds a share that is not at its end"),
        ("female/male", "holds '/'"),
        ("female; male", "holds ';'"),
        ("???", "is no attribute"),
        ("please make about half of all the people women", "is a sentence"),
        ("Make them fair.", "is a sentence"),
        ("femal 1, male 1", "is 'female' meant"),
    ],
)
def test_bad_entries_say_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("|", r"\|")):
        parse_attributes(text)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"assignment": "lottery"}, "'lottery' is unknown"), ({"seed": -1}, "seed -1"), ({"seed": 2**64}, "out of range")],
)
def test_bad_targets_say_what_is_wrong(options: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        target("female 1, male 1", **options)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(lambda shares: sum(shares) > 1e-6))
def test_shares_are_normalised(shares: list[float]) -> None:
    made = target(", ".join(f"{chr(97 + i)}: {share!r}" for i, share in enumerate(shares)))
    assert sum(made.shares) == pytest.approx(1)
    assert made.shares[0] * sum(shares) == pytest.approx(shares[0])


def test_crossing_multiplies_shares_and_orders_adjectives() -> None:
    gender = target("female 1, male 3", seed=5, quota="queue")
    race = target("White 1, Black 1")
    crossed = cross(gender, race)
    # female x (White, Black) then male x (White, Black): 1/4 * 1/2 = 0.125, 3/4 * 1/2 = 0.375
    assert crossed.shares == pytest.approx((0.125, 0.125, 0.375, 0.375))
    assert (crossed.axis, crossed.seed, crossed.quota) == ("gender x race", 5, "queue")
    second = crossed.attributes[1]
    assert (second.name, second.word, second.prompt) == ("Black female", "Black female", "Black female person")
    assert second.axis_values == (("gender", "female"), ("race", "Black"))


def test_crossed_targets_can_be_crossed_again() -> None:
    presets = {axis: TargetDistribution(axis, PRESETS[axis]) for axis in PRESETS}
    three = cross(cross(presets["gender"], presets["skin tone"]), presets["age"])
    first = three.attributes[0]
    assert len(three.attributes) == 2 * 4 * 3
    assert (first.word, first.prompt) == ("young light female", "young female person with light skin")
    assert first.axis_values == (("gender", "female"), ("skin tone", "light"), ("age", "young"))


@pytest.mark.parametrize(
    ("race_prompt", "gender_prompt", "joined"),
    [
        ("an Indian person", "a female person", "an Indian female person"),
        ("Indian person", "a woman", "Indian woman"),
        ("face from India", "a woman", "face from India, a woman"),
    ],
)
def test_own_prompts_are_joined(race_prompt: str, gender_prompt: str, joined: str) -> None:
    crossed = cross(target(f"female 1 | {gender_prompt}"), target(f"Indian 1 | {race_prompt}"))
    assert crossed.attributes[0].prompt == joined


def test_the_same_axis_cannot_be_crossed_with_itself() -> None:
    gender = target("female 1, male 1")
    with pytest.raises(ValueError, match="both targets hold 'gender'"):
        cross(gender, gender)


def test_presets_are_valid_targets() -> None:
    assert [len(TargetDistribution(axis, preset).attributes) for axis, preset in PRESETS.items()] == [2, 4, 4, 3]
    assert PRESETS["race"][2].prompt == "East Asian person"


def test_a_known_name_may_stand_beside_others_and_a_set_may_not():
    assert [a.name for a in parse_attributes("female, male, nonbinary")] == ["female", "male", "nonbinary"]
    for text in ("gender, skin tone", "gender x age", "Race 1\nfemale 1"):
        with pytest.raises(ValueError, match="is a ready-made set and no attribute"):
            parse_attributes(text)
    assert [a.name for a in parse_attributes("age 1 | a person of any age\nold 1")] == ["age", "old"]


def test_an_axis_without_a_place_among_adjectives_comes_before_those_that_have_one():
    hair = TargetDistribution("hair", (Attribute("blond", 1.0, "blond person", "blond", (("hair", "blond"),)),))
    age = TargetDistribution("age", (Attribute("old", 1.0, "old person", "old", (("age", "old"),)),))
    assert cross(age, hair).attributes[0].name == cross(hair, age).attributes[0].name == "blond old"
