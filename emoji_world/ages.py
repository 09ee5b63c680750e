"""Older people: hair and brows of the sprites recoloured grey, and a grey beard for men, since hats hide most men's hair.

Only the second world (`dit/`) has ages; everybody in the first one is young. Noto draws a person alike in all skin tones, so
what differs between two tones is skin or hair, and in the tan variant hair is darker than skin. Our decision.
"""

from functools import cache

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation, find_objects, label

from .world import SPRITE

AGES = ("young", "old")
GREY = (206.0, 206.0, 212.0)
HAIR_BELOW = 128.0  # mean of RGB in the tan variant; hair is fully hair 40 below it
DIFFERS = 12.0  # sum over RGB between the light and the tan variant
# Where the nose is, (x, y) in pixels of the sprite; read off the sheet.
NOSE = {
    "doctor": (64, 70), "pilot": (63, 70), "judge": (48, 70), "scientist": (52, 70), "mechanic": (49, 70), "builder": (63, 70),
    "farmer": (51, 73), "cook": (53, 71), "teacher": (64, 70), "student": (62, 70), "artist": (55, 70), "singer": (62, 70),
}  # fmt: skip


def grow_old(sprite: Image.Image, light: Image.Image, tan: Image.Image, occupation: str, gender: str) -> Image.Image:
    """The sprite (RGBA, full size) of somebody old; light, tan: the same person's sprites in these two skin tones."""
    pixels = np.asarray(sprite).astype(np.float32)
    hair, skin = hair_and_skin(light.tobytes(), tan.tobytes())
    lightness = pixels[..., :3].mean(-1)
    base = np.median(lightness[hair > 0.9]) if (hair > 0.9).any() else 0.0
    shade = np.clip(1 + 0.004 * (lightness - base), 0.8, 1.15)[..., None]
    aged = pixels.copy()
    aged[..., :3] += hair[..., None] * (np.array(GREY) * shade - pixels[..., :3])
    if gender == "male":
        beard = (_beard(NOSE[occupation]) * skin)[..., None]
        aged[..., :3] += beard * (np.array(GREY) - aged[..., :3])
    return Image.fromarray(aged.clip(0, 255).round().astype(np.uint8), "RGBA")


@cache
def hair_and_skin(light: bytes, tan: bytes) -> tuple[np.ndarray, np.ndarray]:
    """(hair, skin) [128,128] in 0..1, from the RGBA bytes of a person's light and tan sprites."""
    a, b = (np.frombuffer(x, np.uint8).reshape(SPRITE, SPRITE, 4).astype(np.float32) for x in (light, tan))
    differs = (np.abs(a[..., :3] - b[..., :3]).sum(-1) > DIFFERS) * (b[..., 3] / 255)
    dark = np.clip((HAIR_BELOW - b[..., :3].mean(-1)) / 40, 0, 1) * differs
    parts, _ = label(dark > 0.3)
    kept = np.zeros(dark.shape, bool)
    for number, where in enumerate(find_objects(parts), 1):
        part = parts[where] == number
        if _is_hair(int(part.sum()), *part.shape, (where[0].start + where[0].stop) / 2):
            kept[where] |= part
    face = binary_dilation((dark > 0.3) & ~kept, iterations=2)  # eyes, nose, mouth, and a rim about them
    return dark * binary_dilation(kept), differs * (b[..., :3].mean(-1) > HAIR_BELOW) * ~face


def _is_hair(area: int, height: int, width: int, y: float) -> bool:
    """Rather than an eye (as high as wide), a nose, a mouth, a shadow below the chin or a hand."""
    brow = width >= 2 * height and 40 < y < 56 and area > 50
    return brow or (area >= 400 and y < 95) or (area >= 100 and height >= 1.5 * width)


def _beard(nose: tuple[int, int]) -> np.ndarray:
    """[128,128] in 0..1: a crescent along the jaw, up to below the nose."""
    y, x = np.mgrid[0:SPRITE, 0:SPRITE].astype(np.float32)
    jaw = ((x - nose[0]) / 36) ** 2 + ((y - nose[1] + 8) / 34) ** 2 <= 1
    cheeks = ((x - nose[0]) / 24) ** 2 + ((y - nose[1] + 12) / 17) ** 2 <= 1
    return (jaw & ~cheeks & (y > nose[1] - 4)).astype(np.float32)
