"""A checkpoint of Stable Diffusion 1.4's full shape with random weights, as the stock loader reads it.

U-Net 860 M, CLIP-L 123 M, autoencoder 84 M parameters, in half precision: 2.1 GB, built anew wherever it is needed.
Pictures mean nothing; time, memory and precision are those of the real one.
"""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from .tiny import UNET, initial

SD14 = {**UNET, "model_channels": 320, "context_dim": 768}
VAE = {
    "double_z": True,
    "z_channels": 4,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 128,
    "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_resolutions": [],
    "dropout": 0.0,
}


def shapes() -> dict[str, Tensor]:
    """Name -> tensor without storage, of every parameter, from the host's own modules."""
    from comfy.ldm.models.autoencoder import AutoencoderKL
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
    from comfy.sd1_clip import SD1ClipModel

    with torch.device("meta"):
        text = SD1ClipModel(device="meta").clip_l.transformer.state_dict()
        text.pop("text_projection.weight", None)
        parts = {
            "model.diffusion_model.": UNetModel(**SD14).state_dict(),
            "cond_stage_model.transformer.": text,
            "first_stage_model.": AutoencoderKL(ddconfig=VAE, embed_dim=4).state_dict(),
        }
    return {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.items()}


def save(path: Path, seed: int = 0) -> Path:
    """Write the checkpoint; takes about a minute and twice its size of memory."""
    generator = torch.Generator().manual_seed(seed)
    state = {name: initial(name, like.shape, generator).half() for name, like in shapes().items()}
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    safetensors.torch.save_file(state, path)
    return path
