"""Saved maps come back as they were, know their latent, and files of another layout are refused; the pictures of maps."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from fair_attention.pictures import drawing
from fair_attention.tests.host.conditions import PROMPT
from fair_attention.tests.host.graphs import node, stock_graph


@pytest.fixture(scope="module")
def recorded(bench):
    """(tokens, attention, latent) of two pictures."""
    with torch.inference_mode():
        tokens, positive = bench.align()
        settings = {"start_percent": 0.1, "end_percent": 0.9}
        model, attention = (
            bench.node["FairAttentionCapture"].execute(bench.model, bench.clip, tokens, **settings).result
        )
        return tokens, attention, {"samples": bench.sample(model, positive, batch=2)}


@pytest.fixture(scope="module")
def saved(bench, host, recorded) -> Path:
    """The file, moved to the input folder."""
    _, attention, latent = recorded
    with torch.inference_mode():
        output = bench.node["FairAttentionSave"].execute(attention, latent, "maps/test")
    assert "maps/test_00001_.safetensors" in str(output.ui.as_dict()["text"])
    folder = Path(host.folder_paths.get_input_directory())
    folder.mkdir(exist_ok=True)
    return (Path(host.folder_paths.get_output_directory()) / "maps" / "test_00001_.safetensors").rename(
        folder / "test.safetensors"
    )


def offered_files(host) -> list[str]:
    """What the loader's list offers."""
    return host.nodes.NODE_CLASS_MAPPINGS["FairAttentionLoad"].INPUT_TYPES()["required"]["file"][1]["options"]


def load(bench, path: Path):
    """(attention, latent)"""
    return bench.node["FairAttentionLoad"].execute(path.name).result


def test_the_file_says_what_it_holds(saved):
    with safe_open(str(saved), framework="pt") as file:
        metadata = file.metadata()
        assert set(file.keys()) >= {"input.1", "middle.0", "output.11", "latent"}
        assert file.get_tensor("output.3").shape == (2, 1, 2, 2)
    assert metadata["format"] == "fair-attention maps" and metadata["version"] == "2"
    assert metadata["words"] == '[["doctors", [5]]]' and metadata["latent_size"] == "[8, 8]"
    assert metadata["window"] == "[0.1, 0.9]" and metadata["steps"] == "[1, 2]"


def test_what_is_loaded_is_what_was_saved(bench, recorded, saved):
    tokens, attention, latent = recorded
    loaded, loaded_latent = load(bench, saved)
    assert torch.equal(loaded_latent["samples"], latent["samples"])
    assert loaded.watch.labels == attention.watch.labels and loaded.runs[0].steps == attention.runs[0].steps
    for block in attention.runs[0].store.blocks:
        same = [b for b in loaded.runs[0].store.blocks if str(b) == str(block)]
        assert torch.equal(loaded.runs[0].store.mean(same[0]), attention.runs[0].store.mean(block))


def test_a_file_that_a_wire_will_bring_is_not_checked_before(bench, saved):
    """The host asks with None for it: whether it is there, and whether it has changed (no number is like the one before)."""
    kind = bench.node["FairAttentionLoad"]
    assert kind.validate_inputs(None) is True
    assert kind.fingerprint_inputs(None) != kind.fingerprint_inputs(None)


def test_heatmaps_and_regions_read_loaded_maps(bench, recorded, saved):
    tokens, attention, latent = recorded
    loaded, loaded_latent = load(bench, saved)
    regions = bench.regions(tokens)
    for name, inputs in (("FairAttentionHeatmaps", {}), ("FairLocateRegions", {"regions": regions})):
        now = bench.node[name].execute(attention, latent, **inputs).result
        later = bench.node[name].execute(loaded, loaded_latent, **inputs).result
        assert torch.equal(now[0], later[0]) and torch.equal(now[1], later[1])
        with pytest.raises(ValueError, match="this latent was not sampled with this capture"):
            bench.node[name].execute(loaded, {"samples": latent["samples"] + 0.5}, **inputs)


def test_people_what_they_were_given_and_the_unedited_latent_are_kept(bench, host):
    tokens, positive = bench.align()
    masks = torch.zeros(1, 64, 64)
    masks[:, :32] = 1
    quota = {"running_quota_over": "all runs since ComfyUI started", "quota_name": "saved"}
    target = bench.target(assignment="running quota", **quota)
    model, attention = bench.fair(target, regions=bench.regions(tokens), masks=masks, preservation="blended")
    latent = {"samples": bench.sample(model, positive)}
    bench.node["FairAttentionSave"].execute(attention, latent, "kept people")
    path = Path(host.folder_paths.get_output_directory()) / "kept people_00001_.safetensors"
    loaded, loaded_latent = load(bench, path.rename(Path(host.folder_paths.get_input_directory()) / "fair.safetensors"))
    report = [
        bench.node["FairReport"].execute(a, x).result[0] for a, x in ((attention, latent), (loaded, loaded_latent))
    ]
    assert report[0] == report[1] and "by running quota" in report[0] and "quota 'saved' of all runs" in report[0]
    plain = [bench.node["FairUneditedLatent"].execute(*made).result[0]["samples"]
             for made in ((attention, latent), (loaded, loaded_latent))]  # fmt: skip
    assert torch.equal(*plain) and not torch.equal(plain[0], latent["samples"])
    assert torch.equal(loaded.runs[0].people[0][0].mask, masks[0])


VERSION_1 = {  # a person's sentence there -> what it says
    "female, by indexed quota, seed 0": (0, "assigned", "female", "by indexed quota, seed 0"),
    "male, as in the sampling before": (1, "kept", "male", ""),
    "left alone, the prompt says female, young": (None, "stated", "", "the prompt says female, young"),
    "left as drawn": (None, "open", "", "left as drawn"),
    "": (None, "open", "", ""),
}


def test_people_of_a_file_of_version_1_are_read(bench, saved):
    storage = bench.host.pack.nodes.storage
    with safe_open(str(saved), framework="pt") as file:
        metadata, tensors = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}
    old = [
        {"group": 0, "label": "doctors", "attribute": of[0], "why": why, "steered": []} for why, of in VERSION_1.items()
    ]
    metadata |= {"version": "1", "people": json.dumps([old, []])}
    tensors["people"] = torch.rand(len(old), 64, 64)
    (found, nobody) = storage.from_tensors(tensors, metadata).runs[0].people
    assert [(p.attribute, p.status.value, p.name, p.reason) for p in found] == list(VERSION_1.values()) and nobody == []
    assert [p.why for p in found] == list(VERSION_1) and torch.equal(found[1].mask, tensors["people"][1])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "is no .safetensors file"),
        ("model", "holds no attention maps; choose a file that Save Attention Maps wrote"),
        ("newer", "is of version 3 of the format, and this pack reads versions 1 and 2"),
        ("damaged", "is incomplete"),
    ],
)
def test_other_files_are_refused(bench, host, saved, kind, message):
    path = saved.with_name(f"{kind}.safetensors")
    if kind == "text":
        path.write_text("no maps")
    elif kind == "model":
        save_file({"weight": torch.zeros(2)}, path)
    else:
        with safe_open(str(saved), framework="pt") as file:
            metadata, tensors = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}
        if kind == "newer":
            metadata["version"] = "3"
        else:
            del tensors["output.3"]
        save_file(tensors, path, metadata)
    with pytest.raises(ValueError, match=f"Load Attention Maps, file: {path.name} {message}"):
        load(bench, path)


def test_a_workflow_saves_and_another_one_loads(run_prompt, tiny_name, host):
    """Through the executor: a file that is not there is refused before anything runs; one that is gives heat maps."""
    prompt = stock_graph(tiny_name, pixels=64)
    prompt["8"] = node(
        "FairAttentionCapture", model=["1", 0], clip=["1", 1], prompt="three doctors next to flowers", words="doctors"
    )
    prompt["5"]["inputs"]["model"] = ["8", 0]
    prompt["9"] = node("FairAttentionSave", attention=["8", 1], latent=["5", 0], filename_prefix="flow/maps")
    run = run_prompt(prompt)
    assert run.errors == [] and "maps_00001_.safetensors" in str(run.ui["9"])
    wrong = {"1": node("FairAttentionLoad", file="nothing.safetensors"), "2": node("PreviewAny", source=["1", 1])}
    (error,) = run_prompt(wrong).errors
    assert "Load Attention Maps, file: nothing.safetensors is not in the input folder; choose another" in error
    listed = offered_files(host)
    assert listed[0] == "flow/maps_00001_.safetensors [output]"
    made = Path(host.folder_paths.get_output_directory(), "flow/maps_00001_.safetensors")
    (other := made.with_name("other")).touch()
    assert made.stat().st_mode == other.stat().st_mode
    save_file({"weight": torch.zeros(2)}, made.with_name("no_maps.safetensors"))
    assert offered_files(host) == listed
    reader = {
        "1": node("FairAttentionLoad", file="flow/maps_00001_.safetensors [output]"),
        "2": node("FairAttentionHeatmaps", attention=["1", 0], latent=["1", 1], opacity=0.6),
        "3": node("PreviewImage", images=["2", 0]),
    }
    again = run_prompt(reader)
    assert again.errors == [] and again.values["2"][0][0].shape[0] == 1


# Pictures of maps


def test_overlays_image_by_image_and_word_by_word(bench):
    capture = bench.node["FairAttentionCapture"].execute
    model, attention = capture(bench.model, bench.clip, prompt=PROMPT, words="doctors, photo, <start>").result
    latent = {"samples": bench.sample(model, bench.encode(PROMPT), batch=2, steps=2)}
    image = torch.full((2, 64, 64, 3), 0.5)
    drawn, maps = bench.node["FairAttentionHeatmaps"].execute(attention, latent, image).result
    assert drawn.shape == (6, 384, 384, 3) and maps.shape == (6, 64, 64)
    assert maps.min() == 0 and maps.amax((1, 2)).min() > 0.95
    one, _ = bench.node["FairAttentionHeatmaps"].execute(attention, latent, image, blocks="output.9").result
    assert not torch.equal(one, drawn)


def test_regions_are_outlined_on_the_overlays(bench, recorded):
    tokens, attention, latent = recorded
    heat = bench.node["FairAttentionHeatmaps"].execute
    finder = bench.regions(tokens, individuals="one region", tau=0.05, rho=0.05)  # so low that somebody is found
    plain, marked = heat(attention, latent).result[0], heat(attention, latent, regions=finder).result[0]
    people = bench.host.pack.guidance.fair.people.find_people(finder, attention.runs[-1])
    assert plain.shape == marked.shape and all(people)
    colour = torch.tensor(drawing.COLOURS[0]) / 255
    for image, (person,) in enumerate(people):  # an overlay an image: one word was recorded
        blank = Image.new("RGB", marked.shape[2:0:-1])
        drawing.outline(blank, person.mask, drawing.COLOURS[0])
        border = drawing.to_tensor([blank])[0].any(-1)
        assert border.any()
        for overlay, low, high in ((plain[image], 0.0, 0.1), (marked[image], 0.8, 1.0)):  # text may lie on a part of it
            assert low <= ((overlay - colour).abs().amax(-1) < 0.5 / 255)[border].float().mean() <= high


def test_regions_of_other_words_are_refused(bench, recorded):
    _, attention, latent = recorded
    other = bench.regions(bench.align("two cooks and a judge")[0])
    for name in ("FairAttentionHeatmaps", "FairLocateRegions"):
        with pytest.raises(
            ValueError, match="the attention holds the words doctors; connect Linguistic Alignment's tokens"
        ):
            bench.node[name].execute(attention, latent, regions=other)


def test_located_people_as_masks(bench, recorded):
    tokens, attention, latent = recorded
    region, individuals, overlay, count = (
        bench.node["FairLocateRegions"].execute(attention, latent, bench.regions(tokens)).result
    )
    assert region.shape == (2, 64, 64) and overlay.shape == (2, 384, 384, 3)
    assert individuals.shape[1:] == (64, 64) and (count == len(individuals) or (count == 0 and len(individuals) == 1))
