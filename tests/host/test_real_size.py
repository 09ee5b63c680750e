"""The checkpoint of random weights that `make real-size` and `make gpu-check` build, by its shapes alone."""

from fair_attention.benchmarks import real_size
from fair_attention.host import random_sd
from fair_attention.tests.host.graphs import node


def test_it_is_stable_diffusion_1(host):
    shapes = random_sd.shapes()
    sizes = {}
    for name, tensor in shapes.items():
        part = name.partition(".")[0]
        sizes[part] = sizes.get(part, 0) + tensor.numel()
    assert {part: round(size / 1e6) for part, size in sizes.items()} == {
        "model": 860,
        "cond_stage_model": 123,
        "first_stage_model": 84,
    }
    assert all(tensor.is_meta for tensor in shapes.values())
    config = host.comfy.model_detection.model_config_from_unet(shapes, "model.diffusion_model.")
    assert type(config).__name__ == "SD15"


def test_the_chain_is_prepared_as_its_note_says():
    kinds = ("CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "FairBlockVoting", "FairInference")
    prompt = {str(i): node(kind) for i, kind in enumerate((*kinds, *real_size.EMOJI_ONLY))}
    prepared = real_size.prepare(prompt, "some.safetensors", 256, 2)
    assert [n["class_type"] for n in prepared.values()] == list(kinds)
    assert prepared["0"]["inputs"] == {"ckpt_name": "some.safetensors"} and prepared["2"]["inputs"] == {"steps": 2}
