"""Runs are pooled and paired by what their pictures are, and written so that other programs read them."""

import csv
import io
import json

import pytest

from fair_attention.metrics.axes import certified, named_axes
from fair_attention.metrics.comparison_report import compared, format_comparison
from fair_attention.metrics.pooling import pairs, pool
from fair_attention.metrics.readers import Certificate, Confusion, ReadAttributes, Reading, Source
from fair_attention.metrics.records import measurement_json, people_csv
from fair_attention.metrics.statistics import measure

AXES = {"gender": ("female", "male"), "age": ("young", "old")}


def run(*images: str, reader: str = "a reader", **more) -> ReadAttributes:
    """Each letter a person: f, m, or ? for unreadable."""
    names = {"f": "female", "m": "male", "?": None}
    people = (
        tuple(Reading((1, 2.5, 3, 4), {"gender": names[c], "age": "old"}, 0.9) for c in image) for image in images
    )
    return ReadAttributes(reader, AXES, tuple(people), **more)


def test_pooled_pictures_know_where_they_come_from():
    both = pool([run("fm", "m"), run("f")], ["doctors", "pilots"], [7])
    assert [len(image) for image in both.images] == [2, 1, 1]
    assert both.sources == (Source("doctors", 7, 0), Source("doctors", 7, 1), Source("pilots", 7, 0))
    again = pool([both, run("m")], [], [])
    assert again.sources == (*both.sources, Source("", None, 0))


@pytest.mark.parametrize(
    ("runs", "prompts", "says"),
    [
        ([], [], "no runs are connected"),
        ([run("f"), run("f"), run("f")], ["a", "b"], "prompts: 2 for 3 runs; give one for each run"),
        ([run("f"), run("f", reader="another")], [], "read by a reader, another by another"),
    ],
)
def test_runs_that_do_not_fit_are_refused(runs, prompts, says):
    with pytest.raises(ValueError, match=says):
        pool(runs, prompts, [])


def test_pictures_are_paired_by_prompt_seed_and_place():
    before = pool([run("f", "m"), run("f")], ["a", "b"], [1, 2])
    after = pool([run("m"), run("f", "f")], ["b", "a"], [2, 1])
    assert pairs(before, after)[:2] == ([0, 1, 2], [1, 2, 0])
    fewer = pool([run("m")], ["b"], [2])
    assert pairs(before, fewer) == (
        [2],
        [0],
        "prompt, seed and place in the batch; 2 pictures without a partner are left out",
    )


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (run("f", "m", reader="another"), "after by another; read both with the same reader"),
        (run("f"), "before has 2 pictures, after 1; connect as many"),
    ],
)
def test_pictures_that_are_no_pairs_are_refused(after, says):
    with pytest.raises(ValueError, match=says):
        pairs(run("f", "m"), after)


def test_pairs_of_other_prompts_are_refused():
    with pytest.raises(ValueError, match="no picture of after has the prompt"):
        pairs(pool([run("f")], ["a"], [1]), pool([run("f")], ["a"], [2]))
    with pytest.raises(ValueError, match="other prompts; pool both in the same order"):
        pairs(run("f"), pool([run("f")], ["a"], []))


def test_a_comparison_in_words():
    before, after = run(*["mm"] * 20), run(*["fm"] * 20)
    text = format_comparison(compared(before, after, ["gender"], *pairs(before, after)))
    assert "female 0.000 -> 0.500 (+0.500), male 1.000 -> 0.500 (-0.500)" in text
    assert "rests on 20 pairs of pictures, by their order" in text
    assert "difference: -1.000 (95 %: " in text and "fairer after" in text and "p below 0.001" in text
    nobody = compared(run("?"), run("f"), ["gender"], [0], [0], "their order")
    assert "nobody readable on one side" in format_comparison(nobody)


def test_csv_has_a_row_for_each_person():
    rows = list(csv.DictReader(io.StringIO(people_csv(pool([run("fm", "", "?")], ["doctors, smiling"], [3])))))
    assert [(r["picture"], r["person"], r["gender"], r["age"]) for r in rows] == [
        ("0", "0", "female", "old"), ("0", "1", "male", "old"), ("2", "0", "", "old"),
    ]  # fmt: skip
    assert rows[0]["prompt"] == "doctors, smiling" and rows[2]["batch_index"] == "2" and rows[0]["seed"] == "3"
    assert (rows[0]["left"], rows[0]["top"], rows[0]["confidence"], rows[0]["reader"]) == (
        "1.0",
        "2.5",
        "0.900",
        "a reader",
    )


def test_json_has_every_number_and_null_where_there_is_none():
    content = json.loads(measurement_json(measure([[0, 1, 1], [None]], ("female", "male"), axis="gender"), "a reader"))
    assert content["bias_w"]["value"] == pytest.approx(1 / 3) and content["bias_w"]["low"] == 0
    assert content["result"]["unreadable"] == 1 and content["unreadable_w"] == pytest.approx([0, 0.5])
    assert content["risk_difference"] == {"value": pytest.approx(1 / 3), "most": "male", "least": "female"}
    empty = json.loads(measurement_json(measure([[]], ("female", "male")), "a reader"))
    assert empty["bias_w"]["value"] is None and empty["p"] is None


def test_certificates_follow_the_order_of_the_classes():
    confusion = Confusion(("male", "female"), ((8, 1, 3), (2, 7, 4)))
    read = run("f", certificate=Certificate("a reader", {"gender": confusion}))
    assert certified(read, ["gender"], ("female", "male")) == [[7, 2, 4], [1, 8, 3]]
    assert certified(read, ["age"], ("young", "old")) is None
    assert certified(read, ["gender", "age"], ()) is None


@pytest.mark.parametrize(
    ("axis", "says"), [("race", "'race'; write one of gender, age"), ("gender x gender", "one axis twice")]
)
def test_axes_nobody_reads_are_refused(axis, says):
    with pytest.raises(ValueError, match=f"A node, axis: .*{says}"):
        named_axes(run("f"), axis, "A node")
