"""The LoRA of the fine-tune on balanced data: the host's loader puts in what was trained, layer by layer."""

import pytest
import torch
from safetensors.torch import save_file

from fair_attention.emoji_world import fine_tune
from fair_attention.emoji_world.model import new_unet
from fair_attention.emoji_world.world import ALIGNED_LORA, BALANCED_LORA, CHECKPOINT, TUNING
from fair_attention.host import hosts
from fair_attention.host.workflow import read_prompt


@pytest.fixture
def changes():
    torch.manual_seed(0)
    unet = new_unet()
    found = fine_tune.adapted(unet, 4)
    assert [p for p in unet.parameters() if p.requires_grad] == [p for c in found.values() for p in c.parameters()]
    for change in found.values():
        torch.nn.init.normal_(change.up, std=0.1)
    return found


def test_the_host_loads_every_layer_as_it_was_trained(host, changes, tmp_path):
    path = tmp_path / "balanced.safetensors"
    save_file(fine_tune.lora_state(changes), path)
    model = host.comfy.sd.load_checkpoint_guess_config(str(CHECKPOINT), output_clip=False, output_vae=False)[0]
    lora = host.comfy.utils.load_torch_file(str(path))
    patched, _ = host.comfy.sd.load_lora_for_models(model, None, lora, 1.0, 0)
    names = {f"diffusion_model.{name}.weight" for name in changes}
    assert set(patched.patches) == names and len(names) == 16 * 8
    name, change = next(iter(changes.items()))
    before = model.model.diffusion_model.get_submodule(name).weight.detach().float().clone()
    host.comfy.model_management.load_models_gpu([patched])
    after = patched.model.diffusion_model.get_submodule(name).weight.detach().float().clone()
    patched.unpatch_model(patched.offload_device)
    torch.testing.assert_close(after - before, (change.up @ change.down).detach(), atol=3e-3, rtol=1e-2)


@pytest.mark.parametrize("shipped", [BALANCED_LORA, ALIGNED_LORA], ids=lambda path: path.stem)
def test_the_shipped_ones_are_in_the_host_s_list_and_fit_the_embedded_model(host, shipped):
    assert shipped.name in host.folder_paths.get_filename_list("loras")
    model = host.comfy.sd.load_checkpoint_guess_config(str(CHECKPOINT), output_clip=False, output_vae=False)[0]
    lora = host.comfy.utils.load_torch_file(str(shipped))
    patched, _ = host.comfy.sd.load_lora_for_models(model, None, lora, 1.0, 0)
    assert len(patched.patches) == 16 * 8


def test_in_the_workflow_only_one_side_is_fine_tuned_and_wholly(object_info):
    """Model and both texts of one sampler are the LoRA's, the other's are the checkpoint's; all else is alike."""
    prompt = read_prompt(hosts.ROOT / "workflows" / "compare-fine-tune.json", object_info)
    (lora,) = (n for n, node in prompt.items() if node["class_type"] == "LoraLoader")
    assert prompt[lora]["inputs"]["lora_name"] == BALANCED_LORA.name

    def sources(sampler: dict) -> set[str]:
        texts = [prompt[sampler["inputs"][side][0]]["inputs"]["clip"][0] for side in ("positive", "negative")]
        return {sampler["inputs"]["model"][0], *texts}

    samplers = [node for node in prompt.values() if node["class_type"] == "KSampler"]
    loader = prompt[lora]["inputs"]["model"][0]
    assert sorted(map(sorted, map(sources, samplers))) == sorted([[lora], [loader]])
    plain, tuned = ({k: v for k, v in s["inputs"].items() if not isinstance(v, list)} for s in samplers)
    assert plain == tuned and plain["seed"] == 0


def test_its_scenes_are_balanced_and_of_six_occupations():
    import numpy as np

    from fair_attention.emoji_world import scene
    from fair_attention.emoji_world.world import balanced

    rng = np.random.default_rng(0)
    groups = [g for _ in range(300) for g in fine_tune.groups_of_six(rng)[0]]
    assert {g.noun for g in groups} == {*TUNING, "person"}
    people = [scene.draw_attributes(rng, scene.Group("pilot", 2), balanced()) for _ in range(2000)]
    men = np.mean([p[1] == "male" for pair in people for p in pair])
    alike = np.mean([a[1] == b[1] for a, b in people])
    assert abs(men - 0.5) < 0.03 and abs(alike - 0.5) < 0.04
    tones = [p[2] for pair in people for p in pair]
    assert all(abs(tones.count(t) / len(tones) - 0.25) < 0.03 for t in set(tones)) and len(set(tones)) == 4
