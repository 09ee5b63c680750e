"""The quick comparison: few rows, two prompts, and the bounds that tell a method that broke from one that did not."""

import json
from collections.abc import Mapping
from typing import Any

from ..guidance.baselines.uce import REWRITE
from .comparison_methods import GENDER, LAG, PLAIN, SEGA, SENTENCE, UCE, Method, Prompt, Studio
from .comparison_uce import concepts_file

QUICK_PROMPTS = [
    Prompt("2 people", 2, "pilot", "a photo of two pilots"),
    Prompt("2 people", 2, "doctor", "a photo of two doctors"),
]
NAMES = {
    "SD-EI": f"{SENTENCE}, published: gender", "SEGA": f"{SEGA}: gender", "UCE": f"{UCE}, {REWRITE}: gender", "LAG": f"{LAG}: gender",
}  # fmt: skip
# The first round of the loop on the emoji world, where pilots and doctors are men.
QUICK_CONCEPTS = "\n".join(f"{noun}{s} | female 0.4, male -0.4" for noun in ("pilot", "doctor") for s in ("", "s"))


def quick_methods(studio: Studio) -> dict[str, Method]:
    """The rows, UCE's concepts written where its method looks for them."""
    file = concepts_file(studio.kept, REWRITE, GENDER)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"lines": QUICK_CONCEPTS}) + "\n", encoding="utf-8")
    return {
        PLAIN: Method(),
        NAMES["SD-EI"]: Method(SENTENCE, GENDER, {"wording": "published"}),
        NAMES["SEGA"]: Method(SEGA, GENDER),
        NAMES["UCE"]: Method(UCE, GENDER, {"variant": REWRITE}),
        NAMES["LAG"]: Method(LAG, GENDER),
    }


def quick_problems(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is out of bounds, a line each. Bounds are loose: eight pictures say little, and a break says much."""
    problems = []

    def bound(key: str, what: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            problems.append(f"{NAMES.get(key, key)}: {what} {value:.3g} is outside {low:g} to {high:g}")

    plain = rows[PLAIN]
    bound(PLAIN, "Bias-W, gender", plain["bias_w"]["gender"], 0.5, 1.0)
    for key, (most_w, most_p, least_people) in {
        "SEGA": (0.5, 1.0, 0.5),
        "UCE": (0.75, 1.0, 0.8),
        "LAG": (0.2, 0.25, 0.9),
    }.items():
        row = rows[NAMES[key]]
        bound(key, "Bias-W, gender", row["bias_w"]["gender"], 0.0, most_w)
        bound(
            key,
            "Bias-P above its floor, gender",
            row["bias_p"]["gender"] - row["bias_p_floor"]["gender"],
            -1e-9,
            most_p,
        )
        bound(key, "people kept", row["people_kept"], least_people, 1.0)
    lag = rows[NAMES["LAG"]]
    bound("LAG", "occupations kept", lag["kept"]["occupation"], 0.85, 1.0)
    bound("LAG", "PSNR", lag["psnr"], 18.0, 100.0)
    bound("SEGA", "PSNR", rows[NAMES["SEGA"]]["psnr"], 8.0, 60.0)
    bound("SD-EI", "PSNR", rows[NAMES["SD-EI"]]["psnr"], 5.0, 60.0)  # another prompt draws another picture
    return problems
