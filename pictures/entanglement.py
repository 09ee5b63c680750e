"""Two concepts' places over a picture."""

import numpy as np
from PIL import Image

from ..attention.maps import resize
from ..metrics.measure_entanglement import Entanglement
from .drawing import COLOURS, label

ONE, OTHER, BOTH = COLOURS[0], COLOURS[1], (250, 220, 60)


def draw(found: Entanglement, image: int, base: Image.Image) -> Image.Image:
    """The two masks over the picture in one colour each, and their overlap in a third."""
    a, b = (resize(m[image].float(), (base.height, base.width)).numpy() >= 0.5 for m in found.masks)
    pixels = np.asarray(base, float).copy()
    for where, colour in ((a & ~b, ONE), (b & ~a, OTHER), (a & b, BOTH)):
        grey = pixels[where].mean(-1, keepdims=True)  # the picture's own colours would mix with ours
        pixels[where] = 0.45 * grey + 0.55 * np.array(colour)
    picture = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
    for line, (text, colour) in enumerate(zip(found.names, (ONE, OTHER), strict=True)):
        label(picture, text, 6, 6 + 32 * line, colour)
    label(picture, f"IoU {found.ious[image]:.3f}", 6, 70, (20, 20, 20))
    return picture
