"""The README says of every model of the newest ComfyUI whether its maps can be read, and says it rightly."""

import re

import pytest

from fair_attention.attention.watching import readable_blocks
from fair_attention.host import hosts, random_dit
from fair_attention.tests.host.joint_bench import FAMILIES

pytestmark = pytest.mark.skipif(hosts.version() != hosts.NEWEST, reason="the table is the newest ComfyUI's")

U_NETS = (
    "SD15", "SD15_instructpix2pix", "SD20", "SD21UnclipL", "SD21UnclipH", "LotusD", "SD_X4Upscaler", "SDXL", "SDXL_instructpix2pix",
    "SDXLRefiner", "SSD1B", "Segmind_Vega", "KOALA_700M", "KOALA_1B",
)  # fmt: skip
OF_A_ROW_S_LAYOUT = ("FluxInpaint", "HunyuanDiT1")
NOT_RUN = (
    "Anima", "CosmosI2VPredict2", "HiDreamO1", "HunyuanImage21Refiner", "PiD", "Stable_Cascade_B", "Stable_Cascade_C",
    "Stable_Zero123", "ZImagePixelSpace",
)  # fmt: skip
NO_PICTURES = (
    "SV3D_u", "SV3D_p", "SVD_img2vid", "GenmoMochi", "LTXV", "LTXAV", "MiniMaxH3", "HunyuanVideo", "HunyuanVideoI2V",
    "HunyuanVideoSkyreelsI2V", "HunyuanVideo15", "HunyuanVideo15_SR_Distilled", "CosmosT2V", "CosmosI2V", "WAN22_T2V",
    "WAN21_CausalAR_T2V", "WAN21_I2V", "WAN21_FunControl2V", "WAN21_Vace", "WAN21_Camera", "WAN22_Camera", "WAN22_S2V",
    "WAN21_HuMo", "WAN22_Animate", "WAN21_FlowRVS", "WAN21_SCAIL", "WAN21_SCAIL2", "WAN22_WanDancer", "SeedVR2", "Kandinsky5",
    "CogVideoX_T2V", "CogVideoX_I2V", "CogVideoX_Inpaint",  # videos
    "StableAudio", "StableAudio3", "ACEStep", "ACEStep15",  # sound
    "Hunyuan3Dv2", "Hunyuan3Dv2mini", "Hunyuan3Dv2_1", "TripoSplat",  # shapes
    "RT_DETR_v4", "SAM3", "SAM31", "DepthAnything3",  # what is in a picture
)  # fmt: skip


def maps_column() -> dict[str, str]:
    section = (
        (hosts.ROOT / "README.md").read_text(encoding="utf-8").partition("### Image models")[2].partition("## ")[0]
    )
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| yes \|", section, re.MULTILINE))


def test_maps_are_promised_of_the_models_that_can_be_read_and_are_run(host):
    said = maps_column()
    for name in random_dit.FAMILIES:
        readable = bool(readable_blocks(random_dit.build(name).model.diffusion_model))
        assert (said[name] == "yes") == readable == (name in FAMILIES), name
        assert readable or said[name] == "refused", name


def test_every_model_of_the_host_has_a_place(host):
    import comfy.supported_models

    there = {kind.__name__ for kind in comfy.supported_models.models if not kind.__name__.startswith(("Tiny", "Emoji"))}
    rows = {kind for kind, _ in random_dit.FAMILIES.values()} | {*U_NETS}
    others = {*OF_A_ROW_S_LAYOUT, *NOT_RUN, *NO_PICTURES}
    assert there - rows - others == set(), "new in this ComfyUI: where do they belong?"
    assert (rows | others) - there == rows & others == set()
