"""Folders of models in the format of transformers: what is in one, and opening it without any network.

Nothing is fetched, no code that lies in a folder is run (trust_remote_code stays off), and weights are read from
safetensors only, never unpickled.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIG, WEIGHTS = "config.json", "model.safetensors"
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
CLASSIFIER, ZERO_SHOT, DETECTOR = "image classifier", "zero-shot model", "object detector"
NEEDED = f"{CONFIG}, {WEIGHTS} and {PROCESSORS[0]}"


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds a model we can read with. labels: in the order of its outputs; () for a zero-shot model."""

    path: Path
    kind: str
    labels: tuple[str, ...] = ()
    yes_or_no: bool = False  # each label is asked by itself (multi_label_classification)
    config: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return self.path.name


def look_into(path: Path) -> ModelFolder:
    """What is in a folder, from its config.json. ValueError says what is missing or wrong, and what belongs there."""
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}: put a model's {NEEDED} into it")
    if not (path / CONFIG).is_file():
        raise ValueError(f"{path} holds no {CONFIG}: download all of the model's files into it ({NEEDED})")
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        architecture = "".join(config.get("architectures") or ())
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{path / CONFIG} cannot be read ({error}): download it again") from error
    labels = _labels(config, path)
    yes_or_no = config.get("problem_type") == "multi_label_classification"
    if architecture.endswith("ForImageClassification"):
        return ModelFolder(path, CLASSIFIER, labels, yes_or_no, config)
    if architecture.endswith("ForObjectDetection"):
        return ModelFolder(path, DETECTOR, labels, False, config)
    if "text_config" in config and "vision_config" in config:
        return ModelFolder(path, ZERO_SHOT, config=config)
    raise ValueError(
        f"{path} holds {architecture or 'a model that does not say what it is'}: wanted is an image classifier "
        "(...ForImageClassification), a zero-shot model (CLIP, SigLIP) or an object detector (...ForObjectDetection)"
    )


def _labels(config: dict[str, Any], path: Path) -> tuple[str, ...]:
    """id2label in the order of the outputs. A model without names has LABEL_0, LABEL_1, ..., as transformers gives them."""
    named = config.get("id2label") or {i: f"LABEL_{i}" for i in range(int(config.get("num_labels", 2)))}
    try:
        return tuple(str(named[key]) for key in sorted(named, key=int))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path / CONFIG}: its id2label does not number the labels ({error}): download it again"
        ) from error


def load_model(folder: ModelFolder, auto_class: str) -> Any:
    """The folder's model in evaluation mode, float32. auto_class: of transformers, such as AutoModelForImageClassification.

    ValueError if files are missing or broken, or if they do not hold all of the weights (a head without weights would be
    random, and so its answers).
    """
    import transformers

    if not any(folder.path.glob("*.safetensors")):
        raise ValueError(
            f"{folder.path} holds no {WEIGHTS}: download it into that folder (weights in .bin or .pth are not read; "
            "convert them with save_pretrained)"
        )
    loader = getattr(transformers, auto_class)
    try:
        model, info = loader.from_pretrained(
            folder.path, local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:  # whatever is wrong with the files, from whichever library
        raise ValueError(f"{folder.path} cannot be loaded ({_short(error)}): download its files again") from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise ValueError(
            f"{folder.path}: its file lacks {len(missing)} of the model's weights ({', '.join(missing[:3])}, ...): "
            "it is not the trained model its config.json describes"
        )
    return model.float().eval().requires_grad_(False)


def load_processor(folder: ModelFolder) -> Any:
    """How the model wants its pictures: the folder's own image processor. ValueError if it is missing or broken."""
    import transformers

    if not any((folder.path / name).is_file() for name in PROCESSORS):
        raise ValueError(
            f"{folder.path} holds no {PROCESSORS[0]}, which says how the model wants its pictures: download it into that folder"
        )
    try:
        return transformers.AutoImageProcessor.from_pretrained(
            folder.path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise ValueError(
            f"{folder.path}: {PROCESSORS[0]} cannot be read ({_short(error)}): download it again"
        ) from error


def load_tokenizer(folder: ModelFolder) -> Any:
    """A zero-shot model's tokenizer. ValueError if it is missing or broken."""
    import transformers

    try:
        return transformers.AutoTokenizer.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ValueError(
            f"{folder.path}: its tokenizer cannot be read ({_short(error)}): download the model's tokenizer files too"
        ) from error


def _short(error: Exception, most: int = 200) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else text[:most] + "..."
