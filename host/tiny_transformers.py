"""Transformers of the host's image models, small and random: the host's own classes, with few blocks of little width.

    flux, flux2, chroma, qwen, sd3, lumina, zimage, pixart

Nothing is trained, so pictures mean nothing; but attention is not flat and nothing overflows. Texts are TEXT wide.
`save` writes what the stock loader (UNETLoader) reads back, for the families whose sizes it tells from the weights.
"""

import dataclasses
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from .tiny import initial

TEXT = 48
FLUX = {
    "image_model": "flux", "in_channels": 16, "out_channels": 16, "patch_size": 2, "vec_in_dim": 32, "context_in_dim": TEXT,
    "hidden_size": 256, "mlp_ratio": 4.0, "num_heads": 2, "depth": 2, "depth_single_blocks": 2, "axes_dim": [16, 56, 56],
    "theta": 10000, "qkv_bias": True, "guidance_embed": True, "txt_ids_dims": [],
}  # fmt: skip
FLUX2 = {
    **FLUX, "image_model": "flux2", "in_channels": 128, "out_channels": 128, "patch_size": 1, "vec_in_dim": None, "mlp_ratio": 3.0,
    "axes_dim": [32, 32, 32, 32], "theta": 2000, "qkv_bias": False, "guidance_embed": False, "txt_ids_dims": [3],
    "global_modulation": True, "mlp_silu_act": True, "ops_bias": False, "default_ref_method": "index", "ref_index_scale": 10.0,
}  # fmt: skip
CHROMA = {
    **FLUX, "image_model": "chroma", "in_channels": 64, "out_channels": 64, "in_dim": 64, "out_dim": 256, "hidden_dim": 64,
    "n_layers": 2,
}  # fmt: skip
CHROMA.pop("guidance_embed")
QWEN = {
    "image_model": "qwen_image", "in_channels": 64, "num_layers": 3, "attention_head_dim": 32, "num_attention_heads": 2,
    "joint_attention_dim": TEXT, "axes_dims_rope": (8, 12, 12),
}  # fmt: skip
SD3 = {
    "in_channels": 16, "patch_size": 2, "out_channels": 16, "depth": 2, "input_size": None, "adm_in_channels": 32,
    "context_embedder_config": {"target": "torch.nn.Linear", "params": {"in_features": TEXT, "out_features": 128}},
    "num_patches": 256, "pos_embed_max_size": 16, "qk_norm": "rms", "pos_embed_scaling_factor": None,
    "x_block_self_attn_layers": [0],
}  # fmt: skip
LUMINA = {
    "image_model": "lumina2", "patch_size": 2, "in_channels": 16, "dim": 64, "cap_feat_dim": TEXT, "n_layers": 2,
    "n_refiner_layers": 1, "qk_norm": True, "n_heads": 2, "n_kv_heads": 1, "axes_dims": [8, 12, 12], "axes_lens": [300, 512, 512],
    "rope_theta": 10000.0, "ffn_dim_multiplier": 2.0, "multiple_of": 32,
}  # fmt: skip
ZIMAGE = {
    **LUMINA, "dim": 256, "n_kv_heads": 2, "axes_dims": [32, 48, 48], "rope_theta": 256.0, "z_image_modulation": True,
    "time_scale": 1000.0, "pad_tokens_multiple": 32,
}  # fmt: skip
PIXART = {
    "image_model": "pixart_sigma", "micro_condition": False, "hidden_size": 64, "depth": 2, "num_heads": 2, "in_channels": 4,
    "caption_channels": TEXT, "model_max_length": 24, "pe_interpolation": 1,
}  # fmt: skip
# The host's configuration (comfy/supported_models.py), its sizes, and channels of its latents.
FAMILIES: dict[str, tuple[str, dict[str, Any], int]] = {
    "flux": ("Flux", FLUX, 16),
    "flux2": ("Flux2", FLUX2, 128),
    "chroma": ("Chroma", CHROMA, 16),
    "qwen": ("QwenImage", QWEN, 16),
    "sd3": ("SD3", SD3, 16),
    "lumina": ("Lumina2", LUMINA, 16),
    "zimage": ("ZImage", ZIMAGE, 16),
    "pixart": ("PixArtSigma", PIXART, 4),
}


def model(family: str, seed: int = 0):
    """A ModelPatcher of the host's, on the CPU in full precision."""
    import comfy.supported_models
    from comfy.model_patcher import ModelPatcher

    name, sizes, _ = FAMILIES[family]
    config = getattr(comfy.supported_models, name)(known(sizes))
    config.set_inference_dtype(torch.float32, None)
    made = config.get_model({}, "", device="cpu")
    made.diffusion_model.load_state_dict(state_dict(made.diffusion_model, seed))
    return ModelPatcher(made, torch.device("cpu"), torch.device("cpu"))


def known(sizes: dict[str, Any]) -> dict[str, Any]:
    """Without what an older host has no name for, where it takes a record of sizes (Flux, Chroma)."""
    from comfy.ldm.chroma.model import ChromaParams
    from comfy.ldm.flux.model import FluxParams

    record = {"flux": FluxParams, "flux2": FluxParams, "chroma": ChromaParams}.get(sizes.get("image_model", ""))
    names = {"image_model", *(field.name for field in dataclasses.fields(record))} if record else set(sizes)
    return {name: size for name, size in sizes.items() if name in names}


def state_dict(module: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Random values for all parameters of a model."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: initial(name, value.shape, generator).to(torch.float32) for name, value in module.state_dict().items()
    }


def save(path: Path, family: str, seed: int = 0) -> Path:
    """Write a family's weights as the stock loader of diffusion models takes them."""
    made = model(family, seed).model.diffusion_model
    safetensors.torch.save_file({name: value.contiguous() for name, value in made.state_dict().items()}, path)
    return path
