"""Pictures about pictures, with Pillow: outlines, labels and heat maps, large enough to read."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from torch import Tensor

from ..attention.maps import resize
from ..guidance.run_record import Person

SMALLEST = 384  # small pictures are enlarged to this longer side before drawing
COLOURS = (
    (230, 60, 60),
    (50, 130, 240),
    (40, 170, 80),
    (240, 160, 30),
    (150, 80, 220),
    (20, 180, 190),
    (220, 80, 170),
    (120, 120, 30),
)


def enlarge(image: Tensor) -> tuple[Image.Image, int]:
    """[H,W,3] in 0..1 -> (picture, whole factor it was enlarged by)."""
    height, width = image.shape[:2]
    factor = max(1, -(-SMALLEST // max(height, width)))
    picture = Image.fromarray((image[..., :3].clamp(0, 1) * 255).round().byte().cpu().numpy())
    return picture.resize((width * factor, height * factor), Image.Resampling.BICUBIC), factor


def to_tensor(pictures: Sequence[Image.Image]) -> Tensor:
    """Pictures of one size -> [B,H,W,3] in 0..1, as the host's IMAGE."""
    return torch.stack([torch.from_numpy(np.array(p.convert("RGB"))) for p in pictures]).float() / 255


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def outline(picture: Image.Image, mask: Tensor, colour: tuple[int, int, int], width: int = 3) -> None:
    """Draw the border of a mask [h,w] on the picture."""
    inside = resize(mask.float(), (picture.height, picture.width)).numpy() >= 0.5
    border = inside & ~ndimage.binary_erosion(inside, iterations=width)
    stamp = Image.fromarray((border * 255).astype(np.uint8))
    picture.paste(colour, (0, 0, picture.width, picture.height), stamp)


def label(picture: Image.Image, text: str, x: float, y: float, colour: tuple[int, int, int], size: int = 20) -> None:
    """Text on a plate, kept inside the picture."""
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font(size))
    x = min(max(0, x), max(0, picture.width - (right - left) - 8))
    y = min(max(0, y), max(0, picture.height - (bottom - top) - 8))
    pen.rectangle((x, y, x + right - left + 8, y + bottom - top + 8), fill=colour)
    pen.text((x + 4 - left, y + 4 - top), text, fill="white", font=font(size))


def draw_people(images: Tensor, people: list[list[Person]], name: Callable[[Person], str] | None = None) -> Tensor:
    """images [B,H,W,3] in 0..1 and the people of each -> [B,H',W',3], enlarged to at least SMALLEST, with each person outlined
    and numbered; `name` adds words to the number."""
    pictures = []
    for image, found in zip(images, people, strict=True):
        picture, _ = enlarge(image)
        mark_people(picture, found, name)
        pictures.append(picture)
    return to_tensor(pictures)


def mark_people(picture: Image.Image, people: Sequence[Person], name: Callable[[Person], str] | None = None) -> None:
    """Outline and number people on a picture, in place."""
    for j, person in enumerate(people):
        colour = COLOURS[j % len(COLOURS)]
        outline(picture, person.mask, colour)
        y, x = (c / s for c, s in zip(np.argwhere(person.mask.numpy() > 0).min(0), person.mask.shape, strict=True))
        text = f"{j + 1} {name(person)}" if name else str(j + 1)
        label(picture, text, x * picture.width, y * picture.height - 30, colour)
