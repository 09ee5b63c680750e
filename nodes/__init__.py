"""The pack's nodes: the only room that knows ComfyUI."""

import folder_paths
from comfy_api.latest import ComfyExtension, io

from ..emoji_world import model as emoji_model
from ..emoji_world.dit import model as emoji_transformer
from ..emoji_world.world import CHECKPOINTS, LORAS
from . import (
    alignment,
    ask,
    capture,
    entanglement,
    explore,
    heatmaps,
    inference,
    locate,
    report,
    soft_iou,
    storage,
    target,
    unedited,
    voting,
)
from .baselines import concept_editing, ethical_intervention, fair_diffusion
from .measure import bias, compare, consistency, load_reader, pool, readers, record

MODULES = (
    capture,
    heatmaps,
    explore,
    ask,
    alignment,
    voting,
    locate,
    target,
    inference,
    unedited,
    report,
    load_reader,
    readers,
    bias,
    pool,
    compare,
    consistency,
    record,
    soft_iou,
    entanglement,
    storage,
    ethical_intervention,
    fair_diffusion,
    concept_editing,
)


def offer_emoji_world() -> None:
    """Let the stock loaders list and open the embedded checkpoints and the LoRA. (0.3.75 never calls an extension's on_load.)"""
    emoji_model.register()
    emoji_transformer.register()
    folder_paths.add_model_folder_path("checkpoints", str(CHECKPOINTS))
    folder_paths.add_model_folder_path("loras", str(LORAS))


class FairAttentionExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [node for module in MODULES for node in module.NODES]
