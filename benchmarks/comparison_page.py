"""The section of RESULTS.md that holds the comparison, its bars, and the strip of one seed by every method."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from .comparison_methods import AIMS, BALANCED, ENERGY, LAG, PLAIN, SEGA, methods
from .page import Bar, add_bar, bars_table, table, write_section

AXES = tuple(" x ".join(aim) for aim in AIMS)
BIAS_W = {"gender": 0.05, "skin tone": 0.12, "gender x skin tone": 0.08}  # at most
RESULTS = Path(__file__).parent / "results"
LABEL, CELL, LINE = 210, 128, 14


def bars(rows: Mapping[str, Any]) -> list[Bar]:
    """(what, measured, wanted, met) of the reporting part."""
    found: list[Bar] = []
    bar = partial(add_bar, found)
    for axis in AXES:
        ours = rows.get(f"{LAG}: {axis}")
        unaimed = ENERGY, BALANCED
        theirs = {n: r for n, r in rows.items() if n in unaimed or n.endswith(f": {axis}") and not n.startswith(LAG)}
        if not ours or not theirs:
            continue
        bar(f"Bias-W, {axis}", ours["bias_w"][axis], BIAS_W[axis], True)
        level, best = (min(theirs, key=lambda n: theirs[n][key][axis]) for key in ("bias_w", "bias_p"))
        # The interval of few people lies below what is seen of them.
        most = max(theirs[level]["bias_w"][axis], theirs[level]["bias_w_95"][axis][1])
        bar(f"Bias-W, {axis}, beside the best baseline's upper end ({level})", ours["bias_w"][axis], most, True)
        bar(f"Bias-P, {axis}, its upper end beside the best baseline's lower end ({best})", ours["bias_p_95"][axis][1],
            theirs[best]["bias_p_95"][axis][0], True)  # fmt: skip
        if sega := rows.get(f"{SEGA}: {axis}"):
            bar(f"PSNR, {axis}, beside Fair Diffusion", ours["psnr"], sega["psnr"], False)
            bar(f"SSIM, {axis}, beside Fair Diffusion", ours["ssim"], sega["ssim"], False)
        for n, share in ours["people_kept_by_number"].items():
            bar(f"people kept, {axis}, prompts of {n}", share, 0.95, False)
        for n, share in ours.get("occupation_by_people", {}).items():
            bar(f"occupations kept, {axis}, pictures of {n}", share, 0.93, False)
    return found


def biases(row: Mapping[str, Any], axis: str) -> str:
    """ "0.03, .01 to .06 / 0.12, .09 to .15": Bias-W and Bias-P, each with the interval that holds the truth in 95 of 100."""

    def one(key: str) -> str:
        low, high = (f"{x:.2f}".lstrip("0") for x in row[f"{key}_95"][axis])
        return f"{row[key][axis]:.2f}, {low} to {high}"

    return f"{one('bias_w')} / {one('bias_p')}"


def second_table(rows: Mapping[str, Any]) -> str:
    """Bias-W and Bias-P by the second reader, of the rows that it has read."""
    read = {n: rows[n]["second_reader"] for n in methods() if n in rows and "second_reader" in rows[n]}
    if not read:
        return ""
    header = ("by the second reader", *(f"{a}: Bias-W / Bias-P" for a in AXES), "unreadable")
    return "\n\n" + table(header, [(n, *(biases(r, a) for a in AXES), r["unreadable"]) for n, r in read.items()])


def cells(name: str, row: Mapping[str, Any]) -> tuple[object, ...]:
    def bias(axis: str) -> str:
        return f"{biases(row, axis)} ({row['bias_p_floor'][axis]:.2f})" if axis in row["bias_w"] else "–"

    def iou(axis: str) -> str:
        return f"{row['miou'][f'{axis}, own']:.2f} / {row['miou'][f'{axis}, held out']:.2f}"

    rd = " / ".join(f"{v:.2f}" for v in row["risk_difference"].values())
    occupation = f"{row['kept']['occupation']:.0%}" if "occupation" in row["kept"] else "–"
    like = (
        (f"{row['psnr']:.1f}", f"{row['psnr_outside_people']:.1f}", f"{row['ssim']:.2f}")
        if name != PLAIN
        else ("–",) * 3
    )
    return (name, *map(bias, AXES), rd, iou("gender"), iou("skin tone"), f"{row['people_kept']:.0%}", occupation, *like,
            f"{row['unchanged']:.0%}", f"{row['seconds']:.1f}", row["pictures"])  # fmt: skip


def write_page(data: Mapping[str, Any], prompts: Mapping[str, int]) -> None:
    header = ("", *(f"{a}: Bias-W / Bias-P (floor)" for a in AXES), "RD gender / skin tone", "mIoU gender: own / held-out text",
              "mIoU skin tone", "people kept", "occupations kept", "PSNR", "PSNR outside people", "SSIM", "unchanged",
              "CPU s a picture", "pictures")  # fmt: skip
    setting = data["setting"]
    text = (
        f"`make bench`: {setting['steps']} steps, CFG {setting['cfg']:g}, read by {setting['reader']}. Every method draws the same prompts from "
        "the same seeds. Settings of ours and free choices of the baselines were made on the first part; the second has occupations, "
        "seeds and forms of prompts on which nothing was chosen. Bias is the raw definition, mean over prompts, with its 95 % interval, "
        "which lies below the number where the few people of a prompt alone push that up; floor: the least Bias-P of so few people. RD: |f_female - f_male|, |f_light - f_dark| over all people. mIoU of the concept with the occupation, by the "
        "text the energy uses and by one it never sees; chance is 0.176. Kept: person by person, unreadable or gone is lost. An unchanged "
        "picture counts 100 dB. CPU seconds depend on the machine's other work. Encoder metrics need weights that are not here."
    )
    for part, first in setting["first_seed"].items():
        rows = {n.removeprefix(f"{part}: "): r for n, r in data["methods"].items() if n.startswith(f"{part}: ")}
        text += f"\n\n### {part.capitalize()} part: {prompts[part]} prompts, seeds from {first:,}\n\n"
        text += table(header, [cells(n, rows[n]) for n in methods() if n in rows]) if rows else "Not drawn yet."
        text += second_table(rows)
        missing = [n for n in methods() if n not in rows]
        loops = "; ".join(f"{n}: {rows[n]['loop']}" for n in methods() if "loop" in rows.get(n, {}))
        text += f"\n\nWith the concepts that its loop had found: {loops}." if loops else ""
        text += f"\n\nNot drawn: {', '.join(missing)}." if rows and missing else ""
        figures = sorted(p.name for p in RESULTS.glob("comparison-*-*.png")) if part == "reporting" and rows else []
        if figures:
            text += "\n\n" + " ".join(f"![{name.removesuffix('.png')}](results/{name})" for name in figures)
        if part == "reporting" and (met := bars(rows)):
            text += "\n\n" + bars_table(met)
    write_section("The comparison", text)


def strip(rows: Mapping[str, Sequence[Tensor]], titles: Sequence[str], path: Path) -> None:
    """A picture: a row a method, the same seeds below each other; its name on the left, prompts on top."""
    width, height = LABEL + CELL * len(titles), 2 * LINE + CELL * len(rows)
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        pen.text((LABEL + CELL * column + 2, 2), title.removeprefix("a photo of ")[:22], fill="black")
    for number, (name, pictures) in enumerate(rows.items()):
        top = 2 * LINE + CELL * number
        for line, part in enumerate(name.replace(", ", ",\n").replace(": ", ":\n").split("\n")):
            pen.text((4, top + 8 + LINE * line), part, fill="black")
        for column, picture in enumerate(pictures):
            cell = Image.fromarray((picture * 255).round().to(torch.uint8).numpy()).resize((CELL, CELL))
            sheet.paste(cell, (LABEL + CELL * column, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(256).save(path)  # a third of the size
