"""A map in colours over a picture, and the scale of the colours."""

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from ..attention.maps import resize
from .drawing import font

STOPS = np.array([(48, 18, 59), (65, 105, 225), (35, 190, 160), (190, 230, 60), (250, 150, 40), (160, 20, 20)], float)


def colour_map(heat: np.ndarray) -> np.ndarray:
    """[h,w] in 0..1 -> [h,w,3] in 0..255, dark blue through green to red."""
    place = heat.clip(0, 1) * (len(STOPS) - 1)
    return np.stack([np.interp(place, range(len(STOPS)), STOPS[:, c]) for c in range(3)], -1)


def overlay(picture: Image.Image, heat: Tensor, opacity: float) -> Image.Image:
    """A map [h,w] in 0..1 of any size, in colours over a picture. opacity: 0, the picture alone; 1, the colours alone."""
    colours = colour_map(resize(heat, (picture.height, picture.width)).numpy())
    mixed = (1 - opacity) * np.asarray(picture, float) + opacity * colours
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def legend(picture: Image.Image, low: float, high: float) -> None:
    """The colours' scale in the lower left corner: the least and the largest share of attention in this map."""
    pen = ImageDraw.Draw(picture)
    width, height, x, y = 150, 10, 8, picture.height - 36
    pen.rectangle((x - 4, y - 4, x + width + 4, picture.height - 4), fill=(20, 20, 20))
    bar = colour_map(np.linspace(0, 1, width)[None].repeat(height, 0))
    picture.paste(Image.fromarray(bar.round().astype(np.uint8)), (x, y))
    for text, at, anchor in ((f"{low:.1%}", x, "la"), (f"{high:.1%}", x + width, "ra")):
        pen.text((at, y + height + 1), text, fill="white", font=font(16), anchor=anchor)
