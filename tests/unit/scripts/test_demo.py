"""What `make demo` is asked for: refused before a host is started, and never written over an earlier demo."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from fair_attention.emoji_world.captions import KNOWN_WORDS
from fair_attention.host import hosts
from fair_attention.scripts import demo, demo_request
from fair_attention.scripts.demo_request import free_folder, parse, unknown_words


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--prompt", "a ceiling fan"], "names no person; name one"),
        (["--prompt", ""], "names no person"),
        (["--prompt", "two female pilots"], "says female, so of gender nothing is left"),
        (["--prompt", "a dark pilot", "--attributes", "skin tone"], "says dark, so of skin tone"),
        (["--attributes", "femal 1, male 1"], "is 'female' meant?"),
        (["--attributes", "female 0, male 0"], "all shares are 0"),
        (["--attributes", "female 60%, male 60%"], "sum to 120%"),
        (["--attributes", "gender, skin tone"], "'gender' is a ready-made set"),
        (["--attributes", "gender x skin tone"], "'gender' is a ready-made set"),
        (["--attributes", ","], "there is no attribute"),
        (["--pictures", "0"], "ask for at least one"),
        (["--seeds", "-3"], "ask for at least one"),
        (["--pictures", "many"], "invalid int value"),
        (["--out", __file__], "it is a file; name a folder"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_starts(arguments, told, monkeypatch, capsys):
    monkeypatch.setattr(demo, "running", lambda *_: pytest.fail("a host was started"))
    monkeypatch.setattr("sys.argv", ["demo", *arguments])
    with pytest.raises(SystemExit) as left:
        demo.main()
    assert left.value.code == 2 and told in capsys.readouterr().err


def test_a_prompt_that_leaves_somebody_open_is_drawn():
    asked = parse(["--prompt", "a female pilot and a judge", "--pictures", "3", "--attributes", "female 3, male 1"])
    assert asked.pictures == 3 and [(a.name, a.share) for a in asked.wanted] == [("female", 3), ("male", 1)]
    assert parse(["--seeds", "5"]).pictures == 5  # its former name


def test_a_second_demo_does_not_write_over_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = parse([]).out
    assert str(first) == "output/demo"
    first.mkdir(parents=True)
    assert parse([]).out == first  # one that was cut off
    (first / "report.json").touch()
    second = parse([]).out
    assert str(second) == "output/demo-2"
    second.mkdir()
    (second / "report.json").touch()
    assert str(free_folder(first)) == "output/demo-3"
    assert parse(["--out", "output/demo"]).out == first  # named: as the user says


def test_the_report_says_how_to_draw_each_picture_again(monkeypatch):
    monkeypatch.setattr(demo_request, "BATCH", 16)
    inputs = {
        "KSampler": dict.fromkeys(("steps", "cfg", "sampler_name", "scheduler", "denoise"), 1),
        "FairInference": {"strength": 5.0, "model": ["1", 0]},
        "FairTargetDistribution": {"assignment": "running quota", "seed": 0},
    }
    prompt = {kind: {"class_type": kind, "inputs": values} for kind, values in inputs.items()}
    said = demo.facts(prompt, parse(["--pictures", "18"]))
    assert said["pictures"] == 18 and "seeds" not in said
    assert said["noise"][5] == {"seed": 0, "batch_index": 5}
    assert said["noise"][17] == {"seed": 16, "batch_index": 1}
    assert said["target"] == {"female": 0.5, "male": 0.5} and said["fair_inference"] == {"strength": 5.0}


def test_batches_are_queued_with_the_noise_that_is_reported(tmp_path, monkeypatch):
    """18 pictures: a batch of 16 from seed 0, one of 2 from seed 16."""
    queued = []
    kinds = ("KSampler", "EmptyLatentImage", "FairInference", "SaveImage", "FairReadAttributes", "FairReport",
             "FairAttentionHeatmaps")  # fmt: skip
    prompt = {kind: {"class_type": kind, "inputs": {}} for kind in kinds}
    prompt["SaveImage"]["inputs"]["filename_prefix"] = "fair"

    def queue(given, clock):
        queued.append((given["KSampler"]["inputs"]["seed"], given["EmptyLatentImage"]["inputs"]["batch_size"]))
        return {"outputs": {"FairReport": {"text": ["said"]}}}

    def images(entry, node):
        return [node] * queued[-1][1]

    monkeypatch.setattr(demo, "saved_people", lambda folder, pictures: [[]] * pictures)
    method = demo.Method("plain")
    demo.run(SimpleNamespace(queue=queue, images=images), prompt, method, 0.0, 18, tmp_path)
    assert queued == [(0, 16), (16, 2)]
    assert len(method.pictures) == len(method.people) == 18 and method.reports == ["said", "said"]


def test_words_the_model_has_not_learned_are_named():
    assert unknown_words("Two pilots with cats, 2 chefs & a chef") == ["chefs", "chef"]
    assert {"pilots", "skin", "trees"} <= set(KNOWN_WORDS)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({}, "demo"),
        ({"SEEDS": "4"}, 'demo --pictures "$PICTURES"'),
        ({"PICTURES": "4", "OUT": "x y"}, 'demo --pictures "$PICTURES" --out "$OUT"'),
    ],
)
def test_make_hands_on_what_is_given(given, passed):
    command = ["make", "-n", "--no-print-directory", "demo", *(f"{name}={value}" for name, value in given.items())]
    clean = {
        k: v
        for k, v in os.environ.items()
        if k not in ("PROMPT", "PICTURES", "SEEDS", "ATTRIBUTES", "OUT", "MAKEFLAGS")
    }
    told = subprocess.run(command, cwd=hosts.ROOT, env=clean, capture_output=True, text=True, check=True).stdout
    assert " ".join(told.replace("\\\n", " ").split()).endswith(f"fair_attention.scripts.{passed}")
