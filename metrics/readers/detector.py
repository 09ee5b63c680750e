"""Finds people with a model from a folder (any of transformers' object detectors), or faces with the package yuface."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .classifier import Manage, Ready, as_it_is
from .crops import SMALLEST
from .folders import DETECTOR, ModelFolder, load_model, load_processor
from .whereabouts import Found, is_person

CONFIDENCE = 0.5


@dataclass(frozen=True)
class Detector:
    """wanted: the labels that are people; where the model knows faces, only those."""

    name: str
    wanted: tuple[str, ...]
    labels: tuple[str, ...]
    model: Any
    processor: Any
    ready: Ready

    @torch.inference_mode()
    def find(self, images: Tensor, confidence: float = CONFIDENCE, between: Callable[[], None] = lambda: None) -> Found:
        """images [B,H,W,3] in 0 ... 1 -> the people of each, one picture at a time as detectors pad batches."""
        found: Found = []
        for image in images:
            device, dtype = self.ready()
            picture = (image.clamp(0, 1) * 255).round().byte().permute(2, 0, 1).cpu()
            inputs = self.processor(images=[picture], return_tensors="pt", input_data_format="channels_first").to(
                device
            )
            outputs = self.model(**{k: v.to(dtype) if v.is_floating_point() else v for k, v in inputs.items()})
            (result,) = self.processor.post_process_object_detection(outputs, confidence, [tuple(image.shape[:2])])
            rows = zip(result["scores"].tolist(), result["labels"].tolist(), result["boxes"].tolist(), strict=True)
            people = [((b[0], b[1], b[2], b[3]), s) for s, n, b in rows if self.labels[n] in self.wanted]
            found.append([(b, s) for b, s in people if max(b[2] - b[0], b[3] - b[1]) >= SMALLEST])
            between()
        return found


def open_detector(folder: ModelFolder, manage: Manage = as_it_is) -> Detector:
    """ValueError where files are missing or broken, or where none of its labels is a person or a face."""
    if folder.kind != DETECTOR:
        raise ValueError(f"{folder.path} is no {DETECTOR} but an {folder.kind}")
    people = tuple(label for label in folder.labels if is_person(label))
    wanted = tuple(label for label in people if "face" in label.casefold()) or people
    if not wanted:
        raise ValueError(f"{folder.path}: none of its labels is a person or a face: {', '.join(folder.labels[:12])}")
    model = load_model(folder, "AutoModelForObjectDetection")
    return Detector(folder.name, wanted, folder.labels, model, load_processor(folder), manage(model))


def yuface_faces(images: Tensor, confidence: float = CONFIDENCE) -> Found:
    """Faces found by libfacedetection through the package yuface (an optional extra). ValueError if it is not installed."""
    try:
        import yuface
    except ImportError as error:
        raise ValueError(
            "the package yuface is not installed: install it into ComfyUI's Python (pip install yuface), or connect boxes"
        ) from error
    found: Found = []
    for image in images:
        pixels = (image[..., :3].clamp(0, 1) * 255).round().byte().cpu().numpy()[:, :, ::-1].copy()  # it wants BGR
        sure, boxes, _ = yuface.detect(pixels, conf=confidence)
        rows = zip(sure.tolist(), boxes.tolist(), strict=True)
        found.append([((x, y, x + w, y + h), s / 100) for s, (x, y, w, h) in rows if w > 0 and h > 0])
    return found
