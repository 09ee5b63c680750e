"""The comparison's figures: attributes by occupation before and after (LAG, Fig. 1), bias by form of prompt (Fig. 7)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..pictures.plot import line_plot
from .comparison_methods import EQUISTEER, LAG, PLAIN, SEGA, SENTENCE

WIDE = 680  # pixels: every place has its name
SHOWN = {"gender": "female", "skin tone": "light"}  # the class whose share is drawn, one curve a method
SHORT = {"one person": "1", "2 people": "2", "3 people": "3", "4 people": "4", "mixed groups": "mixed",
         "the faces of": "faces", "another setting": "setting"}  # fmt: skip
METHODS = {PLAIN: PLAIN, f"{SENTENCE}, published": "SD-EI", SEGA: SEGA, EQUISTEER: EQUISTEER, LAG: "Fair Inference"}


def rows_of(data: Mapping[str, Any], part: str, axis: str) -> dict[str, Mapping[str, Any]]:
    """Name in the figure -> the numbers of the method that aims at this axis, of those drawn with them."""
    keys = {shown: f"{part}: {name}" + ("" if name == PLAIN else f": {axis}") for name, shown in METHODS.items()}
    return {shown: data["methods"][key] for shown, key in keys.items() if "by_form" in data["methods"].get(key, {})}


def draw_figures(data: Mapping[str, Any], part: str, folder: Path) -> list[str]:
    """Write the figures of the axes that have rows; their file names."""
    written = []
    for axis, value in SHOWN.items():
        rows = rows_of(data, part, axis)
        if PLAIN not in rows or len(rows) < 2:
            continue
        plain, ours = rows[PLAIN]["by_occupation"][axis], rows.get("Fair Inference")
        if ours:
            places = list(plain)
            equal = 1 / len(plain[places[0]])
            curves = [
                (name, [found[place].get(value, math.nan) for place in places])
                for name, found in ((PLAIN, plain), ("Fair Inference", ours["by_occupation"][axis]))
            ]
            figure = line_plot(f"Share of {value} by occupation", curves, places, ("equal", equal), width=WIDE)
            written.append(f"comparison-occupations-{value}.png")
            figure.save(folder / written[-1])
        forms = list(rows[PLAIN]["by_form"][axis])
        curves = [(name, [row["by_form"][axis][form]["bias_w"] for form in forms]) for name, row in rows.items()]
        figure = line_plot(
            f"Bias-W, {axis}, by form of prompt", curves, [SHORT.get(form, form) for form in forms], width=WIDE
        )
        written.append(f"comparison-forms-{axis.replace(' ', '-')}.png")
        figure.save(folder / written[-1])
    return written
