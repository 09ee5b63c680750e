"""A checkpoint of Stable Diffusion 1.x's layout and topology, small and random: loads in a second, samples in less.

The U-Net has the 16 cross-attention blocks of the real one under the same numbers, the CLIP the real tokenizer. The
autoencoder is a TAESD. Nothing is trained, so pictures mean nothing; but the initialisation is calm, so attention is
not flat, gradients behave and nothing overflows.
"""

import math
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

CHANNELS, CONTEXT = 32, 64
UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": CHANNELS,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1] * 9 + [0] * 3,
    "transformer_depth_middle": 1,
    "use_linear_in_transformer": False,
    "use_spatial_transformer": True,
    "legacy": False,
    "num_heads": 8,
    "num_head_channels": -1,
    "context_dim": CONTEXT,
}
TEXT = {
    "hidden_size": CONTEXT,
    "intermediate_size": 2 * CONTEXT,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "projection_dim": CONTEXT,
}
RESIDUAL = ("proj_out", "out_layers.3", "to_out.0", "ff.net.2", "out.2")
QUERIES_AND_KEYS = ("attn2.to_q", "attn2.to_k")


def text_model_class() -> type:
    """The host's SD 1.x text encoder at this width."""
    import comfy.sd1_clip

    class TinyClipModel(comfy.sd1_clip.SD1ClipModel):
        def __init__(self, device="cpu", dtype=None, model_options=None, **kwargs):
            options = {**(model_options or {}), "clip_l_model_config": TEXT}
            super().__init__(device=device, dtype=dtype, model_options=options, **kwargs)

    return TinyClipModel


def register() -> None:
    """Teach the host's checkpoint detection this width."""
    import comfy.sd1_clip
    import comfy.supported_models
    import comfy.supported_models_base

    text_model = text_model_class()

    class TinySD15(comfy.supported_models.SD15):
        unet_config = {
            **comfy.supported_models.SD15.unet_config,
            "context_dim": CONTEXT,
            "model_channels": CHANNELS,
        }

        def clip_target(self, state_dict=None):
            return comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, text_model)

    comfy.supported_models.models.append(TinySD15)


def save(path: Path, seed: int = 0) -> Path:
    """Write the checkpoint, in half precision."""
    safetensors.torch.save_file(state_dict(seed), path)
    return path


def state_dict(seed: int) -> dict[str, Tensor]:
    """The host's own modules' parameters under a checkpoint's prefixes, with random values."""
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
    from comfy.taesd.taesd import TAESD

    text = text_model_class()().clip_l.transformer.state_dict()
    text.pop("text_projection.weight", None)
    parts = {
        "model.diffusion_model.": UNetModel(**UNET).state_dict(),
        "cond_stage_model.transformer.": text,
        "first_stage_model.": TAESD(latent_channels=4).state_dict(),
    }
    generator = torch.Generator().manual_seed(seed)
    state = {p + k: initial(k, v.shape, generator).half() for p, part in parts.items() for k, v in part.items()}
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    return state


def initial(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Values for one parameter: N(0, gain² / fan-in) for matrices, 1 for norms and scales, 0 for biases and shifts."""
    if len(shape) < 2:
        return torch.zeros(shape) if name.endswith(("bias", "shift")) else torch.ones(shape)
    if "embedding" in name:
        return 0.5 * torch.randn(shape, generator=generator)
    module = name.removesuffix(".weight")
    gain = 0.2 if module.endswith(RESIDUAL) else 2.0 if module.endswith(QUERIES_AND_KEYS) else 1.0
    return gain / math.sqrt(math.prod(shape[1:])) * torch.randn(shape, generator=generator)
