"""People edited by the user, in the real executor: who is steered, what is said, what runs again, and who stays as before."""

import json
from pathlib import Path

import pytest
import torch

from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.graphs import node
from fair_attention.tests.unit.pictures.test_explorer import unpacked

FAIR, SAMPLER, REPORT, EXPLORE, LOCATE = "6", "10", "12", "13", "15"
SEED = 2**63 + 5  # more than a page's numbers are exact to
LEFT, RIGHT, BETWEEN = [0.25, 0.5], [0.75, 0.5], [0.5, 0.5]


def listed(edits) -> str:
    return f"[{', '.join(edits)}]" if edits else ""


def edit(kind: str, *at, seed=SEED, image=0, name="") -> str:
    return json.dumps({"edit": kind, "seed": str(seed), "image": image, "at": at, "name": name})


def chain(checkpoint: str, *edits: str, seed: int = SEED) -> dict[str, dict]:
    """Two people painted in one mask, left and right, sampled fairly; the report and the viewer beside."""
    part = {"value": 1.0, "width": 20, "height": 64}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": node("CLIPTextEncode", clip=["1", 1], text="a photo of two doctors"),
        "3": node("SolidMask", value=0.0, width=64, height=64),
        "4": node("SolidMask", **part),
        "5": node("MaskComposite", destination=["3", 0], source=["4", 0], x=6, y=0, operation="add"),
        "7": node("MaskComposite", destination=["5", 0], source=["4", 0], x=38, y=0, operation="add"),
        "8": node("FairTargetDistribution", preset="gender", attributes="", assignment="indexed quota", seed=0),
        FAIR: node("FairInference", model=["1", 0], clip=["1", 1], target=["8", 0], masks=["7", 0], strength=3.0, start_percent=0.3,
                   end_percent=0.9, each_mask="one person for each separate part", edits=listed(edits)),
        "9": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        SAMPLER: node("KSampler", model=[FAIR, 0], positive=["2", 0], negative=["2", 0], latent_image=["9", 0], seed=seed,
                      steps=3, cfg=5.0, sampler_name="euler", scheduler="normal", denoise=1.0),
        "11": node("VAEDecode", samples=[SAMPLER, 0], vae=["1", 2]),
        REPORT: node("FairReport", attention=[FAIR, 1], latent=[SAMPLER, 0], image=["11", 0]),
        EXPLORE: node("FairExploreMaps", attention=[FAIR, 1], latent=[SAMPLER, 0], image=["11", 0], masks="the people found"),
        "14": node("MaskPreview", mask=[EXPLORE, 0]),
    }  # fmt: skip


@pytest.fixture
def queue(run_prompt, tiny_name):
    def queued(*edits: str, **given):
        run = run_prompt(chain(tiny_name, *edits, **given))
        assert run.errors == []
        return run

    return queued


def report(run) -> str:
    return run.values[REPORT][0][0]


def given(run) -> list[str]:
    """What each person got, in the words of the report."""
    return [
        line.split(": ", 1)[1].split(";")[0].split(",")[0] for line in report(run).splitlines() if line.startswith("  ")
    ]


def test_an_edited_person_runs_only_what_depends_on_it(queue):
    assert len(given(queue())) == 2
    assert queue().executed == ()
    dropped = queue(edit("drop", LEFT))
    assert set(dropped.executed) == {FAIR, SAMPLER, "11", REPORT, EXPLORE, "14"}
    assert queue(edit("drop", LEFT)).executed == ()
    assert given(dropped)[0] == "left alone" and "1 mask 1: left alone, dropped by hand" in report(dropped)
    assert "image 1: as edited by hand, drop" in report(dropped)


def test_who_is_given_an_attribute_by_hand_changes_nobody_else(queue):
    before = given(queue())
    for name in ("female", "male"):
        after = queue(edit("give", RIGHT, name=name))
        assert given(after) == [before[0], name] and f"2 mask 2: {name}, chosen by hand; " in report(after)


def test_split_merged_and_drawn_people_are_steered_each(queue):
    halved = queue(edit("split", LEFT, [0.2, 0.5], [0.3, 0.5]))
    assert len(given(halved)) == 3 and halved.values[EXPLORE][0][0].shape[0] == 3
    one = queue(edit("merge", LEFT, RIGHT))
    assert len(given(one)) == 1 and one.values[EXPLORE][0][0].shape[0] == 1
    three = queue(edit("draw", [0.42, 0.1], [0.58, 0.1], [0.58, 0.9], [0.42, 0.9]))
    assert len(given(three)) == 3
    drawn = three.values[EXPLORE][0][0][2]
    inside = torch.zeros(64, 64)
    inside[6:58, 27:37] = 1  # cells of a 64th whose middles the outline encloses
    assert torch.equal(drawn, inside)


def test_everybody_dropped_is_the_plain_picture_and_said(queue):
    run = queue(edit("drop", LEFT), edit("drop", RIGHT))
    assert "the picture is the plain one: everybody who was found was dropped by hand" in report(run)


def test_another_seed_s_edits_and_places_with_nobody_are_said(queue):
    other = queue(edit("drop", LEFT), seed=4)
    assert f"people were edited in other pictures (seed {SEED}), nobody in these (seed 4)" in report(other)
    assert len(given(other)) == 2 and "left alone" not in report(other)
    gone = queue(edit("drop", [0.5, 0.99]), edit("give", [0.97, 0.5], name="female"))
    assert "nobody is at (0.50, 0.99) any more, so drop was left out" in report(gone)
    assert "mask 2, edited at (0.97, 0.50), is at " in report(gone) and given(gone)[1] == "female"


def test_what_is_no_edit_is_refused_before_anything_is_sampled(run_prompt, tiny_name):
    run = run_prompt(chain(tiny_name, "drop the left one"))
    (error,) = run.errors
    assert (
        "Fair Inference, edits: '[drop the left one]' is no list of edits" in str(error) and SAMPLER not in run.executed
    )


def test_the_viewer_is_told_whom_was_found_and_who_was_drawn(queue, host):
    run = queue(edit("drop", LEFT), edit("give", RIGHT, name="male"))
    (kept,) = run.ui[EXPLORE]["fair_maps"]
    header, _, _ = unpacked(Path(host.folder_paths.get_temp_directory(), kept["filename"]).read_bytes())
    told = header["people"]
    assert (told["seed"], told["numbers"], told["names"]) == (str(SEED), [0], ["female", "male"])
    assert [p["status"] for p in told["found"][0]] == ["open", "open"]
    assert [p["status"] for p in told["now"][0]] == ["dropped", "chosen"]
    runs = told["found"][0][0]["runs"]
    assert sum(runs) == told["height"] * told["width"] == 64 * 64 and sum(runs[1::2]) == 64 * 20


def test_people_of_a_capture_are_edited_on_the_viewer_and_located_so(run_prompt, tiny_name):
    """Of the tiny model's random maps somebody is found; one of them is dropped, another drawn."""

    def queued(*edits: str):
        graph = {
            "1": node("CheckpointLoaderSimple", ckpt_name=tiny_name),
            "2": node("FairLinguisticAlignment", clip=["1", 1], prompt="a photo of doctors"),
            "4": node("FairBlockVoting", tokens=["2", 0], weights="uniform", tau=0.3, rho=0.3, individuals="separate"),
            "8": node("FairAttentionCapture", model=["1", 0], clip=["1", 1], tokens=["2", 0]),
            "9": node("EmptyLatentImage", width=64, height=64, batch_size=1),
            SAMPLER: node("KSampler", model=["8", 0], positive=["2", 1], negative=["2", 1], latent_image=["9", 0], seed=SEED,
                          steps=2, cfg=5.0, sampler_name="euler", scheduler="normal", denoise=1.0),
            EXPLORE: node("FairExploreMaps", attention=["8", 1], latent=[SAMPLER, 0], regions=["4", 0], masks="the people found",
                          edits=listed(edits)),
            LOCATE: node("FairLocateRegions", attention=["8", 1], latent=[SAMPLER, 0], regions=["4", 0], edits=[EXPLORE, 2]),
        }  # fmt: skip
        run = run_prompt(graph)
        assert run.errors == []
        assert torch.equal(run.values[EXPLORE][0][0], run.values[LOCATE][1][0])
        return run

    found = queued().values[LOCATE][1][0]
    assert float(found.amax()) == 1
    ys, xs = (found[0] >= 0.5).nonzero(as_tuple=True)
    where = [(float(xs.float().mean()) + 0.5) / 64, (float(ys.float().mean()) + 0.5) / 64]
    square = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]]
    edited = queued(edit("drop", where), edit("draw", *square, name="doctors"))
    assert set(edited.executed) == {EXPLORE, LOCATE}
    assert (
        edited.values[LOCATE][3][0] == len(found) and "as edited by hand, drop, draw" in edited.ui[EXPLORE]["text"][0]
    )


def test_a_second_pass_leaves_alone_whom_the_first_was_told_to_drop(bench, setting):
    """With another seed, whose pictures nobody has edited."""
    target = bench.target()
    model, attention = bench.fair(
        target, regions=setting.regions, masks=halves(), start_percent=0.3, edits=listed([edit("drop", LEFT, seed=3)])
    )
    first = bench.sample(model, setting.positive, steps=3)
    assert [p.status.value for p in attention.runs[-1].people[0]] == ["dropped", "assigned"]
    given = attention.runs[-1].people[0][1].name
    again = {"samples": first["samples"] if isinstance(first, dict) else first}
    sampled = bench.host.nodes.common_ksampler(
        model, 11, 3, 5.0, "euler", "normal", setting.positive, bench.negative, again, denoise=0.6
    )
    assert sampled
    people = attention.runs[-1].people[0]
    assert [p.status.value for p in people] == ["dropped", "kept"] and people[1].name == given
