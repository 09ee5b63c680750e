"""The second model: the host's own MMDiT in SD 3's layout, small, and its registration with the stock loader.

Four joint blocks of width 256 (SD 3 takes one head of 64 a block), patch 2, 9 M parameters; the text encoder, its
77 tokens and the four latent channels are the first world's. `flow` computes the same forward plainly over the same
weights, in any precision, and hands out what training looks at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..model import CONTEXT, TEXT, VOCABULARY

DEPTH = 4
HIDDEN = 64 * DEPTH
HEAD = 64
PATCH = 2
CHANNELS = 4
PLACES = 32  # of the table of positions, a side: pictures up to 512 pixels
SHIFT = 2.0  # of the sampler's noise levels: sigma = 2 t / (1 + t)
PREFIX = "model.diffusion_model."
TOKENS = "token_ids"  # which of CLIP's tokens the checkpoint's embeddings are of: the others say nothing
MMDIT = {
    "input_size": None,
    "patch_size": PATCH,
    "in_channels": CHANNELS,
    "out_channels": CHANNELS,
    "depth": DEPTH,
    "adm_in_channels": CONTEXT,
    "context_embedder_config": {
        "target": "torch.nn.Linear",
        "params": {"in_features": CONTEXT, "out_features": HIDDEN},
    },
    "num_patches": PLACES**2,
    "pos_embed_max_size": PLACES,
    "pos_embed_scaling_factor": None,
    "qk_norm": "rms",
    "x_block_self_attn_layers": [],
}


def register() -> None:
    """Teach the host's checkpoint detection this model. Adds one entry to its list; touches nothing else."""
    import comfy.latent_formats
    import comfy.sd1_clip
    import comfy.supported_models
    import comfy.supported_models_base

    class EmojiFlow(comfy.latent_formats.LatentFormat):
        """Four channels of unit variance, 8 x 8 pixels a cell."""

    class EmojiFlowClip(comfy.sd1_clip.SD1ClipModel):
        def __init__(self, device="cpu", dtype=None, model_options=None, **kwargs):
            options = {**(model_options or {}), "clip_l_model_config": TEXT}
            super().__init__(device=device, dtype=dtype, model_options=options, **kwargs)

    class EmojiSD3(comfy.supported_models.SD3):
        unet_config = {"in_channels": CHANNELS, "depth": DEPTH, "pos_embed_scaling_factor": None}
        sampling_settings = {"shift": SHIFT}
        latent_format = EmojiFlow
        text_encoder_key_prefix = ["cond_stage_model."]

        def process_clip_state_dict(self, state_dict):
            start = self.text_encoder_key_prefix[0]
            return spread({k.replace(start, "clip_l.", 1): v for k, v in state_dict.items() if k.startswith(start)})

        def clip_target(self, state_dict=None):
            return comfy.supported_models_base.ClipTarget(comfy.sd1_clip.SD1Tokenizer, EmojiFlowClip)

    models = comfy.supported_models.models
    if not any(m.__name__ == EmojiSD3.__name__ for m in models):
        models.append(EmojiSD3)


def spread(text: dict[str, Tensor]) -> dict[str, Tensor]:
    """The text encoder's tensors with the embeddings of the few tokens that are kept laid out over CLIP's vocabulary."""
    kept = next((k for k in text if k.endswith(TOKENS)), None)
    if kept is None:
        return text
    table = kept.removesuffix(TOKENS) + "token_embedding.weight"
    full = torch.zeros(VOCABULARY, CONTEXT, dtype=text[table].dtype)
    full[text[kept].long()] = text[table]
    return {**{k: v for k, v in text.items() if k != kept}, table: full}


def new_mmdit() -> nn.Module:
    """The host's transformer, initialised for training: what modulates and what comes out starts at zero."""
    import comfy.ops
    from comfy.ldm.modules.diffusionmodules.mmdit import OpenAISignatureMMDITWrapper, get_2d_sincos_pos_embed

    model = OpenAISignatureMMDITWrapper(**MMDIT, dtype=torch.float32, operations=comfy.ops.disable_weight_init)
    for name, p in model.named_parameters():
        if p.dim() < 2:
            nn.init.ones_(p) if name.endswith(("ln_q.weight", "ln_k.weight")) else nn.init.zeros_(p)
        elif "adaLN" in name or name.startswith("final_layer.linear"):
            nn.init.zeros_(p)
        else:
            nn.init.normal_(p, std=p[0].numel() ** -0.5)
    model.pos_embed.copy_(torch.from_numpy(get_2d_sincos_pos_embed(HIDDEN, PLACES)).float()[None])
    return model


@dataclass
class Flow:
    """velocity [B,4,H,W]; features: the picture's tokens [B,N,256] after each block; maps: p [B,N,L], of each block, is the
    mean over heads of how much picture token n looks at text token l (softmax over text and picture)."""

    velocity: Tensor
    features: list[Tensor]
    maps: list[Tensor]


def flow(p: Mapping[str, Tensor], x: Tensor, sigma: Tensor, context: Tensor, pooled: Tensor) -> Flow:
    """The host's MMDiT.   p: its weights by name, x [B,4,H,W], sigma [B] in 0..1, context [B,L,128], pooled [B,128]."""
    from comfy.ldm.modules.diffusionmodules.util import timestep_embedding

    dtype, length = p["pos_embed"].dtype, context.shape[1]
    height, width = (s // PATCH for s in x.shape[-2:])
    picture = F.conv2d(x.to(dtype), p["x_embedder.proj.weight"], p["x_embedder.proj.bias"], stride=PATCH)
    top, left = (PLACES - height) // 2, (PLACES - width) // 2
    places = p["pos_embed"].view(PLACES, PLACES, HIDDEN)[top : top + height, left : left + width]
    picture = picture.flatten(2).transpose(1, 2) + places.reshape(-1, HIDDEN)
    c = _mlp(p, "t_embedder.mlp.", timestep_embedding(1000 * sigma, 256).to(dtype))
    c = F.silu(c + _mlp(p, "y_embedder.mlp.", pooled.to(dtype)))
    text = _linear(p, "context_embedder", context.to(dtype))
    features, maps = [], []
    for i in range(DEPTH):
        own, other = f"joint_blocks.{i}.x_block.", f"joint_blocks.{i}.context_block."
        last = i == DEPTH - 1
        to_picture = _linear(p, own + "adaLN_modulation.1", c).chunk(6, 1)
        to_text = _linear(p, other + "adaLN_modulation.1", c).chunk(2 if last else 6, 1)
        both = zip(_looks(p, other, text, to_text), _looks(p, own, picture, to_picture), strict=True)
        q, k, v = (torch.cat(pair, 1).transpose(1, 2) for pair in both)
        attention = (q * HEAD**-0.5 @ k.transpose(-1, -2)).softmax(-1)
        maps.append(attention[:, :, length:, :length].float().mean(1))
        seen = (attention @ v).transpose(1, 2).flatten(2)
        picture = _after(p, own, picture, seen[:, length:], to_picture)
        if not last:
            text = _after(p, other, text, seen[:, :length], to_text)
        features.append(picture)
    shift, scale = _linear(p, "final_layer.adaLN_modulation.1", c).chunk(2, 1)
    out = _linear(p, "final_layer.linear", _modulated(picture, shift, scale)).float()
    out = out.unflatten(1, (height, width)).unflatten(-1, (PATCH, PATCH, CHANNELS))  # [B,h,w,p,q,c]
    return Flow(out.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3), features, maps)


def _linear(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return F.linear(x, p[name + ".weight"], p[name + ".bias"])


def _mlp(p: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return _linear(p, name + "2", F.silu(_linear(p, name + "0", x)))


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return torch.addcmul(shift[:, None], F.layer_norm(x, (HIDDEN,), eps=1e-6), 1 + scale[:, None])


def _looks(p: Mapping[str, Tensor], name: str, x: Tensor, modulation: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Queries, keys and values [B,N,heads,64] of one stream."""
    x = _modulated(x, modulation[0], modulation[1])
    q, k, v = _linear(p, name + "attn.qkv", x).unflatten(-1, (3, -1, HEAD)).unbind(2)
    q, k = (F.rms_norm(t, (HEAD,), p[f"{name}attn.ln_{n}.weight"], 1e-6) for n, t in (("q", q), ("k", k)))
    return q, k, v


def _after(p: Mapping[str, Tensor], name: str, x: Tensor, seen: Tensor, modulation: tuple[Tensor, ...]) -> Tensor:
    x = torch.addcmul(x, modulation[2][:, None], _linear(p, name + "attn.proj", seen))
    h = _linear(p, name + "mlp.fc1", _modulated(x, modulation[3], modulation[4]))
    return torch.addcmul(x, modulation[5][:, None], _linear(p, name + "mlp.fc2", F.gelu(h, approximate="tanh")))
