"""The colours that charts are drawn in, made from one background."""

from dataclasses import dataclass

from PIL import ImageColor

Colour = tuple[int, int, int]


# Of a node in the front end's own themes (its NODE_DEFAULT_BGCOLOR).
NODES = {
    "arc": "#242730", "dark": "#353535", "github": "#13171d", "light": "#f5f5f5", "nord": "#161b22", "solarized": "#073642",
}  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """paper: behind the chart. ink: what is to be read. faint: what comes with it. grid: lines to read along."""

    paper: Colour
    ink: Colour
    faint: Colour
    grid: Colour


def theme(background: str) -> Theme:
    """Ink that is told from a background "#rrggbb": near black on a light one, near white on a dark one."""
    paper = ImageColor.getrgb(background)[:3]
    light = 0.299 * paper[0] + 0.587 * paper[1] + 0.114 * paper[2] > 127
    ink = (30, 30, 30) if light else (235, 235, 235)

    def between(share: float) -> Colour:
        red, green, blue = (round(share * i + (1 - share) * p) for i, p in zip(ink, paper, strict=True))
        return red, green, blue

    return Theme(paper, ink, between(0.7), between(0.2))


PAPER = theme("#ffffff")
