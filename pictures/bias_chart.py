"""Bias as a chart: a bar for each class."""

from os.path import commonprefix

from PIL import Image, ImageDraw

from ..metrics.bias import BiasResult
from ..metrics.comparison_report import Comparison
from ..metrics.statistics import Measurement
from .drawing import COLOURS, font
from .theme import Theme

ROW, LEFT, WIDTH, NUMBERS = 46, 170, 520, 90
SCALE = WIDTH - LEFT - NUMBERS
MOST_ROWS = 24  # of prompts


def chart(result: BiasResult, theme: Theme, of: str = "") -> Image.Image:
    """A bar per class: the share measured, its number in a column of its own, the target as a line across the bar.

    A node shows it at about half its width, and it is to be read there. of: whose shares, behind the axis.
    """
    picture = Image.new("RGB", (WIDTH, 116 + ROW * len(result.classes)), theme.paper)
    pen = ImageDraw.Draw(picture)
    if not result.faces:  # nothing can be measured, and no bar be drawn
        pen.text((10, 8), f"{result.axis}: nobody readable", fill=theme.ink, font=font(26))
        return picture
    pen.text((10, 8), f"{result.axis}{of}: Bias-W {result.bias_w:.2f}", fill=theme.ink, font=font(26))
    pen.text((10, 44), f"Bias-P {result.bias_p:.2f} (floor {result.bias_p_floor:.2f})", fill=theme.ink, font=font(22))
    rests = f"{result.faces} people, {result.images} pictures, {result.unreadable} unreadable; line: target"
    pen.text((10, 76), rests, fill=theme.faint, font=font(18))
    for i, (name, share, wanted) in enumerate(zip(result.classes, result.frequencies, result.target, strict=True)):
        y = 108 + ROW * i
        pen.text((10, y + 16), fitted(pen, name, LEFT - 16), fill=theme.ink, font=font(22), anchor="lm")
        pen.rectangle((LEFT, y, LEFT + SCALE, y + 32), fill=theme.grid)
        pen.rectangle((LEFT, y, LEFT + SCALE * share, y + 32), fill=COLOURS[i % len(COLOURS)])
        pen.line((LEFT + SCALE * wanted, y - 5, LEFT + SCALE * wanted, y + 37), fill=theme.ink, width=4)
        pen.text((WIDTH - 10, y + 16), f"{share:.0%}", fill=theme.ink, font=font(24), anchor="rm")
    return picture


def fitted(pen: ImageDraw.ImageDraw, text: str, width: float) -> str:
    """As much of a text as is that wide."""
    if pen.textlength(text, font=font(22)) <= width:
        return text
    while text and pen.textlength(text + "…", font=font(22)) > width:
        text = text[:-1]
    return text + "…"


def measurement_chart(found: Measurement, theme: Theme) -> Image.Image:
    """The chart of all people together, whiskers where each share lies, Bias-W beside floor and chance, prompts below."""
    picture = chart(found.result, theme, ", all prompts" if len(found.rows) > 1 else "")
    if not found.result.faces:
        return picture
    pen = ImageDraw.Draw(picture)
    for i, (low, high) in enumerate(found.shares):
        whisker(pen, 124 + ROW * i, LEFT + SCALE * low, LEFT + SCALE * high, theme)
    parts = [picture, gauge(found, theme)]
    if len(found.rows) > 1:
        parts.append(prompts_chart(found, theme))
    return stacked(parts, theme)


def whisker(pen: ImageDraw.ImageDraw, y: float, low: float, high: float, theme: Theme) -> None:
    """From low to high, with ends; light around it, so that it is seen on a bar of any colour."""
    for width, colour in ((5, theme.paper), (2, theme.ink)):
        pen.line((low, y, high, y), fill=colour, width=width)
        for x in (low, high):
            pen.line((x, y - 6, x, y + 6), fill=colour, width=width)


def gauge(found: Measurement, theme: Theme) -> Image.Image:
    """Bias-W on its scale from 0 to what all alike would be: a bar and its interval, floor and chance as named marks."""
    picture = Image.new("RGB", (WIDTH, 112), theme.paper)
    pen, most, y = ImageDraw.Draw(picture), 2 / len(found.result.classes), 52
    several = f" (mean of {len(found.rows)})" if len(found.rows) > 1 else ""
    title = f"Bias-W{several} {found.bias_w.value:.2f}, 95 %: {found.bias_w.low:.2f} to {found.bias_w.high:.2f}"
    pen.text((10, 6), title, fill=theme.ink, font=font(22))
    left, scale = 10, WIDTH - 20
    pen.rectangle((left, y, left + scale, y + 24), fill=theme.grid)
    pen.rectangle((left, y, left + scale * found.bias_w.value / most, y + 24), fill=COLOURS[1])
    whisker(pen, y + 12, left + scale * found.bias_w.low / most, left + scale * found.bias_w.high / most, theme)
    free = 0.0
    for name, value in (("floor", found.floor_w), ("chance", found.chance_w[0])):
        x = left + scale * min(value, most) / most
        pen.line((x, y - 4, x, y + 30), fill=theme.ink, width=3)
        text = f"{name} {value:.2f}"
        at = max(free, min(x, WIDTH - 10 - pen.textlength(text, font=font(18))))
        pen.text((at, y + 34), text, fill=theme.faint, font=font(18))
        free = at + pen.textlength(text, font=font(18)) + 14
    return picture


def prompts_chart(found: Measurement, theme: Theme) -> Image.Image:
    """The shares of each prompt as one bar in parts, and its Bias-W: the frequencies by occupation of LAG's first figure."""
    rows = found.rows[:MOST_ROWS]
    picture = Image.new("RGB", (WIDTH, 44 + 34 * len(rows)), theme.paper)
    pen = ImageDraw.Draw(picture)
    more = f", the first {len(rows)} of {len(found.rows)}" if len(rows) < len(found.rows) else ""
    pen.text((10, 8), f"By prompt{more}; right: Bias-W", fill=theme.ink, font=font(22))
    alike = prefix([row.prompt for row in rows])
    for i, row in enumerate(rows):
        y, x = 42 + 34 * i, float(LEFT)
        pen.text(
            (10, y + 12),
            fitted(pen, row.prompt[len(alike) :] or "(no name)", LEFT - 16),
            fill=theme.ink,
            font=font(22),
            anchor="lm",
        )
        if not row.result.faces:
            pen.text((LEFT, y + 12), "nobody readable", fill=theme.faint, font=font(18), anchor="lm")
            continue
        for k, share in enumerate(row.result.frequencies):
            pen.rectangle((x, y, x + SCALE * share, y + 24), fill=COLOURS[k % len(COLOURS)])
            x += SCALE * share
        pen.text((WIDTH - 10, y + 12), f"{row.bias_w.value:.2f}", fill=theme.ink, font=font(22), anchor="rm")
    return picture


def prefix(names: list[str]) -> str:
    """The words that all names begin with: what tells prompts apart comes after them."""
    return commonprefix(names).rpartition(" ")[0] + " " if " " in commonprefix(names) else ""


def comparison_chart(found: Comparison, theme: Theme) -> Image.Image:
    """Two bars a class, before and after, and the difference of Bias-W in words."""
    before, after, d = found.before, found.after, found.difference
    picture = Image.new("RGB", (WIDTH, 84 + 62 * len(before.classes)), theme.paper)
    pen = ImageDraw.Draw(picture)
    if not (before.faces and after.faces):
        pen.text((10, 8), f"{before.axis}: nobody readable", fill=theme.ink, font=font(26))
        return picture
    pen.text((10, 8), f"Bias-W {d.before.value:.2f}, after {d.after.value:.2f}", fill=theme.ink, font=font(26))
    lies = f"{d.value:+.2f}, 95 %: {d.low:+.2f} to {d.high:+.2f}; upper bar: before"
    pen.text((10, 44), lies, fill=theme.faint, font=font(18))
    for i, name in enumerate(before.classes):
        y = 78 + 62 * i
        pen.text((10, y + 26), fitted(pen, name, LEFT - 16), fill=theme.ink, font=font(22), anchor="lm")
        for top, share, colour in (
            (y, before.frequencies[i], theme.faint),
            (y + 27, after.frequencies[i], COLOURS[i % len(COLOURS)]),
        ):
            pen.rectangle((LEFT, top, LEFT + SCALE, top + 24), fill=theme.grid)
            pen.rectangle((LEFT, top, LEFT + SCALE * share, top + 24), fill=colour)
            pen.text((WIDTH - 10, top + 12), f"{share:.0%}", fill=theme.ink, font=font(20), anchor="rm")
    return picture


def stacked(parts: list[Image.Image], theme: Theme) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, sum(p.height for p in parts)), theme.paper)
    y = 0
    for part in parts:
        picture.paste(part, (0, y))
        y += part.height
    return picture
