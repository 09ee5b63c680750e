"""The section of RESULTS.md on steering by need: what became of each person, and which bars are met."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .bias_page import number
from .page import Bar, add_bar, bars_table, table, write_section

AXES = ("gender", "skin tone", "gender x skin tone")
BIAS_W = {"gender": 0.05, "skin tone": 0.12, "gender x skin tone": 0.08}  # at most
LOOKS = 0.97  # of what the model draws when it is asked in words, at least


def bars(data: Mapping[str, Any]) -> list[Bar]:
    """(what, measured, bar, met) of the methods that were drawn."""
    rows, found = data["methods"], []
    bar = partial(add_bar, found)
    for axis in AXES:
        name = f"by need: {axis}"
        if not (row := rows.get(name)):
            continue
        bar(f"{name}: Bias-W", row["bias_w"][axis], BIAS_W[axis])
        bar(f"{name}: Bias-P above its floor", row["bias_p"][axis] - row["bias_p_floor"][axis], 0.05)
        for other, numbers in row["kept"].items():
            bar(f"{name}: {other} kept", numbers["share"], 0.96 if other == "occupation" else 0.9, False)
            if other == "skin tone":
                bar(f"{name}: sign test, lighter against darker", numbers["p"], 0.05, False)
        bar(f"{name}: people gone", row["gone"], 0.01)
        for value, like in sorted(relative_looks(row, data["looks_in_words"]).items()):
            bar(f"{name}: looks of {value}, of what words draw", like, LOOKS, False)
    if row := rows.get("by need: gender"):
        bar("by need: gender: PSNR", row["psnr"], 20.5, False)
        bar("by need: gender: SSIM", row["ssim"], 0.84, False)
    if row := rows.get("by need: gender, blended"):
        bar("by need: gender, blended: PSNR outside the people", row["psnr_outside_people"], 38, False)
    for name, ratio in data.get("cost_ratio_50_steps", {}).items():
        if "blended" not in name:  # samples twice
            bar(f"{name}: processor time of a run of 50 steps against plain", ratio, 1.2)
    return found


def relative_looks(row: Mapping[str, Any], in_words: Mapping[str, float]) -> dict[str, float]:
    return {value: like / in_words[value] for value, like in row["looks"].items()}


def cells(name: str, row: Mapping[str, Any], in_words: Mapping[str, float]) -> tuple[object, ...]:
    def of(axis: str) -> str:
        return f"{number(row, 'bias_w', axis)} / {number(row, 'bias_p', axis)} ({row['bias_p_floor'][axis]:.2f})"

    def kept(axis: str) -> str:
        return f"{row['kept'][axis]['share']:.0%}" if axis in row["kept"] else "–"

    tone = row["kept"].get("skin tone")
    drift = "{} : {} (p {:.2f})".format(*tone["towards"], tone["p"]) if tone else "–"
    met = " ".join(f"{value} {have}/{asked}" for value, (have, asked) in row["reached"].items() if " " not in value)
    like = " ".join(f"{value} {share:.2f}" for value, share in sorted(relative_looks(row, in_words).items()))
    return (name, *map(of, AXES), kept("gender"), kept("skin tone"), drift, kept("occupation"), f"{row['gone']:.1%}",
            met or "–", like or "–", f"{row['psnr']:.1f}", f"{row['psnr_outside_people']:.1f}", f"{row['ssim']:.2f}", row["pictures"])  # fmt: skip


def write_page(data: Mapping[str, Any]) -> None:
    header = ("", *(f"{a}: Bias-W / Bias-P (floor)" for a in AXES), "gender kept", "skin tone kept", "lighter : darker",
              "occupation kept", "people gone", "reached", "looks, of words'", "PSNR", "PSNR outside people", "SSIM", "pictures")  # fmt: skip
    rows = [cells(name, row, data["looks_in_words"]) for name, row in data["methods"].items()]
    text = (
        "`make bench-need`: occupations and seeds on which nothing was chosen (settings were tuned on doctor, pilot, mechanic, "
        f"teacher, artist and farmer with seeds from 0): {len(data['setting']['prompts'])} prompts of one to four people and of "
        f"two groups, judge, scientist, builder, cook, student and singer, seeds from {data['setting']['first_seed']:,}, "
        f"{data['setting']['steps']} steps, CFG {data['setting']['cfg']:g}. People are matched by place with those of the "
        "unedited picture; who was readable there and is not any more, or is gone, is not kept. Lighter : darker with the "
        "p of a two-sided sign test. Reached: read as given, of those given. Looks: SSIM of the head with the sprite of what "
        "is read, over that of people the unedited model draws when the prompt states the attribute; in the row *unedited* of the "
        "people it draws unasked, who look that much like it before anybody is steered. Rows *nobody steered* are the same prompts and "
        "seeds with a little less or more CFG: what a change that aims at nobody does to people of this world. Rows *nothing held* are without *hold*, "
        "which by default keeps gender and skin tone while the other is steered. A row of fewer pictures has the first seeds of every "
        "prompt alone: counts of it and of another are not of the same people.\n\n"
        + table(header, rows)
        + "\n\n"
        + bars_table(bars(data))
    )
    write_section("Steering by need", text)
