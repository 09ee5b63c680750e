"""Nodes of measurement in the real executor: pooling lists, comparing runs, texts for other programs, refusals."""

import csv
import io
import json

import pytest
import torch


@pytest.fixture(scope="module")
def parts(host):
    """Node classes, and a run of readings: each string a picture, each letter a person."""
    readers = host.pack.metrics.readers

    def run(*images, reader="emoji world", axes=None):
        people = (
            tuple(readers.Reading((0, 0, 9, 9), {"gender": {"f": "female", "m": "male"}.get(c)}) for c in image)
            for image in images
        )
        return readers.ReadAttributes(reader, axes or {"gender": ("female", "male")}, tuple(people))

    return host.nodes.NODE_CLASS_MAPPINGS, run


def test_outputs_of_bias_metrics(parts):
    node, run = parts
    w, p, floor, text, chart, people, numbers = node["FairBiasMetrics"].execute(run("fmm", "m?")).result
    assert (w, p, floor) == pytest.approx((0.5, (1 / 3 + 1) / 2, (1 / 3 + 1) / 2))
    assert "Bias-W: 0.500 (95 %: 0.000 to " in text and "1 person is unreadable, counted here" in text
    assert len(list(csv.DictReader(io.StringIO(people)))) == 5
    assert json.loads(numbers)["bias_w"]["value"] == pytest.approx(0.5)
    assert chart.shape[0] == 1 and chart.shape[2] == 520


def test_pooled_prompts_are_averaged_and_drawn(parts):
    node, run = parts
    (pooled,) = (
        node["FairPoolAttributes"].execute([run("mm", "mm"), run("ff", "ff")], ["doctors", "teachers"], [1]).result
    )
    w, _, _, text, chart, *_ = node["FairBiasMetrics"].execute(pooled).result
    alone = node["FairBiasMetrics"].execute(run("mm", "ff")).result[4]
    assert w == 1 and "doctors: Bias-W 1.00" in text and "mean over 2 prompts" in text
    assert chart.shape[1] > alone.shape[1]  # a bar for each prompt below
    row = chart[0, alone.shape[1] + 42 : alone.shape[1] + 66, 170:430]  # all of one colour each
    assert torch.equal(row, row[:1, :1].expand_as(row))


def test_before_and_after(parts):
    node, run = parts
    d, low, high, text, chart = node["FairCompareBias"].execute(run(*["mm"] * 16), run(*["fm"] * 16)).result
    assert d == -1 and low <= -0.9 and high < -0.5 and "fairer after" in text and chart.shape[2] == 520


@pytest.mark.parametrize(
    ("kind", "inputs", "says"),
    [
        ("FairBiasMetrics", lambda run: {"attributes": run("f"), "axis": "race"}, "Bias-W / Bias-P, axis: emoji world does not read 'race'; write one of gender"),
        ("FairPoolAttributes", lambda run: {"attributes": [run("f"), run("m")], "prompt": ["a", "b", "c"]}, "Pool Attributes, prompts: 3 for 2 runs; give one for each run"),
        ("FairPoolAttributes", lambda run: {"attributes": [run("f"), run("m", reader="other")]}, "Pool Attributes, attributes: .* read all with the same one"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f", "m")}, "Compare Bias, after: before has 1 pictures, after 2; connect as many"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f", reader="other")}, "Compare Bias, after: .* read both with the same reader"),
        ("FairCompareBias", lambda run: {"before": run("f"), "after": run("f"), "axis": "age"}, "Compare Bias, axis: emoji world does not read 'age'"),
    ],
)  # fmt: skip
def test_refusals(parts, kind, inputs, says):
    node, run = parts
    with pytest.raises(ValueError, match=says):
        node[kind].execute(**inputs(run))


def test_nobody_readable_is_said_and_drawn(parts):
    node, run = parts
    w, *_, text, chart, people, numbers = node["FairBiasMetrics"].execute(run("", "?")).result
    assert w != w and "no readable face in 2 images (1 unreadable)" in text
    assert json.loads(numbers)["bias_w"]["value"] is None
    assert "nobody readable" in node["FairCompareBias"].execute(run("?"), run("f")).result[3]


def test_two_readings_of_a_graph_are_pooled_by_the_executor(run_prompt, host):
    """A node with lists as inputs sees all runs at once: two readings of a picture of nobody."""
    grey = {"class_type": "EmptyImage", "inputs": {"width": 128, "height": 128, "batch_size": 2, "color": 0xCCCCCC}}
    graph = {
        "1": grey,
        "2": {"class_type": "FairReadAttributes", "inputs": {"image": ["1", 0], "reader": "emoji world"}},
        "3": {"class_type": "FairPoolAttributes", "inputs": {"attributes": ["2", 0]}},
        "4": {"class_type": "FairBiasMetrics", "inputs": {"attributes": ["3", 0], "axis": "gender"}},
    }
    run = run_prompt(graph)
    assert run.errors == []
    ((text,),) = [run.values["4"][3]]
    assert "no readable face in 2 images" in text
