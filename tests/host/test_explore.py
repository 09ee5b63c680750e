"""Explore Maps in the real executor: what its file holds, which masks come out, what runs again, refusals."""

from pathlib import Path

import pytest
import torch

from fair_attention.tests.host.graphs import node
from fair_attention.tests.unit.pictures.test_explorer import unpacked

SAMPLER, EXPLORE = "10", "12"


def chain(checkpoint: str, **explore) -> dict[str, dict]:
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=checkpoint),
        "2": node("CLIPTextEncode", clip=["1", 1], text="a photo of two doctors and a car"),
        "3": node("CLIPTextEncode", clip=["1", 1], text=""),
        "8": node("FairAttentionCapture", model=["1", 0], clip=["1", 1], prompt="a photo of two doctors and a car"),
        "9": node("EmptyLatentImage", width=64, height=96, batch_size=2),
        SAMPLER: node("KSampler", model=["8", 0], positive=["2", 0], negative=["3", 0], latent_image=["9", 0], seed=3,
                      steps=2, cfg=5.0, sampler_name="euler", scheduler="normal", denoise=1.0),
        "11": node("VAEDecode", samples=[SAMPLER, 0], vae=["1", 2]),
        EXPLORE: node("FairExploreMaps", attention=["8", 1], latent=[SAMPLER, 0], image=["11", 0], **explore),
        "13": node("MaskPreview", mask=[EXPLORE, 0]),
    }  # fmt: skip


def file_of(host, run) -> bytes:
    (kept,) = run.ui[EXPLORE]["fair_maps"]
    return Path(host.folder_paths.get_temp_directory(), kept["filename"]).read_bytes()


def test_only_what_depends_on_a_choice_runs_again(run_prompt, tiny_name, host):
    first = run_prompt(chain(tiny_name))
    assert first.errors == [] and EXPLORE in first.executed
    assert run_prompt(chain(tiny_name)).executed == ()
    chosen = run_prompt(chain(tiny_name, words="doctors\ncar", threshold=0.4))
    assert set(chosen.executed) == {EXPLORE, "13"}
    assert file_of(host, chosen) == file_of(host, first)  # the page loads nothing anew
    header, (cells,), pictures = unpacked(file_of(host, chosen))
    (told,) = header["recordings"]
    assert [w["name"] for w in told["words"]] == ["a", "photo", "of", "two", "doctors", "and", "a #2", "car"]
    assert (told["height"], told["width"], len(pictures)) == (64, 43, 2)
    region = cells[:, [4, 7]].astype(int).sum(1) >= 2 * int(0.4 * told["levels"] + 0.5)
    wanted = torch.nn.functional.interpolate(torch.from_numpy(region)[None].float(), (96, 64), mode="bilinear")[0]
    (masks,), (overlay,), (edits,) = chosen.values[EXPLORE]
    assert 0 < region.mean() < 1 and masks.shape == (2, 96, 64) and overlay.shape[0] == 2 and edits == ""
    assert float((masks - wanted).abs().max()) <= 1e-6


def test_masks_for_each_person_are_parts_of_the_region(run_prompt, tiny_name):
    whole = run_prompt(chain(tiny_name, words="doctors", threshold=0.3)).values[EXPLORE][0][0]
    each = run_prompt(chain(tiny_name, words="doctors", threshold=0.3, masks="one for each person")).values[EXPLORE][0][
        0
    ]
    assert each.shape[1:] == whole.shape[1:] and len(each) >= 1
    assert float(each.amax()) == 1


def test_no_word_is_an_empty_mask_and_an_unknown_one_is_named(run_prompt, tiny_name):
    run = run_prompt(chain(tiny_name, words="nurse", threshold=0.0))
    assert run.errors == [] and float(run.values[EXPLORE][0][0].amax()) == 0
    assert run.ui[EXPLORE]["text"] == ["not recorded: nurse; press words on the node"]


def test_saved_maps_make_the_same_file(run_prompt, tiny_name, host):
    graph = chain(tiny_name)
    graph["14"] = node("FairAttentionSave", attention=["8", 1], latent=[SAMPLER, 0], filename_prefix="explored")
    first = run_prompt(graph)
    (text,) = first.ui["14"]["text"]
    loaded = {
        "1": node("FairAttentionLoad", file=text.partition(":")[0] + " [output]"),
        "2": node("CheckpointLoaderSimple", ckpt_name=tiny_name),
        "3": node("VAEDecode", samples=["1", 1], vae=["2", 2]),
        EXPLORE: node("FairExploreMaps", attention=["1", 0], latent=["1", 1], image=["3", 0]),
    }
    again = run_prompt(loaded)
    assert again.errors == [] and file_of(host, again) == file_of(host, first)


def two(checkpoint: str, **other) -> dict[str, dict]:
    graph = chain(checkpoint)
    graph |= {
        "20": node("FairAttentionCapture", model=["1", 0], clip=["1", 1], prompt="a doctor"),
        "21": {**graph[SAMPLER], "inputs": {**graph[SAMPLER]["inputs"], "model": ["20", 0], "seed": 4}},
    }
    graph["21"]["inputs"] |= {"positive": ["22", 0], **other.pop("sampler", {})}
    graph["22"] = node("CLIPTextEncode", clip=["1", 1], text="a doctor")
    graph["23"] = node("EmptyLatentImage", width=64, height=64, batch_size=2)
    graph[EXPLORE]["inputs"] |= other or {"other_attention": ["20", 1], "other_latent": ["21", 0]}
    return graph


def test_a_second_recording_lies_beside_the_first(run_prompt, tiny_name, host):
    run = run_prompt(two(tiny_name))
    assert run.errors == []
    header, cells, _ = unpacked(file_of(host, run))
    assert [len(r["words"]) for r in header["recordings"]] == [8, 2] and cells[0].shape[2:] == cells[1].shape[2:]


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        (lambda c: two(c, other_attention=["20", 1]), "Explore Maps, other_latent: connect other_attention and other_latent together"),
        (lambda c: two(c, other_latent=["21", 0]), "Explore Maps, other_attention: connect other_attention and other_latent together"),
        (lambda c: two(c, sampler={"latent_image": ["23", 0]}, other_attention=["20", 1], other_latent=["21", 0]),
         "Explore Maps, other_latent: it holds 2 pictures of 8 x 8 cells, latent 2 pictures of 8 x 12 cells"),
        (lambda c: chain(c, blocks="output.99"), "Explore Maps, blocks: "),
    ],
)  # fmt: skip
def test_refusals(run_prompt, tiny_name, graph, says):
    (error,) = run_prompt(graph(tiny_name)).errors
    assert says in error


def test_names_of_files_are_as_the_page_accepts_them(host):
    name = host.pack.nodes.explore.keep(b"maps")["filename"]
    assert name == "fair_maps_" + name[10:34] + ".bin" and set(name[10:34]) <= set("0123456789abcdef")
