"""The sprite sheet: every person and thing once, rendered from Noto Color Emoji (SIL Open Font License 1.1).

The sheet ships with the pack, so nothing else needs the font and every machine draws the same pixels.
Rebuild it (Debian: fonts-noto-color-emoji, libraqm0) with `python -m fair_attention.emoji_world.sprites FONT`.
"""

import sys
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .ages import grow_old
from .world import GENDERS, HERE, OCCUPATIONS, SPRITE, THING, THINGS, TONES, person_emoji

SHEET = HERE / "sprites.png"
COLUMNS = len(GENDERS) * len(TONES)


def render_glyph(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """One emoji sequence as an RGBA sprite, its ink centred horizontally and standing on the lower edge."""
    canvas = Image.new("RGBA", (160, 160), (255, 255, 255, 0))
    ImageDraw.Draw(canvas).text((8, 8), text, font=font, embedded_color=True)
    ink = canvas.crop(canvas.getbbox())
    scale = min(SPRITE / ink.width, SPRITE / ink.height)
    ink = ink.resize((round(ink.width * scale), round(ink.height * scale)), Image.Resampling.LANCZOS)
    sprite = Image.new("RGBA", (SPRITE, SPRITE), (255, 255, 255, 0))
    sprite.paste(ink, ((SPRITE - ink.width) // 2, SPRITE - ink.height))
    return sprite


def build_sheet(font_path: str) -> Image.Image:
    """Rows: occupations (columns gender x tone), then one row of things."""
    font = ImageFont.truetype(font_path, 109, layout_engine=ImageFont.Layout.RAQM)
    sheet = Image.new("RGBA", (COLUMNS * SPRITE, (len(OCCUPATIONS) + 1) * SPRITE), (255, 255, 255, 0))
    for row, occupation in enumerate(OCCUPATIONS):
        for column in range(COLUMNS):
            gender, tone = GENDERS[column // len(TONES)], TONES[column % len(TONES)]
            glyph = render_glyph(person_emoji(occupation, gender, tone), font)
            sheet.paste(glyph, (column * SPRITE, row * SPRITE))
    for column, thing in enumerate(THINGS):
        sheet.paste(render_glyph(THING[thing], font), (column * SPRITE, len(OCCUPATIONS) * SPRITE))
    return sheet


@cache
def load_sheet() -> Image.Image:
    return Image.open(SHEET).convert("RGBA")


@cache
def person_sprite(occupation: str, gender: str, tone: str, size: int = SPRITE, age: str = "young") -> Image.Image:
    row, first = OCCUPATIONS.index(occupation), GENDERS.index(gender) * len(TONES)
    if age == "young":
        return _cut(first + TONES.index(tone), row, size)
    sprite, light, tan = (_cut(first + TONES.index(t), row, SPRITE) for t in (tone, "light", "tan"))
    return _sized(grow_old(sprite, light, tan, occupation, gender), size)


@cache
def thing_sprite(thing: str, size: int = SPRITE) -> Image.Image:
    return _cut(THINGS.index(thing), len(OCCUPATIONS), size)


@cache
def head_box(occupation: str) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of head and headgear, as fractions of the sprite's side; read off the sheet."""
    side_prop = dict.fromkeys(("judge", "cook", "mechanic", "scientist", "artist"), (0.08, 0.0, 0.68, 0.68))
    return {
        "teacher": (0.27, 0.10, 0.73, 0.72),
        "singer": (0.22, 0.0, 0.74, 0.72),
        "farmer": (0.02, 0.0, 0.70, 0.70),
        **side_prop,
    }.get(occupation, (0.20, 0.0, 0.80, 0.68))


def _cut(column: int, row: int, size: int) -> Image.Image:
    sprite = load_sheet().crop((column * SPRITE, row * SPRITE, (column + 1) * SPRITE, (row + 1) * SPRITE))
    return _sized(sprite, size)


def _sized(sprite: Image.Image, size: int) -> Image.Image:
    return sprite if size == SPRITE else sprite.resize((size, size), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    build_sheet(sys.argv[1]).save(SHEET, optimize=True)
    print(f"wrote {SHEET}, {np.asarray(load_sheet()).shape}")
