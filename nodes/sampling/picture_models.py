"""Which of the host's models draw pictures from a text, how large a cell of their latents is, and which are distilled for guidance."""

from collections.abc import Iterable

from comfy.model_patcher import ModelPatcher
from torch import Tensor

# By class of the host's (comfy/model_base.py): latents that look like a picture's, or one frame of a video's, and are not.
OTHERS = {
    "SVD_img2vid": "makes videos",
    "SeedVR2": "restores videos",
    "ACEStep": "makes music",
    "ACEStep15": "makes music",
    "StableAudio1": "makes sound",
    "StableAudio3": "makes sound",
    "Hunyuan3Dv2": "makes 3D shapes",
    "Hunyuan3Dv2_1": "makes 3D shapes",
    "TripoSplat": "makes 3D shapes",
    "RT_DETR_v4": "finds things in pictures",
    "SAM3": "finds things in pictures",
    "DepthAnything3": "measures depth",
}
CELLS = {
    "Flux2": 16,
    "HunyuanImage21": 32,
    "ChromaRadiance": 1,
    "Wan22": 16,
}  # in pixels, where ComfyUI 0.3.75 does not say

USUAL = {"HunyuanImage21": 6.0}  # the guidance that the host gives where no node does, if it is not Flux's 3.5


def named(model: ModelPatcher) -> str:
    return type(model.model).__name__


def require_pictures(model: ModelPatcher, node: str) -> None:
    """ValueError, by name, for a model that draws no pictures: sound, 3D shapes, detectors, videos made of pictures."""
    kinds = [kind.__name__ for kind in type(model.model).__mro__]
    does = next((OTHERS[kind] for kind in kinds if kind in OTHERS), "")
    if not does and getattr(getattr(model.model, "latent_format", None), "latent_dimensions", 2) < 2:
        does = "makes no pictures"
    if does:
        raise ValueError(
            f"{node}: MODEL is a {named(model)}, which {does}; people are steered in pictures. Use an image model."
        )


def require_one_frame(latent: Tensor, model: ModelPatcher, node: str) -> None:
    """ValueError for latents that are no pictures [B,C,h,w], nor videos of one frame [B,C,1,h,w]."""
    if latent.dim() == 4 or (latent.dim() == 5 and latent.shape[2] == 1):
        return
    holds = f"{latent.shape[2]} frames" if latent.dim() == 5 else f"the shape {tuple(latent.shape)}"
    raise ValueError(
        f"{node}: MODEL is a {named(model)} and the latent has {holds}: people are steered in pictures, not in videos or sound. "
        "Use an image model, or sample a single frame (length 1)"
    )


def cell_of(model: ModelPatcher) -> int:
    """Pixels a side of a cell of the model's latents: 8 in most, 16 in Flux 2, 1 where the model draws pixels."""
    latents = model.get_model_object("latent_format")
    return int(getattr(latents, "spacial_downscale_ratio", CELLS.get(type(latents).__name__, 8)))


def distilled_guidance(model: ModelPatcher, conds: Iterable[dict]) -> float | None:
    """The guidance that the model's own predictions hold already (Flux dev: 3.5, by Flux Guidance); None: no such model.

    Such a model was taught to predict at once what another predicts with and without the prompt: D_u + g (D_c - D_u).
    """
    config = getattr(model.model, "model_config", None)
    if config is None or not config.unet_config.get("guidance_embed"):
        return None
    told = next((cond.get("guidance", USUAL.get(named(model), 3.5)) for cond in conds), None)
    return None if told is None else float(told)
