"""Bias as a chart: a bar for each class."""

from PIL import Image, ImageDraw

from ..metrics.bias import BiasResult
from .drawing import COLOURS, font
from .theme import Theme


def chart(result: BiasResult, theme: Theme) -> Image.Image:
    """A bar per class: the share measured, its number in a column of its own, the target as a line across the bar.

    A node shows it at about half its width, and is to be read there.
    """
    row, left, width, numbers = 46, 170, 520, 90
    picture = Image.new("RGB", (width, 116 + row * len(result.classes)), theme.paper)
    pen = ImageDraw.Draw(picture)
    if not result.faces:  # nothing can be measured, and no bar be drawn
        pen.text((10, 8), f"{result.axis}: nobody readable", fill=theme.ink, font=font(26))
        return picture
    pen.text((10, 8), f"{result.axis}: Bias-W {result.bias_w:.2f}", fill=theme.ink, font=font(26))
    pen.text((10, 44), f"Bias-P {result.bias_p:.2f} (floor {result.bias_p_floor:.2f})", fill=theme.ink, font=font(22))
    rests = f"{result.faces} people, {result.images} pictures, {result.unreadable} unreadable; line: target"
    pen.text((10, 76), rests, fill=theme.faint, font=font(18))
    for i, (name, share, wanted) in enumerate(zip(result.classes, result.frequencies, result.target, strict=True)):
        y, scale = 108 + row * i, width - left - numbers
        pen.text((10, y + 16), fitted(pen, name, left - 16), fill=theme.ink, font=font(22), anchor="lm")
        pen.rectangle((left, y, left + scale, y + 32), fill=theme.grid)
        pen.rectangle((left, y, left + scale * share, y + 32), fill=COLOURS[i % len(COLOURS)])
        pen.line((left + scale * wanted, y - 5, left + scale * wanted, y + 37), fill=theme.ink, width=4)
        pen.text((width - 10, y + 16), f"{share:.0%}", fill=theme.ink, font=font(24), anchor="rm")
    return picture


def fitted(pen: ImageDraw.ImageDraw, text: str, width: float) -> str:
    """As much of a text as is that wide."""
    if pen.textlength(text, font=font(22)) <= width:
        return text
    while text and pen.textlength(text + "…", font=font(22)) > width:
        text = text[:-1]
    return text + "…"
