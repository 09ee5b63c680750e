"""Transformer models of the host's own classes, small and random: one for each family of image models that it knows.

Every size that a family's class takes is made small, and every text as wide as the tiny checkpoints' CLIP encodes it
(`tiny.CONTEXT`), so that one encoder serves all. Nothing is trained, so pictures mean nothing; nothing overflows either.
"""

import dataclasses
import math
import re
from typing import Any

import torch
from torch import Tensor

from .tiny import CONTEXT

# What an attention gives to its layer, by the names of all families.
ATTENTION_OUT = re.compile(r"(attn|attention)[^.]*[^qkv]*\.(\w*out\w*(\.0)?|proj|o|wo|\w*o_proj)\.weight$")
AXES = [8, 12, 12]  # of the rotary embedding: heads of 32 channels
FLUX = {
    "in_channels": 16, "out_channels": 16, "vec_in_dim": CONTEXT, "context_in_dim": CONTEXT, "hidden_size": 64, "mlp_ratio": 2.0,
    "num_heads": 2, "depth": 1, "depth_single_blocks": 2, "axes_dim": AXES, "theta": 10000, "patch_size": 2, "qkv_bias": True,
    "guidance_embed": True, "txt_ids_dims": [],
}  # fmt: skip
FLUX2 = {
    **FLUX, "in_channels": 128, "out_channels": 128, "vec_in_dim": None, "mlp_ratio": 3.0, "axes_dim": [8, 8, 8, 8], "theta": 2000,
    "patch_size": 1, "qkv_bias": False, "txt_ids_dims": [3], "global_modulation": True, "mlp_silu_act": True,
    "default_ref_method": "index", "ref_index_scale": 10.0,
}  # fmt: skip
CHROMA = {
    **{name: FLUX[name] for name in FLUX if name != "guidance_embed"}, "vec_in_dim": None, "in_channels": 64, "out_channels": 64,
    "in_dim": 64, "out_dim": 64, "hidden_dim": 64, "n_layers": 1,
}  # fmt: skip
RADIANCE = {
    **CHROMA, "in_channels": 3, "out_channels": 3, "patch_size": 16, "nerf_hidden_size": 16, "nerf_mlp_ratio": 2, "nerf_depth": 1,
    "nerf_max_freqs": 4, "nerf_tile_size": 512, "nerf_final_head_type": "conv", "nerf_embedder_dtype": torch.float32,
    "use_x0": False, "use_sequential_txt_ids": False,
}  # fmt: skip
SD3 = {
    "in_channels": 16, "out_channels": 16, "patch_size": 2, "depth": 2, "input_size": None, "adm_in_channels": CONTEXT,
    "context_embedder_config": {"target": "torch.nn.Linear", "params": {"in_features": CONTEXT, "out_features": 128}},
    "num_patches": 1024, "pos_embed_max_size": 32, "pos_embed_scaling_factor": None, "qk_norm": "rms", "x_block_self_attn_layers": [],
}  # fmt: skip
LUMINA = {
    "patch_size": 2, "in_channels": 16, "dim": 64, "n_layers": 2, "n_refiner_layers": 1, "n_heads": 2, "n_kv_heads": 2, "qk_norm": True,
    "cap_feat_dim": CONTEXT, "axes_dims": AXES, "axes_lens": [300, 512, 512], "rope_theta": 10000.0, "ffn_dim_multiplier": 1.0,
    "multiple_of": 32,
}  # fmt: skip
ZIMAGE = {
    **LUMINA, "dim": 256, "n_heads": 8, "n_kv_heads": 8, "z_image_modulation": True, "time_scale": 1000.0, "pad_tokens_multiple": 32,
}  # fmt: skip
COSMOS = {
    "max_img_h": 64, "max_img_w": 64, "max_frames": 8, "in_channels": 16, "out_channels": 16, "patch_spatial": 2, "patch_temporal": 1,
    "model_channels": 64, "num_blocks": 2, "num_heads": 2, "mlp_ratio": 2.0, "crossattn_emb_channels": CONTEXT, "pos_emb_cls": "rope3d",
    "pos_emb_learnable": True, "use_adaln_lora": True, "adaln_lora_dim": 16, "rope_enable_fps_modulation": False,
}  # fmt: skip
HUNYUAN = {
    "in_channels": 64, "out_channels": 64, "vec_in_dim": None, "context_in_dim": CONTEXT, "hidden_size": 64, "mlp_ratio": 2.0,
    "num_heads": 2, "depth": 1, "depth_single_blocks": 1, "axes_dim": [16, 16], "theta": 256, "patch_size": [1, 1], "qkv_bias": True,
    "guidance_embed": False, "byt5": False, "meanflow": False, "use_cond_type_embedding": False, "vision_in_dim": None,
    "meanflow_sum": False,
}  # fmt: skip
OMNIGEN = {
    "patch_size": 2, "in_channels": 16, "hidden_size": 96, "num_layers": 2, "num_refiner_layers": 1, "num_attention_heads": 2,
    "num_kv_heads": 1, "multiple_of": 32, "axes_dim_rope": [16, 16, 16], "axes_lens": [300, 512, 512], "text_feat_dim": CONTEXT,
    "timestep_scale": 1000.0,
}  # fmt: skip
BOOGU = {
    **{name: OMNIGEN[name] for name in OMNIGEN if name != "text_feat_dim"}, "instruction_feat_dim": CONTEXT,
    "num_double_stream_layers": 1,
}  # fmt: skip
QWEN = {
    "patch_size": 2, "in_channels": 64, "out_channels": 16, "num_layers": 2, "attention_head_dim": 32, "num_attention_heads": 2,
    "joint_attention_dim": CONTEXT, "axes_dims_rope": AXES,
}  # fmt: skip
HIDREAM = {
    "patch_size": 2, "in_channels": 16, "out_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 32,
    "num_attention_heads": 2, "caption_channels": [CONTEXT, CONTEXT], "text_emb_dim": CONTEXT, "num_routed_experts": 2,
    "num_activated_experts": 1, "axes_dims_rope": [16, 8, 8], "max_resolution": [32, 32], "llama_layers": [0, 1],
}  # fmt: skip
WAN = {
    "patch_size": (1, 2, 2), "text_len": 512, "in_dim": 16, "dim": 64, "ffn_dim": 128, "freq_dim": 32, "text_dim": CONTEXT, "out_dim": 16,
    "num_heads": 2, "num_layers": 2,
}  # fmt: skip
# family, as users know it -> (class of comfy/supported_models.py, the sizes)
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "SD 3 / 3.5": ("SD3", SD3),
    "Flux dev": ("Flux", FLUX),
    "Flux schnell": ("FluxSchnell", {**FLUX, "guidance_embed": False}),
    "Flux 2": ("Flux2", FLUX2),
    "LongCat-Image": ("LongCatImage", {**FLUX, "guidance_embed": False, "vec_in_dim": None, "txt_ids_dims": [1, 2]}),
    "Chroma": ("Chroma", CHROMA),
    "Chroma Radiance": ("ChromaRadiance", RADIANCE),
    "Qwen-Image": ("QwenImage", QWEN),
    "Lumina 2": ("Lumina2", LUMINA),
    "Z-Image": ("ZImage", ZIMAGE),
    "PixArt alpha": ("PixArtAlpha", {
        "input_size": 32, "patch_size": 2, "in_channels": 4, "hidden_size": 96, "depth": 2, "num_heads": 2, "caption_channels": CONTEXT,
        "model_max_length": 120, "micro_condition": True, "pe_interpolation": 1,
    }),
    "PixArt sigma": ("PixArtSigma", {
        "input_size": 32, "patch_size": 2, "in_channels": 4, "hidden_size": 64, "depth": 2, "num_heads": 2, "caption_channels": CONTEXT,
        "model_max_length": 300, "micro_condition": False, "pe_interpolation": 1,
    }),
    "AuraFlow": ("AuraFlow", {
        "dim": 64, "n_layers": 2, "n_double_layers": 1, "n_heads": 2, "global_conddim": 64, "cond_seq_dim": CONTEXT, "max_seq": 1024,
    }),
    "Hunyuan-DiT": ("HunyuanDiT", {
        "hidden_size": 64, "depth": 4, "num_heads": 2, "mlp_ratio": 2.0, "text_states_dim": CONTEXT, "text_states_dim_t5": CONTEXT,
        "text_len_t5": 77,
    }),
    "HiDream-I1": ("HiDream", HIDREAM),
    "OmniGen 2": ("Omnigen2", OMNIGEN),
    "Boogu-Image": ("Boogu", BOOGU),
    "Hunyuan-Image 2.1": ("HunyuanImage21", HUNYUAN),
    "Kandinsky 5 Image": ("Kandinsky5Image", {
        "in_text_dim": CONTEXT, "in_text_dim2": CONTEXT, "time_dim": 32, "model_dim": 64, "ff_dim": 64, "visual_embed_dim": 16 * 4,
        "num_text_blocks": 1, "num_visual_blocks": 2, "axes_dims": (8, 12, 12), "rope_scale_factor": (1.0, 1.0, 1.0),
    }),
    "Cosmos Predict 2": ("CosmosT2IPredict2", COSMOS),
    "JoyImage": ("JoyImage", {
        "hidden_size": 64, "num_attention_heads": 2, "text_dim": CONTEXT, "mlp_width_ratio": 2.0, "num_layers": 2, "rope_dim_list": AXES,
    }),
    "Krea 2": ("Krea2", {
        "features": 64, "tdim": 32, "txtdim": CONTEXT // 2, "heads": 2, "kvheads": 1, "multiplier": 2, "layers": 2, "txtlayers": 2,
        "txtheads": 2, "txtkvheads": 2,
    }),
    "Lens": ("Lens", {
        "num_layers": 2, "attention_head_dim": 32, "num_attention_heads": 2, "enc_hidden_dim": CONTEXT, "axes_dims_rope": (8, 12, 12),
        "multi_layer_encoder_feature": False, "selected_layer_index": (0,),
    }),
    "Ideogram 4": ("Ideogram4", {
        "num_layers": 2, "num_attention_heads": 2, "attention_head_dim": 32, "intermediate_size": 64, "adaln_dim": 32,
        "llm_features_dim": CONTEXT, "mrope_section": [4, 6, 6],
    }),
    "Mage-Flow": ("MageFlow", {
        "num_layers": 2, "attention_head_dim": 32, "num_attention_heads": 2, "joint_attention_dim": CONTEXT, "axes_dims_rope": AXES,
    }),
    "Ernie-Image": ("ErnieImage", {
        "hidden_size": 64, "num_attention_heads": 2, "num_layers": 2, "ffn_hidden_size": 64, "text_in_dim": CONTEXT,
        "rope_axes_dim": AXES,
    }),
    "PixelDiT": ("PixelDiTT2I", {
        "num_groups": 2, "hidden_size": 64, "pixel_hidden_size": 8, "pixel_attn_hidden_size": 32, "pixel_num_groups": 2, "patch_depth": 1,
        "pixel_depth": 1, "txt_embed_dim": CONTEXT,
    }),
    "Wan 2.1 (one frame)": ("WAN21_T2V", WAN),
}  # fmt: skip


def known(name: str) -> bool:
    """Whether the host in use has this family."""
    import comfy.supported_models

    return hasattr(comfy.supported_models, FAMILIES[name][0])


def build(name: str, seed: int = 0) -> Any:
    """The family's model with random weights, in the host's ModelPatcher, on the CPU in single precision."""
    return built(*FAMILIES[name], seed)


def built(kind: str, sizes: dict[str, Any], seed: int) -> Any:
    """kind: a class of comfy/supported_models.py."""
    import comfy.supported_models
    from comfy.model_patcher import ModelPatcher

    sizes = taken(kind, sizes)
    small = type(kind, (getattr(comfy.supported_models, kind),), {"unet_extra_config": sizes})
    config = small(sizes)
    config.set_inference_dtype(torch.float32, None)
    cpu = torch.device("cpu")
    with torch.inference_mode(False):
        model = config.get_model({}, "", device=cpu)
    fill(model.diffusion_model, torch.Generator().manual_seed(seed))
    return ModelPatcher(model, load_device=cpu, offload_device=cpu)


def taken(kind: str, sizes: dict[str, Any]) -> dict[str, Any]:
    """The sizes that the host in use has a name for, where a model keeps them in a record: an older one knows fewer."""
    import comfy.ldm.chroma.model as chroma
    import comfy.ldm.chroma_radiance.model as radiance
    import comfy.ldm.flux.model as flux
    import comfy.ldm.hunyuan_video.model as hunyuan

    records = {
        **dict.fromkeys(("Flux", "FluxSchnell", "Flux2", "LongCatImage"), flux.FluxParams), "Chroma": chroma.ChromaParams,
        "ChromaRadiance": radiance.ChromaRadianceParams, "HunyuanImage21": hunyuan.HunyuanVideoParams,
    }  # fmt: skip
    if kind not in records:
        return sizes
    names = {field.name for field in dataclasses.fields(records[kind])}
    return {name: size for name, size in sizes.items() if name in names}


def fill(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Random weights in place: N(0, gain² / fan-in) for matrices, 1 for norms, N(0, 0.02²) for biases and other vectors."""
    with torch.inference_mode(False), torch.no_grad():
        learned = [*module.named_parameters(), *((n, b) for n, b in module.named_buffers() if n.endswith("pos_embed"))]
        for name, parameter in learned:
            parameter.copy_(value(name, parameter.shape, generator))


def value(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    if len(shape) < 2:
        norm = "norm" in name and not name.endswith("bias")
        return torch.ones(shape) if norm or name.endswith("scale") else 0.02 * torch.randn(shape, generator=generator)
    gain = 0.3 if ATTENTION_OUT.search(name) else 1.0  # calm: a place does not follow all others at once
    return gain / math.sqrt(math.prod(shape[1:])) * torch.randn(shape, generator=generator)
