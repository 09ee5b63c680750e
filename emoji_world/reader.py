"""The attribute reader: finds the people in a picture of the emoji world and reads occupation, gender and skin tone.

A small fully convolutional detector (person centres on the 8-pixel grid, labels read at the centre), trained on
rendered scenes, never on what the model draws. It answers "unreadable" (None) where it is not confident.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..metrics.readers import Certificate, Reading
from ..metrics.readers.certificate import load_certificate
from .world import CELL, GENDERS, HERE, OCCUPATIONS, TONES

WEIGHTS = HERE / "reader.safetensors"
CERTIFICATE = HERE / "certificate.json"  # see certify.py
AXES: Mapping[str, tuple[str, ...]] = {"occupation": OCCUPATIONS, "gender": GENDERS, "skin tone": TONES}
PERSON_CONFIDENCE = 0.35  # below: nobody there
LABEL_CONFIDENCE = 0.75  # below: unreadable
WIDTH = 96


class ReaderNet(nn.Module):
    """[B,3,H,W] in 0..1 -> [B, 1 + 1 + 2 + labels, H/8, W/8]: heat, log size in cells, offset in cells, label logits."""

    def __init__(self, axes: Mapping[str, tuple[str, ...]] = AXES) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Conv2d(64, WIDTH, 3, 2, 1)
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 3, 1, d, d), nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 3, 1, 1))
            for d in (1, 1, 2, 2)
        )
        self.head = nn.Conv2d(WIDTH, 4 + sum(map(len, axes.values())), 1)

    def forward(self, image: Tensor) -> Tensor:
        h = self.stem(image * 2 - 1)
        for block in self.blocks:
            h = h + block(h)
        return self.head(F.relu(h))


@cache
def load_net(path: Path = WEIGHTS) -> ReaderNet:
    if not path.exists():
        raise FileNotFoundError(f"the emoji reader's weights are missing: {path}")
    net = ReaderNet()
    net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return net.eval()


@cache
def known_certificate() -> Certificate:
    return load_certificate(CERTIFICATE)


class EmojiReader:
    """Reads drawn emoji people of 36 to 80 pixels; see `metrics.readers.AttributeReader`."""

    name = "emoji reader"
    weights = WEIGHTS
    axes = AXES
    settings = f"emoji reader, people from {PERSON_CONFIDENCE}, labels from {LABEL_CONFIDENCE}"

    @property
    def certificate(self) -> Certificate:
        """How often it is right."""
        return known_certificate()

    def __init__(self, net: ReaderNet | None = None):
        self.net = net or load_net()

    @torch.inference_mode()
    def read(self, images: Tensor) -> list[list[Reading]]:
        """[B,H,W,3] in 0..1 -> the people of each image, left to right. Sides are cut to multiples of 8 pixels."""
        height, width = (s // CELL * CELL for s in images.shape[1:3])
        batch = images[:, :height, :width, :3].permute(0, 3, 1, 2).float().cpu()
        outputs = [self.net(part) for part in batch.split(16)]
        return [read_grid(grid) for grid in torch.cat(outputs)]


def read_grid(grid: Tensor, axes: Mapping[str, tuple[str, ...]] = AXES) -> list[Reading]:
    """One image's network output [C,h,w] -> readings: local maxima of the heat, nothing within half a person of a better."""
    heat = grid[0].sigmoid()
    peaks = (heat >= F.max_pool2d(heat[None], 3, 1, 1)[0]) & (heat >= PERSON_CONFIDENCE)
    readings: list[Reading] = []
    for y, x in sorted(peaks.nonzero().tolist(), key=lambda p: -float(heat[p[0], p[1]])):
        size = float(grid[1, y, x].exp()) * CELL
        cx, cy = (x + 0.5 + float(grid[2, y, x])) * CELL, (y + 0.5 + float(grid[3, y, x])) * CELL
        if any(
            abs(cx - (b.box[0] + b.box[2]) / 2) < size / 2 and abs(cy - (b.box[1] + b.box[3]) / 2) < size / 2
            for b in readings
        ):
            continue
        box = (cx - size / 2, cy - size / 2, cx + size / 2, cy + size / 2)
        readings.append(Reading(box, _labels(grid[4:, y, x], axes), float(heat[y, x])))
    return sorted(readings, key=lambda r: r.box[0])


def _labels(logits: Tensor, axes: Mapping[str, tuple[str, ...]]) -> dict[str, str | None]:
    labels: dict[str, str | None] = {}
    for (axis, values), part in zip(axes.items(), logits.split([len(v) for v in axes.values()]), strict=True):
        confidence, index = part.softmax(0).max(0)
        labels[axis] = values[int(index)] if float(confidence) >= LABEL_CONFIDENCE else None
    return labels
