"""Readings become labels: one axis, crossed axes, what could not be read."""

import pytest

from fair_attention.guidance.fair.attribute_list import parse_attributes
from fair_attention.guidance.fair.target import TargetDistribution, cross
from fair_attention.metrics.bias import measure_bias
from fair_attention.metrics.readers import Reading, labels_of

GENDER = ("female", "male")
TONE = ("light", "tan", "brown", "dark")


def reading(gender: str | None, tone: str | None) -> Reading:
    return Reading((0, 0, 1, 1), {"gender": gender, "skin tone": tone})


def test_one_axis() -> None:
    images = [[reading("male", None), reading(None, "dark")], []]
    assert labels_of(images, {"gender": GENDER}) == ([[1, None], []], ["female", "male"])


def test_crossed_axes_last_axis_fastest() -> None:
    images = [[reading("female", "dark"), reading("male", "light"), reading("male", None), Reading((0, 0, 1, 1))]]
    labels, classes = labels_of(images, {"gender": GENDER, "skin tone": TONE})
    assert labels == [[3, 4, None, None]]
    assert classes[3:5] == ["female x dark", "male x light"]


def test_crossed_classes_are_in_the_order_of_a_crossed_target() -> None:
    gender = TargetDistribution("gender", parse_attributes("female 1, male 3"))
    tone = TargetDistribution("skin tone", parse_attributes("light, tan, brown, dark"))
    target = cross(gender, tone)
    _, classes = labels_of([], {"gender": GENDER, "skin tone": TONE})
    assert [" x ".join(value for _, value in a.axis_values) for a in target.attributes] == classes
    measure_bias([[0, 7]], classes, target.shares)


def test_a_value_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="'robot' for gender"):
        labels_of([[reading("robot", "dark")]], {"gender": GENDER})
