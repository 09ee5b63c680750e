"""A zero-shot reader of the graph's own CLIP_VISION and CLIP, where both have their projection into the space they share."""

from collections.abc import Sequence

import comfy.sd1_clip
import comfy.sdxl_clip
import torch
import torch.nn.functional as F
from torch import Tensor

from ...metrics.readers.label_table import LabelTable
from ...metrics.readers.zero_shot import ZeroShot

INSTEAD = "or put a whole CLIP or SigLIP into a folder of models/fair_readers and choose it"


def zero_shot_of_graph(clip_vision, clip, table: LabelTable) -> ZeroShot:
    """ValueError begins with the input it is about."""
    pictures, texts = picture_dimensions(clip_vision), text_encoder(clip)
    words = texts.transformer.text_projection.weight.shape[0]
    if pictures != words:
        raise ValueError(
            f"clip: its vectors have {words} numbers, those of clip_vision {pictures}: they are not of one CLIP. SDXL's CLIP belongs to "
            f"CLIP ViT-bigG, SD 2.x's to ViT-H; connect the pair, {INSTEAD}"
        )

    def embed_images(crops: Sequence[Tensor]) -> Tensor:
        size = clip_vision.image_size
        shown = [
            F.interpolate(c[None].float(), (size, size), mode="bicubic", antialias=True).clamp(0, 1) for c in crops
        ]
        return clip_vision.encode_image(torch.cat(shown).movedim(1, -1))["image_embeds"]

    def embed_texts(wanted: list[str]) -> Tensor:
        plain = [
            text.replace("(", "\\(").replace(")", "\\)") for text in wanted
        ]  # the host's weights of words are not meant
        return torch.cat([clip.encode_from_tokens(clip.tokenize(text), return_pooled=True)[1] for text in plain])

    return ZeroShot("CLIP of the graph", table, embed_images, embed_texts, float(texts.logit_scale.exp()))


def picture_dimensions(clip_vision) -> int:
    """Of the projected vector."""
    projection = getattr(clip_vision.model, "visual_projection", None)
    if not isinstance(projection, torch.nn.Module) or not _trained(projection.weight):
        kind = getattr(clip_vision, "model_type", type(clip_vision.model).__name__)
        raise ValueError(
            f"clip_vision: this {kind} has no projection into a space that texts share (the host's SigLIP, DINO and LLaVA encoders have "
            f"none): connect a CLIP from Load CLIP Vision, {INSTEAD}"
        )
    return projection.weight.shape[0]


def text_encoder(clip):
    """The encoder whose pooled vector the host gives, if it is one CLIP's and projected."""
    model = clip.cond_stage_model
    if isinstance(model, comfy.sdxl_clip.SDXLClipModel):
        encoder = model.clip_g
    else:
        encoder = getattr(model, model.clip) if isinstance(model, comfy.sd1_clip.SD1ClipModel) else None
    projection = getattr(getattr(encoder, "transformer", None), "text_projection", None)
    if projection is None:
        raise ValueError(
            f"clip: {type(model).__name__} is not one CLIP's text encoder: connect SDXL's or SD 2.x's, {INSTEAD}"
        )
    if not encoder.options_default[2] or not _trained(projection.weight):
        raise ValueError(
            f"clip: {type(model).__name__} has no projection: the CLIP of an SD 1.x checkpoint comes without, and its texts cannot be compared "
            f"with pictures. Connect SDXL's or SD 2.x's, {INSTEAD}"
        )
    return encoder


def _trained(weight: Tensor | None) -> bool:
    """Weights that a file lacked are missing, all alike, or no numbers."""
    return weight is not None and bool(weight.isfinite().all()) and float(weight.float().std()) > 0
