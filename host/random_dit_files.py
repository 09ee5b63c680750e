"""Flux and SD 3 as files that the host's stock loaders read: small, random, in the layout and under the keys of the real ones.

The loaders take the sizes of a diffusion model from its file. Those of text encoders they know by heart, so files of small
ones load within `small_texts` only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from . import random_dit, tiny

CLIP = {**tiny.TEXT, "num_hidden_layers": 3}  # SD 3 reads the last layer but one
T5 = {"d_model": tiny.CONTEXT, "d_ff": 128, "d_kv": 16, "num_heads": 4, "num_layers": 2}
# What tells the loaders which encoder it is, in layers that a small one has not: they report it as unexpected, and go on.
IS_T5_XXL = "encoder.block.23.layer.1.DenseReluDense.wi_1.weight", (10240, 1)
FLUX = {**random_dit.FLUX, "hidden_size": 128, "num_heads": 1, "axes_dim": [16, 56, 56], "mlp_ratio": 4.0}
SD3 = {
    **random_dit.SD3, "adm_in_channels": 2 * tiny.CONTEXT,
    "context_embedder_config": {"target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": 128}},
}  # fmt: skip


@contextmanager
def small_texts() -> Iterator[None]:
    """While open, the host builds text encoders of these sizes."""
    import comfy.sd

    original = comfy.sd.CLIP.__init__
    sizes = {"clip_l_model_config": CLIP, "clip_g_model_config": CLIP, "t5xxl_model_config": T5}

    def small(self: Any, *args: Any, **kwargs: Any) -> None:
        kwargs["model_options"] = {**kwargs.get("model_options", {}), **sizes}
        original(self, *args, **kwargs)

    comfy.sd.CLIP.__init__ = small
    try:
        yield
    finally:
        comfy.sd.CLIP.__init__ = original


def save_flux(models: Path, seed: int = 0) -> None:
    """flux1-dev, clip_l, t5xxl_fp16 and ae below `models`, where the loaders look."""
    import comfy.text_encoders.sd3_clip

    generator = torch.Generator().manual_seed(seed)
    t5 = _random(
        comfy.text_encoders.sd3_clip.T5XXLModel(model_options={"t5xxl_model_config": T5}).transformer, generator
    )
    name, shape = IS_T5_XXL
    files = {
        "diffusion_models/flux1-dev": random_dit.built("Flux", FLUX, seed).model.diffusion_model.state_dict(),
        "text_encoders/clip_l": _random(_clip("l").transformer, generator),
        "text_encoders/t5xxl_fp16": {**t5, name: torch.zeros(shape)},
        "vae/ae": _autoencoder(generator),
    }
    for file, state in files.items():
        _write(models / f"{file}.safetensors", state)


def save_sd3(models: Path, name: str, seed: int = 0) -> None:
    """A checkpoint of SD 3 with its two CLIPs and no T5, as sd3_medium_incl_clips is."""
    generator = torch.Generator().manual_seed(seed)
    parts = {
        "model.diffusion_model.": random_dit.built("SD3", SD3, seed).model.diffusion_model.state_dict(),
        "text_encoders.clip_l.": _random(_clip("l"), generator),
        "text_encoders.clip_g.": _random(_clip("g"), generator),
        "first_stage_model.": _autoencoder(generator),
    }
    _write(
        models / "checkpoints" / name,
        {prefix + key: value for prefix, part in parts.items() for key, value in part.items()},
    )


def _clip(which: str) -> torch.nn.Module:
    import comfy.sd1_clip
    import comfy.sdxl_clip

    kind = comfy.sdxl_clip.SDXLClipG if which == "g" else comfy.sd1_clip.SDClipModel
    return kind(model_options={f"clip_{which}_model_config": CLIP})


def _autoencoder(generator: torch.Generator) -> dict[str, Tensor]:
    """A TAESD of 16 channels."""
    from comfy.taesd.taesd import TAESD

    return _random(TAESD(latent_channels=16), generator)


def _random(module: torch.nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    return {name: tiny.initial(name, like.shape, generator) for name, like in module.state_dict().items()}


def _write(path: Path, state: dict[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file({name: tensor.half().contiguous().clone() for name, tensor in state.items()}, path)
