"""The comparison's rows, lists of prompts and bounds."""

import copy
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from fair_attention.benchmarks import (
    comparison,
    comparison_figures,
    comparison_methods,
    comparison_numbers,
    comparison_page,
    comparison_run,
    comparison_uce,
    search,
)
from fair_attention.benchmarks.comparison_methods import AIMS, LAG, PLAIN, SEGA, UCE, Prompt, methods, read_prompts
from fair_attention.benchmarks.comparison_quick import NAMES, quick_problems
from fair_attention.benchmarks.equisteer import steer
from fair_attention.emoji_world.captions import KNOWN_WORDS
from fair_attention.guidance.baselines.uce import REWRITE
from fair_attention.metrics.readers import Reading

LISTS = Path(comparison.__file__).parent / "prompts"


def test_the_two_parts_share_no_occupation_and_no_seed():
    for name in ("emoji", "photographs"):
        tuning, reporting = (read_prompts(LISTS / f"{name}_{part}.tsv") for part in ("tuning", "reporting"))
        assert not {p.occupation for p in tuning} & {p.occupation for p in reporting}
        assert not {p.form for p in reporting} <= {p.form for p in tuning}
        assert len({p.text for p in (*tuning, *reporting)}) == len(tuning) + len(reporting)
    first = comparison_run.FIRST_SEED
    assert first["reporting"] >= first["tuning"] + 10_000


def test_the_emoji_world_knows_every_word_of_its_prompts():
    for part in ("tuning", "reporting"):
        for prompt in read_prompts(LISTS / f"emoji_{part}.tsv"):
            assert set(prompt.text.split()) <= set(KNOWN_WORDS), prompt
            assert prompt.people in (1, 2, 3, 4) and prompt.occupation in prompt.text


def test_every_method_aims_at_every_axis_by_the_same_name():
    names = list(methods())
    assert len(names) == 3 + 1 + 11 * len(AIMS) and names[0] == PLAIN
    assert all(name.endswith(f": {' x '.join(m.aim)}") for name, m in methods().items() if m.aim)


def test_risk_difference_and_people_by_number_by_hand():
    def person(gender, tone="light"):
        return Reading((0, 0, 1, 1), {"gender": gender, "skin tone": tone})

    read = {"a": [[person("male"), person("male", "dark")]], "b": [[person("female"), person(None)]]}
    axes = {"gender": ("male", "female"), "skin tone": ("light", "tan", "dark")}
    assert comparison_numbers.risk_differences(read, axes) == {
        "gender": pytest.approx(1 / 3),
        "skin tone": pytest.approx(0.5),
    }
    prompts = [Prompt("", 2, "x", "a"), Prompt("", 1, "x", "b")]
    before = {"a": [[person("male")] * 2], "b": [[person("male")]]}
    assert comparison_numbers.by_number(prompts, before, read) == {"1": 0.0, "2": 1.0}


def row(bias_w=0.05, bias_p=0.05, psnr=21.0):
    return {"bias_w": {"gender": bias_w}, "bias_p": {"gender": bias_p}, "bias_p_floor": {"gender": 0.0}, "people_kept": 1.0,
            "kept": {"occupation": 0.97}, "psnr": psnr}  # fmt: skip


def test_quick_fails_when_a_method_breaks():
    good = {PLAIN: row(1.0, 1.0), **{name: row() for name in NAMES.values()}}
    assert quick_problems(good) == []
    for name, broken, said in (
        (NAMES["LAG"], row(bias_w=0.5), "Bias-W"),  # it steers nobody
        (NAMES["LAG"], row(bias_p=0.5), "Bias-P above its floor"),  # all alike in a picture
        (NAMES["SEGA"], row(bias_w=0.9), "Bias-W"),
        (NAMES["UCE"], row(bias_w=1.0), "Bias-W"),
        (NAMES["SEGA"], row(psnr=100.0), "PSNR"),  # it changes nothing
        (NAMES["SD-EI"], row(psnr=100.0), "PSNR"),
        (PLAIN, row(0.1, 0.1), "Bias-W"),  # the world has lost its bias
    ):
        (problem,) = quick_problems({**copy.deepcopy(good), name: broken})
        assert name in problem and said in problem


def test_page_says_what_is_met_and_what_is_not(tmp_path, monkeypatch):
    axes = comparison_page.AXES
    full = {
        "bias_w": dict.fromkeys(axes, 0.04), "bias_p": dict.fromkeys(axes, 0.1), "bias_p_floor": dict.fromkeys(axes, 0.1),
        "risk_difference": {"gender": 0.1, "skin tone": 0.2}, "people_kept": 0.97, "kept": {"occupation": 0.95}, "psnr": 22.0,
        "psnr_outside_people": 30.0, "ssim": 0.9, "unchanged": 0.0, "seconds": 1.5, "pictures": 32,
        "miou": {f"{a}, {t}": 0.3 for a in ("gender", "skin tone") for t in ("own", "held out")},
        "people_kept_by_number": {"1": 0.9}, "occupation_by_people": {"1": 0.95},
    }  # fmt: skip
    full |= {"bias_w_95": dict.fromkeys(axes, (0.01, 0.06)), "bias_p_95": dict.fromkeys(axes, (0.08, 0.12))}
    full["second_reader"] = {"unreadable": 7} | {k: full[k] for k in ("bias_w", "bias_p", "bias_w_95", "bias_p_95")}
    worse = {**full, "bias_p": dict.fromkeys(axes, 0.9), "bias_p_95": dict.fromkeys(axes, (0.85, 0.95)), "psnr": 15.0}
    rows = {f"reporting: {LAG}: gender": full, f"reporting: {SEGA}: gender": worse, f"reporting: {PLAIN}": full}
    looped = f"{UCE}, {REWRITE}: gender"
    rows[f"reporting: {looped}"] = {**worse, "loop": "7 rounds of at most 30, 2 of 3 texts met"}
    data = {
        "setting": {"steps": 20, "cfg": 1.5, "reader": "r", "first_seed": comparison_run.FIRST_SEED},
        "methods": rows,
    }
    written = {}
    monkeypatch.setattr(comparison_page, "write_section", lambda heading, text: written.update({heading: text}))
    comparison_page.write_page(data, {"tuning": 18, "reporting": 33})
    (text,) = written.values()
    assert "| Bias-W, gender | 0.04 | ≤ 0.05 | met |" in text
    assert f"| Bias-W, gender, beside the best baseline's upper end ({SEGA}: gender) | 0.04 | ≤ 0.06 | met |" in text
    said = f"| Bias-P, gender, its upper end beside the best baseline's lower end ({SEGA}: gender) |"
    assert f"{said} 0.12 | ≤ 0.85 | met |" in text
    assert "| people kept, gender, prompts of 1 | 0.9 | ≥ 0.95 | **not met** |" in text
    assert "0.04, .01 to .06 / 0.10, .08 to .12 (0.10)" in text
    assert f"its loop had found: {looped}: 7 rounds of at most 30, 2 of 3 texts met." in text
    assert f"| {PLAIN} | {' | '.join(['0.04, .01 to .06 / 0.10, .08 to .12'] * 3)} | 7 |" in text
    assert "Tuning part: 18 prompts, seeds from 0\n\nNot drawn yet." in text


def test_strip_has_a_row_a_method(tmp_path):
    picture = torch.zeros(16, 16, 3)
    comparison_page.strip({"a": [picture] * 3, "b: c": [picture] * 3}, ["x", "y", "z"], tmp_path / "s.png")
    size = Image.open(tmp_path / "s.png").size
    assert size == (
        comparison_page.LABEL + 3 * comparison_page.CELL,
        2 * comparison_page.LINE + 2 * comparison_page.CELL,
    )


def test_strip_is_left_as_it_is_where_a_rows_pictures_are_not_here(tmp_path, capsys):
    prompts = [Prompt("one person", 1, "doctor", text) for text in ("a", "b")]
    studio = comparison_methods.Studio(None, "", 20, tmp_path / "kept")
    setting = comparison_run.Setting(studio, None, 1.5, 64, "reporting")
    for name in ("one", "two"):
        for prompt in prompts:
            file = comparison_run.kept_at(setting, name, prompt, 10_000, 2)
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"pictures": torch.full((2, 16, 16, 3), 255, dtype=torch.uint8)}, file)
    rows, out = dict.fromkeys(("one", "two", "three"), comparison_methods.Method()), tmp_path / "strip.png"
    out.write_bytes(b"of another machine")
    comparison_run.draw_strip(setting, rows, prompts, 2, out)
    assert out.read_bytes() == b"of another machine"
    assert "strip.png is left as it is: no pictures are kept of three" in capsys.readouterr().out
    rows.pop("three")
    comparison_run.draw_strip(setting, rows, prompts, 2, out)
    assert Image.open(out).size[1] == 2 * comparison_page.LINE + 2 * comparison_page.CELL


def test_equisteer_by_hand():
    """Both directions taken out, the second made orthogonal first; the picture's own added; the token's length kept."""
    output = torch.tensor([[[3.0, 4.0, 12.0]]])
    one, two = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.6, 0.8, 0.0])  # the second without the first: (0, 1, 0)
    found = steer(output, [one, two], [2.0, 5.0], [1])
    wanted = torch.tensor([3.0, 4.0, 12.0])  # (0, 0, 12) and 5 (.6, .8, 0)
    assert torch.allclose(found[0, 0], wanted / wanted.norm() * 13)
    alone = steer(output, [one, two], [2.0, 5.0], [0])[0, 0]
    assert torch.allclose(alone, torch.tensor([2.0, 0.0, 12.0]) / 148**0.5 * 13)


def test_the_search_takes_the_fairest_of_those_that_keep_people():
    def tried(bias_w, bias_p, kept):
        return {**row(bias_w, bias_p), "people_kept": kept}

    rows = {"a": tried(0.5, 0.5, 1.0), "b": tried(0.1, 0.3, 0.95), "c": tried(0.0, 0.1, 0.6), "d": tried(0.2, 0.3, 0.9)}
    assert search.best(rows, "gender") == "b"
    assert search.best({"a": tried(0.5, 0.5, 0.7), "c": tried(0.0, 0.1, 0.6)}, "gender") == "a"
    names = list(search.TRIES[SEGA])
    drawn = {f"{SEGA}: gender: {name}": tried(0.1 * i, 0.5, 1.0) for i, name in enumerate(names)}
    assert search.found_by(drawn) == {f"{SEGA}: gender": {"try": names[0], "inputs": {}}}
    drawn.popitem()
    assert search.found_by(drawn) == {}  # not all of them were drawn


def test_a_row_of_best_settings_waits_for_the_search(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_methods, "SEARCHED", tmp_path / "search.json")
    with pytest.raises(
        SystemExit, match="no best settings for gender yet: run python -m fair_attention.benchmarks.search"
    ):
        comparison_methods.best_found(SEGA, ("gender",))
    found = {f"{SEGA}: skin tone": {"try": "scale 2", "inputs": {"scale": 2.0}}}
    (tmp_path / "search.json").write_text(json.dumps({"found": found}))
    assert comparison_methods.best_found(SEGA, ("gender", "skin tone")) == {"scale": 2.0}


def test_uces_concepts_are_those_beside_the_results_where_its_loop_has_run(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison_uce, "LOOPS", tmp_path / "results")
    kept, aim = tmp_path / "kept" / "abc", ("gender", "skin tone")
    assert comparison_uce.concepts_file(kept, REWRITE, aim) == kept / "uce - rewrite - gender x skin tone.json"
    with pytest.raises(SystemExit, match="--variant rewrite --attributes 'gender x skin tone' --out"):
        comparison_uce.concepts_found(kept, REWRITE, aim)
    shipped = tmp_path / "results" / "abc" / "rewrite - gender x skin tone.json"
    shipped.parent.mkdir(parents=True)
    observed = {"[judge]": [0.5, 0.5], "[cook]": [0.1, 0.9], "[cooks]": [0.46, 0.54]}
    shipped.write_text(json.dumps({"rounds": [{}] * 7, "observed": observed, "lines": "judge | female 0.1"}))
    assert comparison_uce.concepts_file(kept, REWRITE, aim) == shipped
    assert comparison_uce.concepts_found(kept, REWRITE, aim) == "judge | female 0.1"
    assert comparison_uce.loop_run(shipped) == "7 rounds of at most 30, 2 of 3 texts met"
    assert comparison_uce.concepts_file(tmp_path / "kept" / "abd", REWRITE, aim) != shipped


def test_every_method_is_tried_equally_often():
    assert {len(tries) for tries in search.TRIES.values()} == {8}


def test_shares_by_occupation_and_bias_by_form_by_hand():
    def person(gender):
        return Reading((0, 0, 1, 1), {"gender": gender})

    prompts = [
        Prompt("2 people", 2, "judge", "a"),
        Prompt("mixed groups", 2, "judge", "b"),
        Prompt("2 people", 2, "cook", "c"),
    ]
    read = {
        "a": [[person("male"), person("male")], [person("male"), person("female")]],
        "b": [[person("female"), person("female")]],
        "c": [[person(None), person("female")]],
    }
    axes = {"gender": ("male", "female")}
    assert comparison_numbers.by_occupation(prompts, read, axes) == {
        "gender": {"judge": {"male": 0.75, "female": 0.25}, "cook": {"male": 0.0, "female": 1.0}}
    }
    forms = comparison_numbers.by_form(prompts, read, axes)["gender"]
    assert forms["2 people"]["bias_w"] == pytest.approx((0.5 + 1) / 2) and forms["mixed groups"]["bias_w"] == 1


def test_figures_are_of_what_was_drawn(tmp_path):
    def numbers(female):
        return {
            "by_occupation": {"gender": {"judge": {"male": 1 - female, "female": female}}},
            "by_form": {"gender": {"one person": {"bias_w": abs(1 - 2 * female)}}},
        }

    data = {"methods": {f"reporting: {PLAIN}": numbers(0.1), f"reporting: {LAG}: gender": numbers(0.5)}}
    names = comparison_figures.draw_figures(data, "reporting", tmp_path)
    assert names == ["comparison-occupations-female.png", "comparison-forms-gender.png"]
    assert all(Image.open(tmp_path / name).size[0] > 100 for name in names)
    assert comparison_figures.draw_figures({"methods": {}}, "reporting", tmp_path) == []
    del data["methods"][f"reporting: {PLAIN}"]
    data["methods"][f"reporting: {SEGA}: gender"] = numbers(0.2)
    assert comparison_figures.draw_figures(data, "reporting", tmp_path) == []  # nothing to hold them beside
