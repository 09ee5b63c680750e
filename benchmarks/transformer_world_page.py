"""The section of RESULTS.md on the second emoji world, and which of its bars are met."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .bias_page import number
from .page import Bar, add_bar, bars_table, table, write_section

BIAS_W = {"gender": 0.10, "skin tone": 0.20, "age": 0.20}  # at most


def bars(data: Mapping[str, Any]) -> list[Bar]:
    """(what, measured, wanted, met) of the parts that were measured."""
    found: list[Bar] = []
    bar = partial(add_bar, found, digits=4)
    if seen := data.get("drawn"):
        bar("pictures with the number of people asked for", seen["number_right"], 0.80, False)
        for axis, share in seen["obeyed"].items():
            bar(f"people as the prompt states, {axis}", share, 0.85, False)
    if where := data.get("regions"):
        bar("regions, mean IoU", where["rules"]["by resolution (SD)"]["iou"], 0.55, False)
    for axis, limit in BIAS_W.items():
        if row := data["methods"].get(axis):
            bar(f"{axis}: Bias-W", row["bias_w"][axis], limit)
            if axis == "gender":
                bar(f"{axis}: Bias-P above its floor", row["bias_p"][axis] - row["bias_p_floor"][axis], 0.10)
            bar(f"{axis}: occupation kept", row["occupation_kept"], 0.85, False)
    return found


def row_of(name: str, row: Mapping[str, Any]) -> tuple[object, ...]:
    def of(axis: str) -> str:
        return f"{number(row, 'bias_w', axis)} / {number(row, 'bias_p', axis)} ({row['bias_p_floor'][axis]:.2f})"

    return (name, *map(of, BIAS_W), f"{row['people_kept']:.0%}", f"{row['occupation_kept']:.0%}", f"{row['occupation_read']:.0%}",
            f"{row['psnr']:.1f}", f"{row['ssim']:.2f}", row["pictures"])  # fmt: skip


def write_page(data: Mapping[str, Any]) -> None:
    setting = data["setting"]
    parts = [
        "`python -m fair_attention.benchmarks.transformer_world`: the transformer of [the second world](../emoji_world/README.md), "
        f"{setting['steps']} steps, CFG {setting['cfg']:g}, 256 x 256 pixels, read by its own reader with age. "
        f"Fair Inference by words, from start_percent 0.2 on (0.4, the default, is late on this model: a look at four pictures of other seeds), all else at its default: {len(setting['prompts'])} prompts of one to three people, {setting['seeds'][1]} pictures each, "
        f"seeds from {setting['seeds'][0]:,}. Occupation kept: person by person beside the unedited picture, unreadable or gone is lost; read: as the prompt says. The row *skin tone* is of the rule before the "
        "main part of a push (`need.main_weights`); the others have two values, for which nothing has changed."
    ]
    if data["methods"]:
        header = ("", *(f"{axis}: Bias-W / Bias-P (floor)" for axis in BIAS_W), "as many people", "occupation kept", "occupation read",
                  "PSNR", "SSIM", "pictures")  # fmt: skip
        parts.append(table(header, [row_of(*item) for item in data["methods"].items()]))
    if where := data.get("regions"):
        lines = [(name, f"{m['iou']:.3f}", f"{m['iou_people']:.3f}", f"{m['iou_faces']:.3f}", f"{m['counted_right']:.0%}")
                 for name, m in where["rules"].items()]  # fmt: skip
        first, last = where["window"]
        parts.append(
            f"Regions: {where['renders']} noised renders with exact masks, maps of {first:.0%} to {last:.0%} of the sampling, Block Voting as "
            "it is by default (all blocks alike) and each block alone."
        )
        parts.append(table(("rule", "mean IoU", "whole people", "faces", "counted right"), lines))
    if seen := data.get("drawn"):
        lines = [(occupation, *(f"{planted:.2f} / {share if share is not None else '–'}" for planted, share in (row["male"], row["old"])),
                  f"{row['right']:.0%}", row["people"]) for occupation, row in seen["planted_and_drawn"].items()]  # fmt: skip
        parts.append(
            f"What it draws, {seen['pictures']} pictures: planted and drawn shares where the prompt leaves it open."
        )
        parts.append(table(("", "male: planted / drawn", "old: planted / drawn", "occupation right", "people"), lines))
    parts.append(bars_table(bars(data)))
    write_section("The second world, a transformer", "\n\n".join(parts))
