"""A small line plot, with Pillow: some curves over named places, a reference level, a legend."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from .drawing import COLOURS, font

WIDTH, HEIGHT = 720, 380
LEFT, TOP, RIGHT, BOTTOM = 56, 70, 20, 64
GREY = (110, 110, 110)


def line_plot(
    title: str,
    curves: Sequence[tuple[str, Sequence[float]]],
    places: Sequence[str],
    level: tuple[str, float] | None = None,
) -> Image.Image:
    """curves: (name, a value for each place; nan: no point). level: a dashed line with its name. From 0 upwards."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    values = [v for _, points in curves for v in points if not math.isnan(v)] + ([level[1]] if level else [])
    top = _ceiling(max(values, default=1.0))

    def spot(place: int, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / max(1, len(places))
        return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    pen.text((12, 10), title, fill="black", font=font(17))
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = spot(0, share * top)[1]
        pen.line((LEFT, y, WIDTH - RIGHT, y), fill=(225, 225, 225))
        pen.text((8, y - 8), f"{share * top:.3g}", fill=GREY, font=font(13))
    every = max(1, math.ceil(len(places) / 16))
    for i in range(0, len(places), every):
        x = spot(i, 0)[0]
        lower = 16 * (i // every % 2) if len(places) > 10 else 0
        pen.text((x, HEIGHT - BOTTOM + 8 + lower), places[i], fill=GREY, font=font(12), anchor="ma")
    if level:
        y = spot(0, level[1])[1]
        for x in range(LEFT, WIDTH - RIGHT, 12):
            pen.line((x, y, x + 6, y), fill=GREY, width=2)
    _legend(pen, [(name, COLOURS[i % len(COLOURS)]) for i, (name, _) in enumerate(curves)], level)
    for i, (_, points) in enumerate(curves):
        spots = [spot(j, v) for j, v in enumerate(points) if not math.isnan(v)]
        pen.line(spots, fill=COLOURS[i % len(COLOURS)], width=3, joint="curve")
        for x, y in spots:
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=COLOURS[i % len(COLOURS)])
    return picture


def _ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten at or above the value."""
    if value <= 0:
        return 1.0
    unit = 10 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 2.5, 5, 10) if step * unit >= value * (1 - 1e-9))


def _legend(pen: ImageDraw.ImageDraw, names: list[tuple[str, tuple[int, int, int]]], level) -> None:
    x = LEFT
    for name, colour in [*names, *([(f"- - {level[0]} {level[1]:.3f}", None)] if level else [])]:
        if colour:
            pen.rectangle((x, 42, x + 12, 54), fill=colour)
        pen.text((x + (18 if colour else 0), 40), name, fill="black" if colour else GREY, font=font(14))
        x += pen.textlength(name, font=font(14)) + 40
