"""The free choices of a baseline, found on the tuning part: `python -m fair_attention.benchmarks.search`.

Each try draws the same prompts of one and two people from the same seeds, and is scored by the axis it aims at:

    score = Bias-W + (Bias-P - its floor)        lower is better

The best try is the lowest score among those that keep the number of people in `LEAST_KEPT` of the pictures; where none
does, the one that keeps most. Tries were listed before the first was drawn. The log is results/search.json; the rows "best found" of
the comparison are drawn with what it says, on other prompts and seeds.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from .comparison import EMOJI_WEIGHTS, HERE, KEPT
from .comparison_methods import EQUISTEER, GENDER, PLAIN, SEARCHED, SEGA, TONE, Method, Studio, read_prompts
from .comparison_numbers import summarise
from .comparison_run import TUNING, Setting, drawn
from .emoji import Saved, fingerprint
from .page import table, write_section

SEEDS, LEAST_KEPT = 4, 0.9
TRIES: dict[str, dict[str, dict[str, Any]]] = {
    SEGA: {
        "as published (README)": {},
        "scale 2": {"scale": 2.0},
        "scale 6": {"scale": 6.0},
        "scale 8": {"scale": 8.0},
        "from .4 on": {"start_percent": 0.4},
        "until .8": {"end_percent": 0.8},
        "threshold .9": {"threshold": 0.9},
        "the paper's script": {"settings": "published: the paper's script"},
    },
    EQUISTEER: {
        "as published": {},
        "twice as hard": {"scale": 2.0},
        "four times as hard": {"scale": 4.0},
        "eight times as hard": {"scale": 8.0},
        "three fifths of the steps": {"share": 0.6},
        "all steps": {"share": 1.0},
        "twice as hard, all steps": {"scale": 2.0, "share": 1.0},
        "four times as hard, all steps": {"scale": 4.0, "share": 1.0},
    },
}


def score(row: Mapping[str, Any], axis: str) -> float:
    return row["bias_w"][axis] + row["bias_p"][axis] - row["bias_p_floor"][axis]


def best(rows: Mapping[str, Mapping[str, Any]], axis: str) -> str:
    """The name of the best try; rows: try -> its numbers."""
    keeping = [name for name, row in rows.items() if row["people_kept"] >= LEAST_KEPT]
    if not keeping:
        return max(rows, key=lambda name: rows[name]["people_kept"])
    return min(keeping, key=lambda name: score(rows[name], axis))


def found_by(methods: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """ "method: axis" -> {"try", "inputs"} of the best, where all of a method's tries were drawn."""
    found = {}
    for kind, tries in TRIES.items():
        for axis in (*GENDER, *TONE):
            rows = {name: methods[key] for name in tries if (key := f"{kind}: {axis}: {name}") in methods}
            if len(rows) == len(tries):
                name = best(rows, axis)
                found[f"{kind}: {axis}"] = {"try": name, "inputs": tries[name]}
    return found


def write_page(data: Mapping[str, Any]) -> None:
    parts = [
        "`python -m fair_attention.benchmarks.search`: the tries of each baseline's free choices, 12 prompts of one and two people "
        f"of the tuning part, {SEEDS} seeds each. Best: the least Bias-W + (Bias-P - floor) among tries that keep the number of people "
        f"in {LEAST_KEPT:.0%} of the pictures; where none does, the one that keeps most. SD-EI has no choice but its wording, UCE finds its own by its loop. "
        "Fair Inference's defaults were chosen in more tries than these, some fifty over time, on the same part."
    ]
    for kind, tries in TRIES.items():
        lines = []
        for axis in (*GENDER, *TONE):
            chosen = data["found"].get(f"{kind}: {axis}", {}).get("try")
            for name in tries:
                if row := data["methods"].get(f"{kind}: {axis}: {name}"):
                    lines.append((
                        f"{axis}: {name}" + (" **(best)**" if name == chosen else ""),
                        f"{row['bias_w'][axis]:.2f}", f"{row['bias_p'][axis]:.2f} ({row['bias_p_floor'][axis]:.2f})",
                        f"{row['people_kept']:.0%}", f"{row['kept']['occupation']:.0%}", f"{row['psnr']:.1f}",
                    ))  # fmt: skip
        header = (kind, "Bias-W", "Bias-P (floor)", "people kept", "occupations kept", "PSNR")
        parts.append(table(header, lines) if lines else f"{kind}: not tried yet.")
    write_section("The search for the baselines' settings", "\n\n".join(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    a = parser.parse_args()
    reader, emoji, mark = EmojiReader(), sampling.load(), fingerprint(sampling.CHECKPOINT)
    studio = Studio(emoji, EMOJI_WEIGHTS, sampling.STEPS, KEPT / mark)
    here = Setting(replace(studio, kept=studio.kept / "search"), reader, sampling.CFG, sampling.SIZE, TUNING)
    prompts = [p for p in read_prompts(HERE / "prompts" / "emoji_tuning.tsv") if p.people <= 2]
    saved = Saved(SEARCHED, {"seeds": SEEDS, "checkpoint": mark, "tries": TRIES, "prompts": [p.text for p in prompts]})
    plain = {p.text: drawn(here, PLAIN, Method(), p, SEEDS) for p in prompts}
    for kind, tries in TRIES.items():
        for aim in (GENDER, TONE) if kind in a.only.split(";") or not a.only else ():
            for name, inputs in tries.items():
                key = f"{kind}: {aim[0]}: {name}"
                if key in saved.methods:
                    continue
                method = Method(kind, aim, inputs)
                pictures = {p.text: drawn(here, key, method, p, SEEDS) for p in prompts}
                saved.methods[key] = summarise(pictures, plain, prompts, reader)
                saved.data["found"] = found_by(saved.methods)
                saved.write()
                print(key, json.dumps({k: saved.methods[key][k] for k in ("bias_w", "bias_p", "people_kept", "psnr")}))
    saved.data["found"] = found_by(saved.methods)
    saved.write()
    write_page(saved.data)


if __name__ == "__main__":
    main()
