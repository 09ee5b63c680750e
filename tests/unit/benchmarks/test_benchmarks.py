"""What the benchmarks conclude from their numbers, with numbers made up by hand; and results that are gone on with."""

import time
from typing import Any

import pytest
import torch

from fair_attention.benchmarks.bias_page import bars as fairness_bars
from fair_attention.benchmarks.bias_page import off_target
from fair_attention.benchmarks.emoji import Saved, kept, likeness
from fair_attention.benchmarks.entanglement_page import (
    BOTH,
    CHOICES,
    DEFAULT,
    FAIR,
    LAMBDA,
    bars,
    best_choice,
    knee,
    lambda_name,
)
from fair_attention.benchmarks.guidance import PROCESSOR, paired
from fair_attention.metrics.readers import Reading


def row(gender: float, tone: float = 0.3, **other: Any) -> dict[str, Any]:
    return {"miou": {"gender": gender, "skin tone": tone}, **other}


def test_the_knee_is_where_the_curve_bends() -> None:
    # mIoU removed 0, .8, .9, 1 of all against PSNR lost 0, .2, .6, 1 of all: .6 above the line, then .3, then 0
    rows = {
        lambda_name(10): row(0.5, 0.5, psnr=30.0),
        lambda_name(30): row(0.34, 0.34, psnr=28.0),
        lambda_name(LAMBDA): row(0.32, 0.32, psnr=24.0),
        lambda_name(400): row(0.3, 0.3, psnr=20.0),
    }
    assert lambda_name(LAMBDA) == DEFAULT and knee(rows, (10, 30, LAMBDA, 400)) == 30
    assert knee(rows, (10, 25, 400)) is None  # two of them are measured
    flat = {name: {**r, "psnr": 30.0} for name, r in rows.items()}
    assert knee(flat, (10, 30, LAMBDA, 400)) is None


def test_the_best_choice_takes_away_most_by_second() -> None:
    rows = {CHOICES[0]: {"removed_per_second": 0.1}, CHOICES[3]: {"removed_per_second": 0.2}, "other": {}}
    assert best_choice(rows) == CHOICES[3] and best_choice({}) is None


def test_bars_by_hand() -> None:
    fair, both = {"bias_w": {"gender": 0.2}}, {"bias_w": {"gender": 0.23}}
    rows = {
        "unedited": row(0.4, 0.2),
        DEFAULT: row(0.2, 0.12, reduction_percent={"gender": 50.0, "skin tone": 40.0}, occupation_read=0.95),
        FAIR: row(0.4, 0.2, **fair),
        BOTH: row(0.21, 0.2, **both),
    }
    met = {bar["what"]: bar["met"] for bar in bars(rows)}
    assert met == {
        "gender: unedited mIoU far enough above chance to mean anything": True,
        "softiou: mIoU of gender reduced, percent": True,
        "softiou: mIoU of gender no lower than chance - 0.05": True,
        "skin tone: unedited mIoU far enough above chance to mean anything": False,  # 0.2 < 0.176 + 0.05
        "softiou: mIoU of skin tone reduced, percent": True,
        "softiou: mIoU of skin tone no lower than chance - 0.05": False,  # 0.12 < 0.126
        "softiou: people read with the occupation asked for": True,
        "fair inference + softiou: Bias-W of gender": False,  # 0.23 > 1.1 * 0.2
        "fair inference + softiou: mIoU of gender": True,  # 0.21 <= 1.1 * 0.2
        "fair inference + softiou: mIoU of skin tone": False,
    }
    assert [bar["met"] for bar in bars({"unedited": row(0.4)})] == [True, True]  # only where it begins


def people(*names: str | None) -> list[Reading]:
    """Beside each other."""
    return [Reading((2 * place, 0, 2 * place + 1, 1), {"occupation": name}) for place, name in enumerate(names)]


def test_what_was_kept() -> None:
    drawn = {"two doctors": [people("doctor", "pilot"), people("doctor"), people(None), people("doctor", None)]}
    plain = {"two doctors": [people("pilot", "doctor"), people("pilot"), people("doctor"), people("doctor", "doctor")]}
    found = kept(drawn, plain, {"two doctors": "doctor"})
    # two changed places, one is another, one cannot be read, one is as it was beside one who cannot be read
    assert found == {"people_kept": 1.0, "occupation_kept": 1 / 6, "occupation_read": 3 / 6}
    fewer = kept(
        {"two doctors": [people("doctor")]}, {"two doctors": [people("doctor", "doctor")]}, {"two doctors": ""}
    )
    assert fewer == {"people_kept": 0.0, "occupation_kept": 1 / 2, "occupation_read": 0.0}


def test_a_picture_like_its_reference_counts_a_hundred_decibels() -> None:
    pictures = torch.rand(2, 16, 16, 3, generator=torch.Generator().manual_seed(0))
    assert likeness(pictures, pictures) == pytest.approx({"psnr": 100.0, "unchanged": 1.0, "ssim": 1.0})
    # MSE .25 on one of the two: 6.02 dB
    changed = torch.stack([pictures[0], (pictures[1] + 0.5)])
    assert likeness(changed, pictures)["psnr"] == pytest.approx((100 + 6.0206) / 2, abs=1e-3)
    assert likeness(changed, pictures)["unchanged"] == 0.5


def test_results_are_gone_on_with_only_in_the_same_setting(tmp_path) -> None:
    path = tmp_path / "results" / "some.json"
    first = Saved(path, {"seeds": 2, "lambdas": (1, 2)})
    first.methods["unedited"] = {"miou": 0.4}
    first.write()
    assert Saved(path, {"seeds": 2, "lambdas": (1, 2)}).methods == {"unedited": {"miou": 0.4}}
    assert Saved(path, {"seeds": 3, "lambdas": (1, 2)}).methods == {}


def test_paired_rounds_alternate() -> None:
    order: list[str] = []

    def work(name: str):
        return lambda: order.append(name) or torch.zeros(1)

    seconds = paired({"a": work("a"), "b": work("b")}, 3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab" and [len(s) for s in seconds.values()] == [3, 3]


def test_processor_time_does_not_count_waiting() -> None:
    def wait() -> torch.Tensor:
        time.sleep(0.05)
        return torch.zeros(1)

    assert max(paired({"wait": wait}, 2, clock=PROCESSOR)["wait"]) < 0.04 < min(paired({"wait": wait}, 2)["wait"])


def test_a_bar_on_fairness_says_what_was_measured_and_whether_it_is_met() -> None:
    shares = {"gender": {"female": 0.36, "male": 0.64}}
    data = {
        "methods": {"target female 30, male 70": {"shares": shares}},
    }
    assert off_target({"shares": shares}, "gender", {"female": 0.3, "male": 0.7}) == pytest.approx(0.06)
    assert fairness_bars(data) == [
        ("target female 30, male 70: largest distance of a share", "0.06", "≤ 0.05", False),
    ]
