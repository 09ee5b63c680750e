"""Record People on the real host: pictures with what is known of their people, and a study that grows run by run."""

import json

import pytest
from PIL import Image

from fair_attention.metrics.study import StudyStore
from fair_attention.metrics.study.reading import counted, read_back
from fair_attention.metrics.study.rows import loads
from fair_attention.tests.host.graphs import node, stock_graph


def graph(checkpoint: str, seed: int = 7, **more) -> dict:
    found = stock_graph(checkpoint, seed=seed)
    found["4"]["inputs"]["batch_size"] = 2
    del found["7"]
    return {
        **found,
        "8": node("FairReadAttributes", image=["6", 0], reader="emoji world"),
        "9": node("FairRecordPeople", **{
            "image": ["6", 0], "attributes": ["8", 0], "study": "a study", "method": "plain", "axis": "gender",
            "filename_prefix": "record/x", **more}),
    }  # fmt: skip


@pytest.fixture
def folder(host):
    """Where studies are kept; emptied, since names are used again."""
    import shutil

    place = host.base / "output" / "fair_studies"
    shutil.rmtree(place, ignore_errors=True)
    return place


def test_a_study_grows_run_by_run_and_pictures_know_where_they_come_from(run_prompt, tiny_name, host, folder):
    done = [run_prompt(graph(tiny_name, seed)) for seed in (7, 8)]
    assert [d.errors for d in done] == [[], []]
    with StudyStore(folder / "a study", create=False) as store:
        assert counted(store)["plain"].pictures == 4
        sources = [(s.prompt, s.seed, s.index) for s in read_back(store, "plain").sources]
        text = "three doctors next to flowers"  # as the graph says, which the node reads for itself
        assert sources == [(text, seed, i) for seed in (7, 8) for i in range(2)]
    shown = done[1].ui["9"]["output"] if "output" in done[1].ui["9"] else done[1].ui["9"]
    assert "study a study: plain 4 pictures" in shown["text"][0] and "seed 8" in shown["text"][0]
    saved = shown["fair_saved"][1]
    with Image.open(host.base / "output" / saved["subfolder"] / saved["filename"]) as picture:
        known = json.loads(picture.info["fair_people"])
        assert (known["prompt"], known["seed"], known["batch_index"], known["method"]) == (text, 8, 1, "plain")
        assert "KSampler" in picture.info["prompt"]
    assert len(loads(shown["fair_rows"][0]).pictures) == 2
    assert len(done[1].values["9"][0][0].images) == 4  # everybody so far, for other nodes


def test_the_same_seed_again_doubles_nothing_and_another_name_is_another_study(run_prompt, tiny_name, folder):
    run_prompt(graph(tiny_name))
    again = run_prompt(graph(tiny_name, filename_prefix="record/y"))
    other = run_prompt(graph(tiny_name, study="another"))
    assert not again.errors and not other.errors
    for name in ("a study", "another"):
        with StudyStore(folder / name, create=False) as store:
            assert counted(store)["plain"].pictures == 2


def test_without_a_study_pictures_are_saved_and_nothing_is_kept(run_prompt, tiny_name, folder):
    done = run_prompt(graph(tiny_name, study=""))
    assert not done.errors and "not added to a study" in done.ui["9"].get("output", done.ui["9"])["text"][0]
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "x" * 90, "con:", "dot."])
def test_a_study_s_name_is_a_plain_name(run_prompt, tiny_name, folder, name):
    (error,) = run_prompt(graph(tiny_name, study=name)).errors
    assert "Record People, study:" in error and "cannot be a folder's name" in error
    assert not folder.exists()


def test_latents_that_were_joined_are_recorded_as_they_stand(run_prompt, tiny_name, folder):
    """Latent Batch numbers the pictures of each of its latents from 0."""
    prompt = graph(tiny_name, latent=["10", 0])
    prompt["4"]["inputs"]["batch_size"] = 1
    prompt["10"] = node("LatentBatch", samples1=["4", 0], samples2=["4", 0])
    prompt["5"]["inputs"]["latent_image"] = ["10", 0]
    done = run_prompt(prompt)
    assert not done.errors, done.errors
    with StudyStore(folder / "a study", create=False) as store:
        assert [source.index for source in read_back(store, "plain").sources] == [0, 1]


def test_readings_of_other_pictures_are_refused(run_prompt, tiny_name, folder):
    prompt = graph(tiny_name)
    prompt["10"] = node("ImageBatch", image1=["6", 0], image2=["6", 0])
    prompt["8"]["inputs"]["image"] = ["10", 0]
    (error,) = run_prompt(prompt).errors
    assert "Record People, attributes: read in 4 pictures, but image holds 2" in error


def test_what_fair_inference_gave_is_in_the_rows(run_prompt, folder):
    """On the emoji world, whose people are there to be found."""
    prompt = graph("emoji-world.safetensors", attention=["12", 1], latent=["5", 0])
    prompt["11"] = node("FairTargetDistribution", preset="gender", attributes="", assignment="running quota", seed=0)
    prompt["2"] = node("FairLinguisticAlignment", clip=["1", 1], prompt="a photo of three pilots")
    prompt["13"] = node(
        "FairBlockVoting", tokens=["2", 0], weights="emoji world (calibrated)", tau=0.4, rho=0.5, individuals="separate"
    )
    prompt["12"] = node("FairInference", model=["1", 0], clip=["1", 1], target=["11", 0], regions=["13", 0],
                        strength=5.0, start_percent=0.2, end_percent=0.9)  # fmt: skip
    prompt["5"]["inputs"].update(model=["12", 0], positive=["2", 1], steps=6)
    done = run_prompt(prompt)
    assert not done.errors, done.errors
    rows = loads(done.ui["9"].get("output", done.ui["9"])["fair_rows"][0])
    given = [p.given for picture in rows.pictures for p in picture.people] + [
        n for p in rows.pictures for n in p.unread
    ]
    assert {"male", "female"} <= set(given)
