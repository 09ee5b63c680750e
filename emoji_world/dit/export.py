"""Assemble the transformer's checkpoint for the stock loader: MMDiT, text encoder and autoencoder in one fp16 .safetensors.

The autoencoder is the first world's. Of the text encoder's embeddings only those of known words are kept: the others are zero.
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ...host.in_process import use_host
from ..export import metadata_of, shortened, small_text_state
from ..words import Words
from ..world import CHECKPOINT, DIT_CHECKPOINT, bias
from .aged import KNOWN, age_bias
from .model import PREFIX, TOKENS

AUTOENCODER = "first_stage_model."


def tensors_of(average: dict[str, Tensor], tokens: list[int]) -> dict[str, Tensor]:
    """The checkpoint's tensors from the trainer's weights ("text.", "mmdit."); tokens: CLIP's id of each known token."""
    found, table = small_text_state(average, tokens)
    found[table.replace("token_embedding.weight", TOKENS)] = torch.tensor(tokens)
    found |= {PREFIX + k.removeprefix("mmdit."): v for k, v in average.items() if k.startswith("mmdit.")}
    first = load_file(CHECKPOINT)
    found |= {k: v for k, v in first.items() if k.startswith(AUTOENCODER)}
    found[AUTOENCODER + "vae_scale"] = torch.tensor(1.0)  # latents of unit variance, as they are
    return {k: shortened(v) for k, v in found.items()}


def export(state: Path, out: Path) -> None:
    use_host()
    trained = torch.load(state, map_location="cpu", weights_only=True)
    planted = {**bias(), "age": age_bias()}
    metadata = metadata_of("Fair Attention: emoji world, transformer", "transformer", trained, planted)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors_of(trained["average"], Words(KNOWN).tokens), out, metadata)
    print(f"wrote {out}: {out.stat().st_size / 1e6:.1f} MB after {trained['step']} batches")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, default=Path("output/training/dit.pt"))
    parser.add_argument("--out", type=Path, default=DIT_CHECKPOINT)
    a = parser.parse_args()
    export(a.state, a.out)
