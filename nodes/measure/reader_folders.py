"""Folders of readers and detectors as the host knows them, and models of transformers under its memory management."""

from pathlib import Path

import folder_paths
import torch
from comfy import model_management
from comfy.model_patcher import ModelPatcher

from ...emoji_world.world import READERS
from ...metrics.readers.classifier import Ready
from ...metrics.readers.folders import CLASSIFIER, DETECTOR, ZERO_SHOT, look_into

FOLDERS = "fair_readers"
READING = (CLASSIFIER, ZERO_SHOT)
for _place in (Path(folder_paths.models_dir, FOLDERS), READERS):
    folder_paths.add_model_folder_path(FOLDERS, str(_place))


def places() -> list[Path]:
    """Where folders of models lie, also those of extra_model_paths.yaml; the pack's own reader lies behind them."""
    return [Path(place) for place in folder_paths.get_folder_paths(FOLDERS)]


def names(*kinds: str) -> list[str]:
    """The folders that hold a model of one of these kinds, or that cannot be told."""
    found = {f.name for place in places() if place.is_dir() for f in place.iterdir() if f.is_dir() and any(f.iterdir())}
    return sorted(name for name in found if kind_of(path_of(name)) in (*kinds, ""))


def kind_of(path: Path) -> str:
    try:
        return look_into(path).kind
    except ValueError:
        return ""


def path_of(name: str) -> Path:
    """The folder of that name, or where it would have to be. ValueError for a name that leads elsewhere."""
    if not name.strip() or Path(name).name != name:
        raise ValueError(f"{name!r} is no name of a folder below {places()[0]}: choose one of the list")
    return next((place / name for place in places() if (place / name).is_dir()), places()[0] / name)


class Held(torch.nn.Module):
    """What the host moves: it notes on a model where that is, and the models of transformers do not let it."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model


def managed(model: torch.nn.Module) -> Ready:
    """A model that the host brings to its device before each batch, and may put away again; in fp16 where the host computes so."""
    device = model_management.get_torch_device()
    dtype = torch.float16 if model_management.should_use_fp16(device) else torch.float32
    held = Held(model.to(dtype))
    patcher = ModelPatcher(held, load_device=device, offload_device=model_management.unet_offload_device())

    def ready() -> tuple[torch.device, torch.dtype]:
        model_management.load_models_gpu([patcher], force_full_load=True)
        return next(model.parameters()).device, dtype

    return ready


def detectors() -> list[str]:
    return names(DETECTOR)


def readers() -> list[str]:
    return names(*READING)
