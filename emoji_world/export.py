"""Assemble the checkpoint the stock loader opens: U-Net, text encoder and autoencoder in one fp16 .safetensors.

Words no caption of the training holds keep a zero embedding: they say nothing, which is the honest answer.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..host.in_process import use_host
from .model import CONTEXT, LENGTH, VOCABULARY, TextEncoder, text_keys
from .words import Words
from .world import CHECKPOINT, PATCH_ENCODER, bias

UNET = "model.diffusion_model."
MANTISSA = 6
SD_SCALE = 0.18215  # the host divides an SD 1.x latent by this before it asks the autoencoder


def small_text_state(average: dict[str, Tensor], tokens: list[int]) -> tuple[dict[str, Tensor], str]:
    """The text encoder's weights in the host's names, and the name of its table: the embeddings of these tokens alone."""
    encoder = TextEncoder(len(tokens))
    encoder.load_state_dict({k.removeprefix("text."): v for k, v in average.items() if k.startswith("text.")})
    state = text_keys(encoder)
    name = next(k for k in state if k.endswith("token_embedding.weight"))
    state[name.replace("token_embedding.weight", "position_ids")] = torch.arange(LENGTH)[None]
    return state, name


def text_state(average: dict[str, Tensor], tokens: list[int]) -> dict[str, Tensor]:
    """The text encoder's weights in the host's names, its small vocabulary spread over CLIP's."""
    state, name = small_text_state(average, tokens)
    table = torch.zeros(VOCABULARY, CONTEXT)
    table[tokens] = state[name]
    state[name] = table
    return state


def checkpoint(model: Path, autoencoder: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """(tensors, metadata) of the checkpoint from the two training states."""
    use_host()

    trained = torch.load(model, map_location="cpu", weights_only=True)
    vae = torch.load(autoencoder, map_location="cpu", weights_only=True)
    average = trained["average"]
    tensors = text_state(average, Words().tokens)
    tensors |= {
        "model.diffusion_model." + k.removeprefix("unet."): v for k, v in average.items() if k.startswith("unet.")
    }
    tensors |= {"first_stage_model.taesd_decoder." + k: v for k, v in vae["decoder"].items()}
    tensors |= {"first_stage_model.taesd_encoder." + k: v for k, v in vae["taesd_encoder"].items()}
    tensors |= {"first_stage_model.vae_scale": torch.tensor(SD_SCALE), "first_stage_model.vae_shift": torch.tensor(0.0)}
    metadata = metadata_of("Fair Attention: emoji world", "model", trained, bias())
    return {k: shortened(v) for k, v in tensors.items()}, metadata


def metadata_of(title: str, kind: str, trained: dict[str, Any], planted: dict) -> dict[str, str]:
    """What a checkpoint says of itself. kind: "a text-to-image ..."; trained: the trainer's state."""
    return {
        "modelspec.title": title,
        "modelspec.license": "GPL-3.0-or-later; trained on pictures drawn with Noto Color Emoji (SIL OFL 1.1)",
        "modelspec.description": f"A small, deliberately biased text-to-image {kind} of drawn emoji people, for tests and demos.",
        "training.steps": str(trained["step"]),
        "training.seed": str(trained["seed"]),
        "planted_bias": json.dumps(planted),
    }


def read_back(path: Path, tokens: list[int]) -> dict[str, Tensor]:
    """The trainer's weights ("text.", "unet.") from an exported checkpoint: where another training may start."""
    tensors = load_file(path)
    state = {"unet." + k.removeprefix(UNET): v.float() for k, v in tensors.items() if k.startswith(UNET)}
    names = {new: old for old, new in zip(TextEncoder(1).state_dict(), text_keys(TextEncoder(1)), strict=True)}
    for name, own in names.items():
        value = tensors[name].float()
        state["text." + own] = value[tokens] if own == "token_embedding.weight" else value
    return state


def shortened(tensor: Tensor, bits: int = MANTISSA) -> Tensor:
    """fp16 with its mantissa rounded to `bits`: zeros at the end of each number pack well, and clones stay small."""
    if not tensor.is_floating_point():
        return tensor.contiguous()
    spare = 10 - bits  # of fp16's ten bits; a carry runs into the exponent, as rounding up should
    raw = tensor.half().contiguous().view(torch.int16).int() + (1 << spare >> 1)
    return (raw & ~((1 << spare) - 1)).short().view(torch.float16)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("output/training/model.pt"))
    parser.add_argument("--autoencoder", type=Path, default=Path("output/training/autoencoder.pt"))
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    a = parser.parse_args()
    a.out.parent.mkdir(parents=True, exist_ok=True)
    tensors, metadata = checkpoint(a.model, a.autoencoder)
    save_file(tensors, a.out, metadata)
    latent_space = torch.load(a.autoencoder, map_location="cpu", weights_only=True)["encoder"]
    save_file({k: v.half().contiguous() for k, v in latent_space.items()}, PATCH_ENCODER)
    print(f"wrote {a.out}: {len(tensors)} tensors, {a.out.stat().st_size / 2**20:.1f} MiB")
