"""A zero-shot reader: a picture belongs to the text its embedding is nearest to (Radford et al. 2021).

    p(value | picture, axis) = softmax over the axis' values of  s * cos(image, text_value)

text_value is the normalised mean of the normalised embeddings of all texts of the value in all templates (as CLIP's own
evaluation averages templates); s is the model's learned temperature. SigLIP's bias is the same for every value and falls
out; that its sigmoid becomes a softmax here, since exactly one value is wanted, is our decision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..encoders import vector
from .classifier import Manage, as_it_is, prepared
from .folders import ZERO_SHOT, ModelFolder, load_model, load_processor, load_tokenizer
from .label_table import UNREADABLE, LabelTable

PLAIN = ("{}",)


def texts_of(table: LabelTable) -> dict[str, dict[str, list[str]]]:
    """axis -> value -> every text in every template."""
    templates = table.templates or PLAIN
    return {
        axis: {value: [t.replace("{}", text) for t in templates for text in texts] for value, texts in values.items()}
        for axis, values in table.axes.items()
    }


def directions(table: LabelTable, embed: Callable[[list[str]], Tensor]) -> dict[str, Tensor]:
    """axis -> [values + 1 or values, d], unit vectors in the table's order, UNREADABLE last where the table has it.

    embed: texts -> [n, d].
    """
    found = {}
    for axis, values in texts_of(table).items():
        ordered = [v for v in values if v != UNREADABLE] + [v for v in values if v == UNREADABLE]
        rows = [F.normalize(F.normalize(embed(values[v]).float(), dim=-1).mean(0), dim=-1) for v in ordered]
        found[axis] = torch.stack(rows)
    return found


def nearest(
    images: Tensor, towards: Mapping[str, Tensor], axes: Mapping[str, Sequence[str]], scale: float
) -> dict[str, Tensor]:
    """images [N,d] -> axis -> [N, values + 1], the formula above; the last column 0 where nothing is called unreadable."""
    unit = F.normalize(images.float(), dim=-1)
    read = {}
    for axis, rows in towards.items():
        p = (scale * unit @ rows.to(unit).T).softmax(-1)
        read[axis] = p if len(rows) > len(axes[axis]) else F.pad(p, (0, 1))
    return read


@dataclass
class ZeroShot:
    """See `person_reader.Instrument`. embed_images: crops -> [N,d]; embed_texts: texts -> [n,d]; texts are embedded once."""

    name: str
    table: LabelTable
    embed_images: Callable[[Sequence[Tensor]], Tensor]
    embed_texts: Callable[[list[str]], Tensor]
    scale: float
    _towards: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def axes(self) -> Mapping[str, tuple[str, ...]]:
        return self.table.values

    @torch.inference_mode()
    def probabilities(self, crops: Sequence[Tensor]) -> dict[str, Tensor]:
        if not self._towards:
            self._towards = directions(self.table, self.embed_texts)
        return nearest(self.embed_images(crops), self._towards, self.axes, self.scale)


def open_zero_shot(folder: ModelFolder, table: LabelTable, manage: Manage = as_it_is) -> ZeroShot:
    """CLIP, SigLIP and others with get_image_features and get_text_features. ValueError where files are missing or broken."""
    if folder.kind != ZERO_SHOT:
        raise ValueError(f"{folder.path} is no {ZERO_SHOT} but an {folder.kind}")
    model, processor, tokenizer = load_model(folder, "AutoModel"), load_processor(folder), load_tokenizer(folder)
    if not hasattr(model, "get_text_features") or not hasattr(model, "logit_scale"):
        raise ValueError(
            f"{folder.path} holds {type(model).__name__}, which compares no texts with pictures: use CLIP or SigLIP"
        )
    ready = manage(model)
    length = int(model.config.text_config.max_position_embeddings)

    def embed_images(crops: Sequence[Tensor]) -> Tensor:
        device, dtype = ready()
        features = model.get_image_features(pixel_values=prepared(processor, crops).to(device, dtype))
        return vector(features, projected=True)

    def embed_texts(texts: list[str]) -> Tensor:
        device, _ = ready()
        tokens = tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt").to(
            device
        )
        wanted = {k: v for k, v in tokens.items() if k == "input_ids" or (k == "attention_mask" and _masked(model))}
        return vector(model.get_text_features(**wanted), projected=True)

    return ZeroShot(folder.name, table, embed_images, embed_texts, float(model.logit_scale.exp()))


def _masked(model: Any) -> bool:
    """SigLIP was trained on padded texts without a mask; CLIP looks only back, from its end token."""
    return "siglip" not in str(model.config.model_type)
