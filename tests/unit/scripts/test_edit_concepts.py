"""UCE's loop as a command: it draws until the shares are met, goes on where it was stopped, and gives up as published."""

import json

import pytest
import torch

from fair_attention.guidance.baselines.concepts import parse_concepts
from fair_attention.guidance.baselines.uce import PAPER, REWRITE, VARIANTS
from fair_attention.guidance.baselines.uce_loop import Loop, lines_of, marked_texts, shares_read
from fair_attention.guidance.fair.target import PRESETS
from fair_attention.host import tiny_readers
from fair_attention.scripts.edit_concepts import load_reader, run, saved

NAMES = ["female", "male"]


def like_a_model(start: float, slope: float):
    """A concept whose share of women moves by `slope` for every 1 that it is leaned; counts of ten pictures."""

    def look(loop: Loop, text: str) -> tuple[float, float]:
        rounds = loop.rounds if loop.variant == PAPER else loop.rounds[-1:]
        leaned = sum(r.weights[text][0] for r in rounds)
        share = round(10 * min(1.0, max(0.0, start + slope * leaned))) / 10
        return share, 1 - share

    return look


def test_the_loop_ends_when_the_shares_are_met(tmp_path):
    loop = Loop(REWRITE, ("[pilot]",), (0.5, 0.5))
    assert run(loop, tmp_path / "a.json", NAMES, like_a_model(0.0, 0.6))
    # 0 -> lean .5, seen .3 -> lean .7, seen .4 -> lean .8, seen .5: met
    assert [r.weights["[pilot]"][0] for r in loop.rounds] == pytest.approx([0.5, 0.7, 0.8])
    lines = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["lines"]
    assert lines == "[pilot] | female 0.8, male -0.8"
    (concept,) = parse_concepts(lines, NAMES, NAMES, VARIANTS[REWRITE])[0]
    assert concept.text == "pilot" and concept.weights == (0.8, -0.8)


def test_the_paper_era_takes_small_steps_and_keeps_what_is_met(tmp_path):
    texts = marked_texts("pilot", PAPER)
    assert texts[:2] == ("image of [pilot]", "photo of [pilot]") and texts[-1] == "[pilot]"
    drawn = []

    def look(loop, text):
        drawn.append(text)
        return (0.5, 0.5) if text == texts[0] else like_a_model(0.0, 5.0)(loop, text)

    loop = Loop(PAPER, texts, (0.5, 0.5))
    assert run(loop, tmp_path / "a.json", NAMES, look)
    assert drawn.count(texts[0]) == 1 and drawn.count(texts[1]) == len(loop.rounds) + 1
    assert loop.rounds[0].weights[texts[0]] == (0, 0) and loop.rounds[0].weights[texts[1]] == pytest.approx(
        (0.05, -0.05)
    )
    assert lines_of(loop.rounds, PAPER, NAMES).count("\n\n") == len(loop.rounds) - 1


def test_it_gives_up_after_so_many_rounds_and_goes_on_where_it_was_stopped(tmp_path):
    path, never = tmp_path / "a.json", like_a_model(0.0, 0.0)
    loop = Loop(REWRITE, ("[pilot]",), (0.5, 0.5))
    assert not run(loop, path, NAMES, never, most=3) and len(loop.rounds) == 3
    again = saved(path, Loop(REWRITE, ("[pilot]",), (0.5, 0.5)))
    assert again.rounds == loop.rounds and again.observed == loop.observed
    other = saved(path, Loop(REWRITE, ("[nurse]",), (0.5, 0.5)))
    assert not other.rounds


def test_shares_of_those_who_are_one_of_the_attributes():
    people = [{"gender": "female"}, {"gender": "male"}, {"gender": "male"}, {"gender": None}, {}]
    assert shares_read(people, PRESETS["gender"]) == pytest.approx((1 / 3, 2 / 3))
    assert shares_read([{"gender": None}], PRESETS["gender"]) is None


def test_a_reader_and_a_detector_come_from_folders(tmp_path):
    """Left dark, right bright, where the tiny detector boxes somebody."""
    pytest.importorskip("transformers")
    assert load_reader("").name == "emoji reader"
    tiny_readers.classifier(tmp_path / "brightness", ("Female", "Male"))
    tiny_readers.detector(tmp_path / "finder", ("cat", "person"), [(0.25, 0.5, 0.3, 0.6), (0.75, 0.5, 0.3, 0.6)])
    reader = load_reader(str(tmp_path / "brightness"), str(tmp_path / "finder"))
    picture = torch.full((1, 40, 80, 3), 0.1)
    picture[:, :, 40:] = 0.9
    assert [r.labels for r in reader.read(picture)[0]] == [{"gender": "female"}, {"gender": "male"}]
    assert (reader.name, reader.axes) == ("brightness", {"gender": ("female", "male")})
    drawn = load_reader(str(tmp_path / "brightness"))  # nobody the emoji reader would know
    assert drawn.read(torch.full((1, 64, 64, 3), 0.5)) == [[]]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("some/folder",), "--reader, --detector: folder: there is no folder some/folder: put a model's config.json"),
        (
            ("", "some/folder"),
            "--detector some/folder: it finds people for a reader of yours; give --reader FOLDER too",
        ),
    ],
)
def test_folders_that_are_none_are_refused_in_words(given, says):
    with pytest.raises(SystemExit, match=says):
        load_reader(*given)
