"""What the benchmark of entanglement concludes: the knee of lambda, the best blocks and window, bars, tables, plots."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from ..metrics.entanglement import chance_level
from ..scripts.graphs_guidance import STRENGTH
from .page import table, write_section

DEFAULT = "softiou"
FAIR, BOTH = "fair inference", "fair inference + softiou"
FAIR_LONGER, BOTH_LONGER = "fair inference to the end", "fair inference to the end + softiou of strength 50"
HALF, EVERY = "softiou, every step of the first half", "softiou, every step of the run"
PAPER, QUARTERED = "softiou, paper preset", "softiou, quarter resolution and below"
CHOICES = (DEFAULT, HALF, EVERY, QUARTERED)
LAMBDA = STRENGTH  # the shipped workflows': the table is about what they do
REDUCED = {"gender": 41.0, "skin tone": 40.0}  # percent, at least: the paper's 40.8 and 39.6
BELOW_CHANCE, KEPT, WITHIN, NEAR = 0.05, 0.9, 1.1, 0.05
Rows = Mapping[str, dict[str, Any]]  # method -> its numbers
KEPT_BY = {  # rows drawn before people were compared one by one say so
    None: "Occupation kept: pictures in which the same set of occupations is read, whoever cannot be read left out.",
    "of people": "Occupation kept: person by person, unreadable or gone is lost.",
}


def lambda_name(strength: float) -> str:
    """The method that has this lambda, other inputs as the node has them."""
    return DEFAULT if strength == LAMBDA else f"softiou, lambda {strength:g}"


def overall(row: dict[str, Any]) -> float:
    """mIoU, mean over the pairs."""
    return fmean(row["miou"].values())


def knee(rows: Rows, lambdas: Sequence[float]) -> float | None:
    """The lambda after which less entanglement costs most of the picture: on the curve of (PSNR lost, mIoU removed),
    both scaled to 0 ... 1, the point furthest above the straight line from the first to the last lambda.

    None with fewer than three lambdas measured, or where a curve is flat.
    """
    known = [s for s in lambdas if lambda_name(s) in rows]
    if len(known) < 3:
        return None
    lost = _scaled([-rows[lambda_name(s)]["psnr"] for s in known])
    removed = _scaled([-overall(rows[lambda_name(s)]) for s in known])
    if not lost or not removed:
        return None
    return known[max(range(len(known)), key=lambda i: removed[i] - lost[i])]


def _scaled(values: Sequence[float]) -> list[float]:
    """From the first value, 0, to the last, 1; empty if they are the same."""
    first, last = values[0], values[-1]
    return [] if math.isclose(first, last) else [(v - first) / (last - first) for v in values]


def best_choice(rows: Rows) -> str | None:
    """Of the choices of blocks and window the one that takes away most entanglement by second; None: none is measured."""
    known = [name for name in CHOICES if name in rows]
    return max(known, key=lambda name: rows[name]["removed_per_second"], default=None)


def bars(rows: Rows) -> list[dict[str, Any]]:
    """What was promised, what was measured, and whether it is met; bars whose methods were not run are left out."""
    found = []

    def bar(what: str, measured: float, limit: float, at_least: bool = True) -> None:
        met = measured >= limit if at_least else measured <= limit
        found.append(
            {"what": what, "measured": round(measured, 4), "at_least" if at_least else "at_most": limit, "met": met}
        )

    chance = chance_level()
    for pair, start in rows.get("unedited", {"miou": {}})["miou"].items():
        bar(f"{pair}: unedited mIoU far enough above chance to mean anything", start, chance + NEAR)
    if DEFAULT in rows:
        row = rows[DEFAULT]
        for pair, wanted in REDUCED.items():
            bar(f"{DEFAULT}: mIoU of {pair} reduced, percent", row["reduction_percent"][pair], wanted)
            lowest = f"{DEFAULT}: mIoU of {pair} no lower than chance - {BELOW_CHANCE}"
            bar(lowest, row["miou"][pair], chance - BELOW_CHANCE)
        bar(f"{DEFAULT}: people read with the occupation asked for", row["occupation_read"], KEPT)
    for name, alone in ((BOTH, FAIR), (BOTH_LONGER, FAIR_LONGER)):
        if not {DEFAULT, name, alone} <= rows.keys():
            continue
        for axis, value in rows[alone]["bias_w"].items():
            bar(f"{name}: Bias-W of {axis}", rows[name]["bias_w"][axis], WITHIN * value, at_least=False)
        for pair, value in rows[DEFAULT]["miou"].items():
            bar(f"{name}: mIoU of {pair}", rows[name]["miou"][pair], WITHIN * value, at_least=False)
    return found


def draw_all(data: dict[str, Any], lambdas: Sequence[float], folder: Path) -> None:
    """entanglement_blocks_<pair>.png: mIoU by block. entanglement_lambda.png: mIoU over lambda."""
    from ..pictures.plot import line_plot

    rows, level = data["methods"], ("chance", data["chance"])
    shown = [name for name in ("unedited", DEFAULT, "softiou, paper preset", BOTH) if name in rows]
    for pair in REDUCED:
        places = list(rows[shown[0]]["mbiou"][pair])
        curves = [(name, [rows[name]["mbiou"][pair][p] for p in places]) for name in shown]
        short = [p.replace("input.", "in ").replace("output.", "out ").replace("middle.0", "mid") for p in places]
        plot = line_plot(f"IoU of {pair} and the occupation, by block", curves, short, level)
        plot.save(folder / f"entanglement_blocks_{pair.replace(' ', '_')}.png")
    known = [s for s in lambdas if lambda_name(s) in rows]
    if known:
        places = ["0", *(f"{s:g}" + (" (knee)" if s == data["knee"] else "") for s in known)]
        names = ["unedited", *map(lambda_name, known)]
        curves = [(pair, [rows[name]["miou"][pair] for name in names]) for pair in REDUCED]
        line_plot("IoU with the occupation, by lambda", curves, places, level).save(folder / "entanglement_lambda.png")


def write_page(data: dict[str, Any], lambdas: Sequence[float]) -> None:
    rows, setting = data["methods"], data["setting"]
    header = ("", "IoU gender", "IoU skin tone", "reduced", "control", "PSNR", "occupation kept", "Bias-W gender",
              "Bias-W skin tone", "cost")  # fmt: skip
    sweep = [
        (f"{s:g}" + (" (knee)" if s == data["knee"] else ""), *_cells(rows[lambda_name(s)]))
        for s in lambdas
        if lambda_name(s) in rows
    ]
    choices = [
        (name + (" (best)" if name == data["best"] else ""), f"{overall(rows[name]):.3f}", f"{rows[name]['cost_ratio']:.2f} x",
         f"{rows[name]['removed_per_second']:.3f}")
        for name in CHOICES if name in rows
    ]  # fmt: skip
    promised = [
        (b["what"], f"{b['measured']:.3f}", f">= {b['at_least']:.3f}" if "at_least" in b else f"<= {b['at_most']:.3f}",
         "met" if b["met"] else "**not met**")
        for b in data["bars"]
    ]  # fmt: skip
    write_section(
        "Entanglement",
        f"`make bench-entanglement`: {len(setting['prompts'])} occupations of the emoji world, {setting['seeds']} pictures of "
        f"two people each (half of them for other lambdas, blocks and windows), {setting['steps']} steps, the same seeds for every "
        f"method. IoU of the strongest 30 % of the maps "
        f"of a concept and of the occupation, always read with the same attribution prompt (\"{setting['attribution'][0]}\"); "
        f"chance is {data['chance']:.3f}, the control is \"flowers\" with the occupation. Lambda is {LAMBDA} where none is named; "
        "it is a length, and on this world's 16 x 16 cells 25 is what 100 is on Stable Diffusion's 64 x 64. Fair Inference steers "
        "*in full* in this table, as the paper's method does; the node's default, by need, pushes less. Reduced: mean of "
        f"both pairs. {KEPT_BY[setting.get('occupation_kept')]} PSNR: an unchanged picture counts 100 dB. Cost: seconds beside the plain run, median of three pairs of "
        "four pictures, on a machine with other work: good to a tenth or two.\n\n"
        + "\n\n".join([
            table(header, [(name, *_cells(row)) for name, row in rows.items() if "lambda" not in name]),
            "Lambda:\n\n" + table(("lambda", *header[1:]), sweep),
            "Blocks, window and how often, by mIoU removed in each extra second of a picture:\n\n"
            + table(("", "IoU, mean", "cost", "removed by second"), choices),
            table(("promised", "measured", "bar", ""), promised),
            "![By block](results/entanglement_blocks_gender.png) ![By lambda](results/entanglement_lambda.png)",
        ]),
    )  # fmt: skip


def _cells(row: dict[str, Any]) -> list[str]:
    cost = f"{row['cost_ratio']:.2f} x" if "cost_ratio" in row else "-"
    return [f"{row['miou']['gender']:.3f}", f"{row['miou']['skin tone']:.3f}", f"{fmean(row['reduction_percent'].values()):.0f} %",
            f"{row['control']:.3f}", f"{row['psnr']:.1f} dB", f"{row['occupation_kept']:.0%}", f"{row['bias_w']['gender']:.2f}",
            f"{row['bias_w']['skin tone']:.2f}", cost]  # fmt: skip
