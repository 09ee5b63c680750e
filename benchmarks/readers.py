"""What reading costs beside the bare forward passes of the same model: `python -m fair_attention.benchmarks.readers`.

A classifier of ViT-S's size with random weights, pictures of 512 x 512 with three people each. Both sides are timed in
alternating pairs on the same crops' worth of work; what is printed is the median of the ratios, and the card or processor.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

import torch

from ..metrics.readers.classifier import open_classifier
from ..metrics.readers.folders import look_into
from ..metrics.readers.person_reader import BATCH, PersonReader
from .guidance import paired

SIDE, PEOPLE = 512, 3


def vit_s(folder: Path) -> Path:
    """A ViT-S/16 at 224 pixels, two labels, random weights."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    names = {0: "Female", 1: "Male"}
    config = ViTConfig(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, intermediate_size=1536, id2label=names,
                       label2id={v: k for k, v in names.items()})  # fmt: skip
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 224, "width": 224}).save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        instrument = open_classifier(look_into(vit_s(Path(place) / "vit-s")))
    reader = PersonReader(instrument)
    images = torch.rand(a.pictures, SIDE, SIDE, 3)
    people = [[((40.0 + 150 * i, 120.0, 160.0 + 150 * i, 260.0), 1.0) for i in range(PEOPLE)] for _ in images]
    pixels = torch.rand(a.pictures * PEOPLE, 3, 224, 224)

    @torch.inference_mode()
    def bare() -> None:
        for part in pixels.split(BATCH):
            instrument.model(pixel_values=part)

    times = paired({"bare": bare, "read": lambda: reader.read(images, people)}, a.rounds)
    ratios = [r / b for r, b in zip(times["read"], times["bare"], strict=True)]
    print(
        f"{a.pictures} pictures of {PEOPLE} people, {torch.get_num_threads()} threads: bare {median(times['bare']):.1f} s, read "
        f"{median(times['read']):.1f} s, ratio {median(ratios):.3f} ({', '.join(f'{r:.3f}' for r in ratios)})"
    )


if __name__ == "__main__":
    main()
