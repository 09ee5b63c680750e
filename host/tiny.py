"""Checkpoints of Stable Diffusion's layouts, small and random: they load in a second and sample in less.

The U-Nets have the cross-attention blocks of the real ones under the same numbers, the text encoders the real
tokenizers. The autoencoder is a TAESD. Nothing is trained, so pictures mean nothing; but the initialisation is calm, so
attention is not flat, gradients behave and nothing overflows.

    sd1   SD 1.x: 16 blocks, 8 heads, predicts eps
    sd2   SD 2.x: 16 blocks, heads of 8 channels, linear projections, predicts v
    sdxl  SDXL: several layers a block (2 instead of 10 at the deepest), two text encoders, size conditioning
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
NARROW_HEADS = {"use_linear_in_transformer": True, "num_heads": -1, "num_head_channels": 8}
SDXL_DEPTHS = {
    "num_res_blocks": [2, 2, 2],
    "channel_mult": [1, 2, 4],
    "transformer_depth": [0, 0, 1, 1, 2, 2],
    "transformer_depth_output": [0] * 3 + [1] * 3 + [2] * 3,
    "transformer_depth_middle": 2,
    "context_dim": 2 * CONTEXT,
    "adm_in_channels": CONTEXT + 6 * 256,  # pooled text and six sizes
    "num_classes": "sequential",
}
UNETS = {"sd1": UNET, "sd2": {**UNET, **NARROW_HEADS}, "sdxl": {**UNET, **NARROW_HEADS, **SDXL_DEPTHS}}
TEXT = {
    "hidden_size": CONTEXT,
    "intermediate_size": 2 * CONTEXT,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "projection_dim": CONTEXT,
}
TEXTS = {"sd1": TEXT, "sd2": TEXT, "sdxl": {**TEXT, "num_hidden_layers": 3}}  # SDXL reads the last layer but one
RESIDUAL = ("proj_out", "out_layers.3", "to_out.0", "ff.net.2", "out.2")
QUERIES_AND_KEYS = ("attn2.to_q", "attn2.to_k")
PREDICTS_V = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"  # how the host tells SD 2.x


def text_model_class(family: str = "sd1") -> type:
    """The host's text encoder at this width."""
    import comfy.sd1_clip
    import comfy.sdxl_clip

    base = comfy.sdxl_clip.SDXLClipModel if family == "sdxl" else comfy.sd1_clip.SD1ClipModel

    class TinyClipModel(base):
        def __init__(self, device="cpu", dtype=None, model_options=None, **kwargs):
            sizes = {"clip_l_model_config": TEXTS[family], "clip_g_model_config": TEXTS[family]}
            options = {**(model_options or {}), **sizes}
            super().__init__(device=device, dtype=dtype, model_options=options, **kwargs)

    return TinyClipModel


def register() -> None:
    """Teach the host's checkpoint detection these widths."""
    import comfy.sd1_clip
    import comfy.sdxl_clip
    import comfy.supported_models as models
    from comfy.supported_models_base import ClipTarget
    from comfy.utils import state_dict_prefix_replace

    text, text_xl = text_model_class(), text_model_class("sdxl")
    width = {"context_dim": CONTEXT, "model_channels": CHANNELS}

    class TinySD15(models.SD15):
        unet_config = {**models.SD15.unet_config, **width}

        def clip_target(self, state_dict=None):
            return ClipTarget(comfy.sd1_clip.SD1Tokenizer, text)

    class TinySD20(models.SD20):
        unet_config = {**models.SD20.unet_config, **width}
        unet_extra_config = {**models.SD20.unet_extra_config, "num_head_channels": 8}
        clip_target = TinySD15.clip_target
        process_clip_state_dict = models.SD15.process_clip_state_dict

    class TinySDXL(models.SDXL):
        sizes = {k: UNETS["sdxl"][k] for k in ("transformer_depth", "context_dim", "adm_in_channels")}
        unet_config = {**models.SDXL.unet_config, "model_channels": CHANNELS, **sizes}
        unet_extra_config = {"num_heads": -1, "num_head_channels": 8}

        def clip_target(self, state_dict=None):
            return ClipTarget(comfy.sdxl_clip.SDXLTokenizer, text_xl)

        def process_clip_state_dict(self, state_dict):
            return state_dict_prefix_replace(state_dict, {"conditioner.": ""}, filter_keys=True)

    models.models.extend((TinySD15, TinySD20, TinySDXL))


def save(path: Path, seed: int = 0, family: str = "sd1") -> Path:
    """Write a checkpoint, in half precision."""
    safetensors.torch.save_file(state_dict(seed, family), path)
    return path


def state_dict(seed: int, family: str = "sd1") -> dict[str, Tensor]:
    """The host's own modules' parameters under a checkpoint's prefixes, with random values."""
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
    from comfy.taesd.taesd import TAESD

    text_model = text_model_class(family)()
    text = text_model.state_dict() if family == "sdxl" else text_model.clip_l.transformer.state_dict()
    if family != "sdxl":
        text.pop("text_projection.weight", None)
    parts = {
        "model.diffusion_model.": UNetModel(**UNETS[family]).state_dict(),
        "conditioner." if family == "sdxl" else "cond_stage_model.transformer.": text,
        "first_stage_model.": TAESD(latent_channels=4).state_dict(),
    }
    generator = torch.Generator().manual_seed(seed)
    state = {p + k: initial(k, v.shape, generator).half() for p, part in parts.items() for k, v in part.items()}
    if family != "sdxl":
        state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    if family == "sd2":
        state[PREDICTS_V] = torch.randn(CHANNELS, generator=generator).half()
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
