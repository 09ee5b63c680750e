"""An image classifier from a folder, any that transformers' AutoModelForImageClassification opens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .folders import CLASSIFIER, ModelFolder, load_model, load_processor
from .label_table import LabelTable
from .labels import Head, axes_of, heads_of, probabilities, table_for

Ready = Callable[[], tuple[torch.device, torch.dtype]]  # makes a model ready to run, says where it is and how precise
Manage = Callable[[torch.nn.Module], Ready]


def as_it_is(model: torch.nn.Module) -> Ready:
    """Run the model where it lies; a host's function of this kind moves it first."""
    first = next(model.parameters())
    return lambda: (first.device, first.dtype)


@dataclass(frozen=True)
class Classifier:
    """See `person_reader.Instrument`. labels_by: whose table it is, in words."""

    name: str
    labels_by: str
    heads: tuple[Head, ...]
    yes_or_no: bool
    model: Any
    processor: Any
    ready: Ready

    @property
    def axes(self) -> Mapping[str, tuple[str, ...]]:
        return axes_of(self.heads)

    @torch.inference_mode()
    def probabilities(self, crops: Sequence[Tensor]) -> dict[str, Tensor]:
        device, dtype = self.ready()
        pixels = prepared(self.processor, crops).to(device, dtype)
        return probabilities(self.model(pixel_values=pixels).logits, self.heads, self.yes_or_no)


def prepared(processor: Any, crops: Sequence[Tensor]) -> Tensor:
    """crops [3,s,s] in 0 ... 1 -> what the model's own processor makes of them [N,3,h,w]."""
    pictures = [(crop.clamp(0, 1) * 255).round().byte().cpu() for crop in crops]
    pixels = processor(images=pictures, return_tensors="pt", input_data_format="channels_first")["pixel_values"]
    return pixels if torch.is_tensor(pixels) else torch.stack(list(pixels))


def open_classifier(
    folder: ModelFolder, table: LabelTable | None = None, labels_by: str = "a table", manage: Manage = as_it_is
) -> Classifier:
    """table: what its labels mean; None: whatever fits by itself. ValueError where nothing does or files are missing."""
    if folder.kind != CLASSIFIER:
        raise ValueError(f"{folder.path} is no {CLASSIFIER} but a {folder.kind}")
    if table is None:
        labels_by, table = table_for(folder.labels, folder.yes_or_no)
    heads = tuple(heads_of(table, folder.labels, folder.yes_or_no))
    model, processor = load_model(folder, "AutoModelForImageClassification"), load_processor(folder)
    return Classifier(folder.name, labels_by, heads, folder.yes_or_no, model, processor, manage(model))
