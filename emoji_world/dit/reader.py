"""The second world's reader: occupation, gender, skin tone and age of the people in 256-pixel pictures.

The first reader's network with two more labels, over the picture at half its size: there people are as large as in the
first world.
"""

from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from ...metrics.readers import Reading
from ..ages import AGES
from ..reader import AXES as FIRST
from ..reader import CELL, LABEL_CONFIDENCE, PERSON_CONFIDENCE, ReaderNet, read_grid
from ..world import HERE
from .aged import SCALE

WEIGHTS = HERE / "dit" / "reader.safetensors"
AXES = {**FIRST, "age": AGES}


@cache
def load_net(path: Path = WEIGHTS) -> ReaderNet:
    if not path.exists():
        raise FileNotFoundError(f"the second emoji world's reader is missing: {path}")
    net = ReaderNet(AXES)
    net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    return net.eval()


class AgedReader:
    """Reads drawn emoji people of 72 to 160 pixels; see `metrics.readers.AttributeReader`."""

    name = "emoji reader with age"
    weights = WEIGHTS
    axes = AXES
    settings = f"emoji reader with age, people from {PERSON_CONFIDENCE}, labels from {LABEL_CONFIDENCE}"
    certificate = None

    def __init__(self, net: ReaderNet | None = None):
        self.net = net or load_net()

    @torch.inference_mode()
    def read(self, images: Tensor) -> list[list[Reading]]:
        """[B,H,W,3] in 0..1 -> the people of each image, left to right. Sides are cut to multiples of 16 pixels."""
        step = CELL * SCALE
        height, width = (s // step * step for s in images.shape[1:3])
        small = F.avg_pool2d(images[:, :height, :width, :3].permute(0, 3, 1, 2).float().cpu(), SCALE)
        grids = torch.cat([self.net(part) for part in small.split(16)])
        return [[_enlarged(reading) for reading in read_grid(grid, AXES)] for grid in grids]


def _enlarged(reading: Reading) -> Reading:
    left, top, right, bottom = (SCALE * side for side in reading.box)
    return Reading((left, top, right, bottom), reading.labels, reading.confidence)
