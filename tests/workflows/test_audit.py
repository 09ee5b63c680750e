"""A study over the real host: the shipped workflow, plain and fair, twice the same to the bit."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from fair_attention.audit import __main__ as command
from fair_attention.audit.client import Client
from fair_attention.audit.places import Embedded
from fair_attention.metrics.study import StudyError
from fair_attention.tests.unit.audit.test_run import content

SLOTS = 'workflow = "record-a-study.json"\nslots = {prompt = "Linguistic Alignment", seed = "KSampler", pictures = "Size and number of pictures"}\n'
STUDY = f"""
format = 1
keep_pictures = 2
[prompts]
list = ["a photo of two pilots"]
[seeds]
list = [5]
pictures = 2
[[methods]]
name = "plain"
{SLOTS}
set = {{"Fair Inference.strength" = 0.0, "KSampler.steps" = 4}}
[[methods]]
name = "fair"
{SLOTS}
set = {{"KSampler.steps" = 4}}
"""


@pytest.fixture(scope="module")
def studies(served, tmp_path_factory) -> list[Path]:
    """The same study, run twice by a server that has forgotten the first."""
    place = tmp_path_factory.mktemp("audit")
    (place / "study.toml").write_text(STUDY)
    folders = [place / "one", place / "other"]
    for folder in folders:
        assert command.main(["run", str(place / "study.toml"), "--out", str(folder), "--server", served.url]) == 0
        assert Client(served.url).ask("/free", {"unload_models": True, "free_memory": True})[0] == 200
    return folders


def test_the_same_study_gives_the_same_rows_and_pictures(studies):
    one, other = map(content, studies)
    assert one == other and {row[0] for row in one} == {"plain", "fair"}
    files = sorted(os.listdir(studies[0] / "pictures"))
    assert len(files) == 4 and files == sorted(os.listdir(studies[1] / "pictures"))
    for file in files:
        with Image.open(studies[0] / "pictures" / file) as a, Image.open(studies[1] / "pictures" / file) as b:
            assert a.tobytes() == b.tobytes()
            known = json.loads(a.info["fair_people"])
            assert (known["prompt"], known["seed"]) == ("a photo of two pilots", 5)


def test_plain_is_given_nothing_and_fair_is(studies):
    given = {row[0]: set() for row in content(studies[0])}
    for row in content(studies[0]):
        given[row[0]].add(row[16])
    assert not given["plain"] - {"", None} and given["fair"] & {"male", "female"}


def test_a_comfyui_of_our_own_finds_the_user_s_models(tmp_path):
    (tmp_path / "models" / "checkpoints" / "of mine").mkdir(parents=True)
    (tmp_path / "models" / "checkpoints" / "of mine" / "mine.safetensors").touch()
    place = Embedded(tmp_path / "host", cpu=True, models=tmp_path / "models")
    try:
        place.open()
        (offered, *_) = place.info()["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"]
        assert {"emoji-world.safetensors", os.path.join("of mine", "mine.safetensors")} <= set(offered)
    finally:
        place.close()
    with pytest.raises(StudyError, match="--models: there is no folder"):
        Embedded(tmp_path / "host", cpu=True, models=tmp_path / "none").open()
