"""What the demo leaves behind: before, after, side by side, heat maps, and the numbers with their definitions."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..emoji_world.reader import EmojiReader
from ..guidance.fair.target import Attribute
from ..metrics.bias import BiasResult, measure_bias
from ..metrics.bias_report import format_report
from ..metrics.consistency import psnr, ssim
from ..metrics.people import people_boxes
from ..metrics.readers import Reading, labels_of
from .demo_people import axis_of, became, rows
from .demo_request import BATCH, REPORT

AXES = (("gender",), ("skin tone",), ("gender", "skin tone"))
Readings = list[list[Reading]]


@dataclass
class Method:
    """What one method drew. pictures [H,W,3] uint8 in order; labelled, outlined: the same, drawn on by the nodes.

    people: of each picture, whom Fair Inference found, with the mask and what was given, why, and how it was steered.
    """

    name: str
    pictures: list[Image.Image] = field(default_factory=list)
    labelled: list[Image.Image] = field(default_factory=list)
    outlined: list[Image.Image] = field(default_factory=list)
    heatmaps: list[Image.Image] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    people: list[list[dict[str, Any]]] = field(default_factory=list)
    seconds: float = 0.0

    def tensor(self) -> Tensor:
        return torch.stack([torch.from_numpy(np.array(p)) for p in self.pictures]).float() / 255


def write(out: Path, facts: dict, wanted: Sequence[Attribute], plain: Method, fair: Method) -> None:
    reader = EmojiReader()
    read = {m.name: reader.read(m.tensor()) for m in (plain, fair)}
    either = [[*before, *after] for before, after in zip(read[plain.name], read[fair.name], strict=True)]
    outside = 1 - people_boxes(either, plain.tensor().shape)
    methods = {m.name: numbers(m, read[m.name], wanted, plain.tensor(), outside) for m in (plain, fair)}
    people = rows(wanted, read[plain.name], read[fair.name], fair.people, fair.tensor())
    report = {**facts, "reader": reader.name, "methods": methods, **became(wanted, read, people), "people": people}
    measured = {m: biases(r, wanted) for m, r in read.items()}
    (out / "report.md").write_text(text(report, fair, measured), encoding="utf-8")
    grid(plain.pictures).save(out / "before.png")
    grid(fair.pictures).save(out / "after.png")
    shown = range(min(8, len(plain.pictures)))
    comparison([(plain.labelled[i], fair.labelled[i], fair.outlined[i]) for i in shown]).save(out / "comparison.png")
    grid(fair.heatmaps[:16]).save(out / "heatmaps.png")
    (out / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(summary(report))
    print("\n".join(f"  {out / name}" for name in (
        "comparison.png", "before.png", "after.png", "heatmaps.png", "report.md", REPORT)))  # fmt: skip


def biases(readings: Readings, wanted: Sequence[Attribute]) -> dict[str, BiasResult]:
    """Bias by axis; on the axis that was asked for, beside the shares asked for."""
    found = {}
    for axes in AXES:
        labels, classes = labels_of(readings, {axis: EmojiReader.axes[axis] for axis in axes})
        share = {a.name: a.share for a in wanted} if axes == (axis_of(wanted),) else {}
        total = sum(share.get(name, 0.0) for name in classes)
        target = [share.get(name, 0.0) / total for name in classes] if total else None
        found[" x ".join(axes)] = measure_bias(labels, classes, target, axis=" x ".join(axes))
    return found


def numbers(
    method: Method, readings: Readings, wanted: Sequence[Attribute], reference: Tensor, outside: Tensor
) -> dict[str, Any]:
    measured, pictures = biases(readings, wanted), method.tensor()
    unreadable = sum(any(v is None for v in p.labels.values()) for image in readings for p in image)
    return {
        "bias_w": {axis: b.bias_w for axis, b in measured.items()},
        "bias_p": {axis: b.bias_p for axis, b in measured.items()},
        "bias_p_floor": {axis: b.bias_p_floor for axis, b in measured.items()},
        "shares": {axis: dict(zip(b.classes, b.frequencies, strict=True)) for axis, b in measured.items()},
        "counts": {axis: {"people": b.faces, "unreadable": b.unreadable} for axis, b in measured.items()},
        "distance_to_target": {axis: b.target_w for axis, b in measured.items()},
        "people_per_image": sum(map(len, readings)) / len(readings),
        "unreadable": unreadable,
        "psnr": mean(psnr(pictures, reference)),
        "psnr_outside_people": mean(psnr(pictures, reference, outside)),
        "ssim": mean(ssim(pictures, reference)),
        "seconds_per_image": method.seconds / len(method.pictures),
    }


def mean(values: Tensor) -> float | None:
    """The mean over pictures; None (no number) where a picture equals its reference and PSNR is infinite."""
    average = float(values.mean())
    return average if math.isfinite(average) else None


def summary(report: dict) -> str:
    plain, fair = report["methods"].values()
    lines = [f"{'':24}{'plain':>8}{'fair':>8}"]
    for axis in plain["bias_w"]:
        lines.append(f"Bias-W {axis:17}{plain['bias_w'][axis]:8.2f}{fair['bias_w'][axis]:8.2f}")
    lines.append(f"PSNR outside the people {'':8}{fair['psnr_outside_people'] or math.inf:8.1f} dB")
    for axis, found in report["kept"].items():
        lines.append(
            f"{axis} kept {found['kept']} of {found['people']} people, towards {' : '.join(map(str, found['towards']))}"
        )
    lines += [f"{name}: {found['read']} of {found['given']} read as given" for name, found in report["reached"].items()]
    lines += [f"Not measured: {what}" for what in report["not_measured"]]
    return "\n".join(lines)


def text(report: dict, fair: Method, measured: dict[str, dict[str, BiasResult]]) -> str:
    parts = [
        f"# Demo: {report['prompt']}",
        f"{report['pictures']} pictures, from the same noise for both methods. Host: ComfyUI {report['host']}. "
        f"Checkpoint: {report['checkpoint']}. Attributes as read by the {report['reader']}.",
        f"Picture n of a batch of {BATCH} is not seed n: to draw one again, put *Latent From Batch* with its batch_index behind an "
        f"*Empty Latent Image* of {BATCH}, and give the sampler its seed; {REPORT} has both, under *noise*.",
        "The people are drawn symbols: a controlled test of the method, no statement about real pictures or people.",
    ]
    for name, results in measured.items():
        parts.append(f"## {name}")
        parts += ["```text\n" + format_report(result) + "\n```" for result in results.values()]
        m = report["methods"][name]
        if m["psnr"] is not None:
            parts.append(f"Against plain: PSNR {m['psnr']:.1f} dB, SSIM {m['ssim']:.3f}; outside the people "
                         f"PSNR {m['psnr_outside_people']:.1f} dB. {m['seconds_per_image']:.2f} s a picture.")  # fmt: skip
        else:
            parts.append(f"{m['seconds_per_image']:.2f} s a picture.")
    parts += ["## What became of the people", "```text\n" + summary(report) + "\n```"]
    parts += ["## What Fair Inference did", "```text\n" + "\n".join(fair.reports) + "\n```"]
    return "\n\n".join(parts) + "\n"


def grid(pictures: Sequence[Image.Image], columns: int = 4, side: int = 256) -> Image.Image:
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 8) + 8, rows * (side + 8) + 8), "white")
    for i, picture in enumerate(pictures):
        place = (8 + i % columns * (side + 8), 8 + i // columns * (side + 8))
        sheet.paste(picture.resize((side, side), Image.Resampling.BICUBIC), place)
    return sheet


def comparison(rows: Sequence[tuple[Image.Image, ...]], side: int = 300) -> Image.Image:
    """A row a picture: as drawn, made fair, who was found and what each was given."""
    titles = ("plain, as read", "fair, as read", "individuals found, attribute given")
    sheet = Image.new("RGB", (len(titles) * (side + 8) + 8, 34 + len(rows) * (side + 8)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for column, title in enumerate(titles):
        pen.text((12 + column * (side + 8), 8), title, fill="black", font=font)
        for row, pictures in enumerate(rows):
            picture = pictures[column].resize((side, side), Image.Resampling.BICUBIC)
            sheet.paste(picture, (8 + column * (side + 8), 34 + row * (side + 8)))
    return sheet
