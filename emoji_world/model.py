"""The emoji model in Stable Diffusion 1.x's layout, and its registration with ComfyUI's stock loader.

Same topology and block numbers as SD 1.x (two residual blocks a level, 16 cross-attention blocks: input 1, 2, 4, 5,
7, 8, middle 0, output 3 ... 11), narrower: 64 channels, multipliers 1-2-2-2, 4 heads, text width 128.
"""

import torch
from torch import Tensor, nn

CHANNELS = 64
CONTEXT = 128
HEADS = 4
UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": CHANNELS,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 2, 2],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1] * 9 + [0] * 3,
    "transformer_depth_middle": 1,
    "use_linear_in_transformer": False,
    "use_spatial_transformer": True,
    "legacy": False,
    "num_heads": HEADS,
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
VOCABULARY, LENGTH = 49408, 77
START, END = 49406, 49407


def register() -> None:
    """Teach the host's checkpoint detection this width. Adds one entry to its list of models; touches nothing else."""
    import comfy.sd1_clip
    import comfy.supported_models
    import comfy.supported_models_base

    class EmojiClipModel(comfy.sd1_clip.SD1ClipModel):
        def __init__(self, device="cpu", dtype=None, model_options=None, **kwargs):
            options = {**(model_options or {}), "clip_l_model_config": TEXT}
            super().__init__(device=device, dtype=dtype, model_options=options, **kwargs)

    class EmojiSD15(comfy.supported_models.SD15):
        unet_config = {
            **comfy.supported_models.SD15.unet_config,
            "context_dim": CONTEXT,
            "model_channels": CHANNELS,
        }
        unet_extra_config = {"num_heads": HEADS, "num_head_channels": -1}

        def clip_target(self, state_dict=None):
            return comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, EmojiClipModel)

    models = comfy.supported_models.models
    if not any(m.__name__ == EmojiSD15.__name__ for m in models):
        models.append(EmojiSD15)


def new_unet() -> nn.Module:
    """The host's U-Net, initialised for training: residual branches start at zero, attention is not flat."""
    import comfy.ops
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

    unet = UNetModel(**UNET, dtype=torch.float32, operations=comfy.ops.disable_weight_init)
    for name, p in unet.named_parameters():
        if p.dim() < 2:
            nn.init.ones_(p) if _is_norm(unet, name) and name.endswith("weight") else nn.init.zeros_(p)
        elif name.endswith(("proj_out.weight", "out_layers.3.weight", "out.2.weight")):
            nn.init.zeros_(p)
        else:
            nn.init.normal_(p, std=p[0].numel() ** -0.5)
    return unet


def _is_norm(module: nn.Module, name: str) -> bool:
    owner = module.get_submodule(name.rsplit(".", 1)[0])
    return isinstance(owner, (nn.LayerNorm, nn.GroupNorm))


class TextEncoder(nn.Module):
    """CLIP's text transformer under the host's key names, without in-place additions so that it can be trained.

    forward(ids [B,77]) -> [B,77,128], the last hidden state after the final norm: what the host's encoder gives for
    unweighted prompts.
    """

    def __init__(self, vocabulary: int = VOCABULARY):
        super().__init__()
        d = CONTEXT
        self.token_embedding = nn.Embedding(vocabulary, d)
        self.position_embedding = nn.Embedding(LENGTH, d)
        self.layers = nn.ModuleList(
            _TextLayer(d, TEXT["num_attention_heads"]) for _ in range(TEXT["num_hidden_layers"])
        )
        self.final_layer_norm = nn.LayerNorm(d)
        nn.init.normal_(self.token_embedding.weight, std=0.5)
        nn.init.normal_(self.position_embedding.weight, std=0.1)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.final_layer_norm(x)


class _TextLayer(nn.Module):
    def __init__(self, d: int, heads: int):
        super().__init__()
        self.heads = heads
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.self_attn = nn.ModuleDict({k: nn.Linear(d, d) for k in ("q_proj", "k_proj", "v_proj", "out_proj")})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(d, 2 * d), "fc2": nn.Linear(2 * d, d)})

    def forward(self, x: Tensor) -> Tensor:
        h, att = self.layer_norm1(x), self.self_attn
        q, k, v = (att[n](h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for n in ("q_proj", "k_proj", "v_proj"))
        h = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + att["out_proj"](h.transpose(1, 2).flatten(-2))
        h = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](h * torch.sigmoid(1.702 * h))


def text_keys(encoder: TextEncoder) -> dict[str, Tensor]:
    """The encoder's weights under the host's names (prefix cond_stage_model.transformer.text_model.)."""
    renamed = {}
    for key, value in encoder.state_dict().items():
        if key.startswith(("token_embedding", "position_embedding")):
            key = "embeddings." + key
        elif key.startswith("layers."):
            key = "encoder." + key
        renamed["cond_stage_model.transformer.text_model." + key] = value
    return renamed
