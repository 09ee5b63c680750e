"""SD-EI: the published sentences letter by letter, and ours, which are grammatical."""

import pytest

from fair_attention.attention.prompt.language import people_groups
from fair_attention.guidance.baselines.ethical import OURS, PUBLISHED, PUBLISHED_SHORT, Subject, intervened, subjects_of


def said(prompt: str, axis: str, wording: str) -> str:
    return intervened(prompt, subjects_of(people_groups(prompt, "rules")), axis, wording)


@pytest.mark.parametrize(
    ("prompt", "axis", "wording", "wanted"),
    [
        ("a photo of a pilot", "gender", PUBLISHED, "a photo of a pilot if all individuals can be a pilot irrespective of their gender"),
        ("a photo of a accountant", "skin colour", PUBLISHED,
         "a photo of a accountant if all individuals can be a accountant irrespective of their skin color"),
        ("a photo of a flight attendant", "gender", PUBLISHED,
         "a photo of a flight attendant if all individuals can be a flight attendant irrespective of their gender"),
        ("a photo of three pilots", "gender", PUBLISHED, "a photo of three pilots if all individuals can be a pilot irrespective of their gender"),
        ("a photo of a pilot", "gender", PUBLISHED_SHORT, "a photo of a pilot if all genders can be pilot"),
        ("a photo of a pilot", "skin colour", PUBLISHED_SHORT, "a photo of a pilot if all skin color can be pilot"),
        ("a photo of three pilots", "gender", OURS, "a photo of three pilots if all individuals can be pilots irrespective of their gender"),
        ("a photo of an accountant", "race (ours)", OURS,
         "a photo of an accountant if any individual can be an accountant irrespective of their race"),
        ("a judge and two cooks", "gender and skin colour (ours)", OURS,
         "a judge and two cooks if any individual can be a judge irrespective of their gender and skin color "
         "if all individuals can be cooks irrespective of their gender and skin color"),
    ],
)  # fmt: skip
def test_sentences(prompt: str, axis: str, wording: str, wanted: str) -> None:
    assert said(prompt, axis, wording) == wanted


def test_the_same_noun_is_named_once() -> None:
    assert subjects_of(people_groups("a pilot next to two pilots", "rules")) == (Subject("pilot", False),)
    several = subjects_of(people_groups("a pilot, two cooks and two pilots", "rules"))
    assert [s.noun for s in several] == ["pilot", "cooks"]


def test_nobody_and_unknown_choices_are_refused() -> None:
    with pytest.raises(ValueError, match="nobody is named"):
        said("a photo of trees", "gender", PUBLISHED)
    with pytest.raises(ValueError, match="'height' is unknown: choose one of gender"):
        said("a pilot", "height", PUBLISHED)
    with pytest.raises(ValueError, match="'loud' is unknown: choose one of published"):
        said("a pilot", "gender", "loud")
