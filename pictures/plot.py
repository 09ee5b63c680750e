"""A small line plot, with Pillow: some curves over named places, a reference level, a legend."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from .drawing import COLOURS, font
from .theme import PAPER, Theme

WIDTH, HEIGHT = 520, 400  # a node shows it at about half this width, and is to be read there
LEFT, RIGHT, BOTTOM = 64, 14, 40
LARGE, SMALL = 24, 19  # of the print, in pixels


def line_plot(
    title: str,
    curves: Sequence[tuple[str, Sequence[float]]],
    places: Sequence[str],
    level: tuple[str, float] | None = None,
    theme: Theme = PAPER,
    beside: tuple[str, Sequence[Sequence[float]]] | None = None,
    width: int = WIDTH,
) -> Image.Image:
    """curves: (name, a value for each place; nan: no point). level: a dashed line with its name. From 0 upwards.

    beside: a name, and for each curve another of its colour, thin and with hollow points.
    """
    picture = Image.new("RGB", (width, HEIGHT), theme.paper)
    pen = ImageDraw.Draw(picture)
    others = beside[1] if beside else []
    values = [v for points in [*(p for _, p in curves), *others] for v in points if not math.isnan(v)]
    values += [level[1]] if level else []
    top, upper = _ceiling(max(values, default=1.0)), 52 + 26 * (len(curves) + bool(level) + bool(beside))

    def spot(place: int, value: float) -> tuple[float, float]:
        x = LEFT + (width - LEFT - RIGHT) * (place + 0.5) / max(1, len(places))
        return x, HEIGHT - BOTTOM - (HEIGHT - upper - BOTTOM) * value / top

    pen.text((12, 8), title, fill=theme.ink, font=font(LARGE))
    for share in (0, 0.5, 1):
        y = spot(0, share * top)[1]
        pen.line((LEFT, y, width - RIGHT, y), fill=theme.grid)
        pen.text((LEFT - 8, y), f"{share * top:.3g}", fill=theme.faint, font=font(SMALL), anchor="rm")
    free = 0.0  # where the next place's name may begin
    for i, place in enumerate(places):
        x, half = spot(i, 0)[0], pen.textlength(place, font=font(SMALL)) / 2
        if x - half >= free and x + half <= width:
            pen.text((x, HEIGHT - BOTTOM + 8), place, fill=theme.faint, font=font(SMALL), anchor="ma")
            free = x + half + 10
    if level:
        y = spot(0, level[1])[1]
        for x in range(LEFT, width - RIGHT, 12):
            pen.line((x, y, x + 6, y), fill=theme.faint, width=2)
    named: list[tuple[str, tuple[int, int, int] | None]]
    named = [(name, COLOURS[i % len(COLOURS)]) for i, (name, _) in enumerate(curves)]
    named += [(f"{beside[0]} (thin)", None)] if beside else []
    named += [(f"{level[0]} {level[1]:.3f} (dashed)", None)] if level else []
    for row, (name, colour) in enumerate(named):
        if colour:
            pen.rectangle((14, 48 + 26 * row, 28, 62 + 26 * row), fill=colour)
        pen.text((36 if colour else 14, 55 + 26 * row), name, fill=theme.ink, font=font(SMALL), anchor="lm")
    for i, points in enumerate(others):
        spots = [spot(j, v) for j, v in enumerate(points) if not math.isnan(v)]
        pen.line(spots, fill=COLOURS[i % len(COLOURS)], width=1, joint="curve")
        for x, y in spots:
            pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=theme.paper, outline=COLOURS[i % len(COLOURS)])
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
