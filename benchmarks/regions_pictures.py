"""The pictures of the study of regions: blocks x steps, thresholds, before and after voting, stability over steps."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..attention.maps import prepare
from ..attention.regions import VotingRule, locate
from ..attention.trace import Block
from ..pictures.drawing import COLOURS, font, outline
from ..pictures.heatmap import colour_map
from ..pictures.plot import line_plot
from .regions_measure import RHOS, TAUS, averaged, iou, measure, single, voted
from .renders import STEPS, Case

CELL, MARGIN = 44, 96
SIDE = 192  # of one picture in the row before and after voting


def draw_all(cases: list[Case], chosen: dict[str, Any], scores: Tensor, blocks: list[Block], folder: Path) -> None:
    tau = TAUS.index(chosen["tau"])
    block_heat(scores[..., tau], blocks, chosen["tau"]).save(folder / "regions_blocks.png")
    threshold_plot(cases, chosen).save(folder / "regions_thresholds.png")
    before_and_after(cases[:6], chosen).save(folder / "regions_voting.png")
    stability_plot(cases, chosen).save(folder / "regions_stability.png")


def block_heat(scores: Tensor, blocks: list[Block], tau: float) -> Image.Image:
    """scores [blocks, steps]: mean IoU, written into coloured cells."""
    picture = Image.new("RGB", (MARGIN + CELL * len(STEPS) + 12, 64 + CELL * len(blocks) // 2 + 12), "white")
    pen = ImageDraw.Draw(picture)
    pen.text((12, 8), f"IoU with what the caption names, by block and step (tau {tau:g})", fill="black", font=font(16))
    for j, share in enumerate(STEPS):
        pen.text((MARGIN + CELL * j + CELL / 2, 40), f"{share:.0%}", fill="black", font=font(12), anchor="ma")
    colours = colour_map((scores / scores.max().clamp_min(1e-6)).numpy())
    for i, block in enumerate(blocks):
        y = 60 + CELL // 2 * i
        pen.text((12, y + 3), str(block), fill="black", font=font(13))
        for j in range(len(STEPS)):
            x = MARGIN + CELL * j
            pen.rectangle((x, y, x + CELL - 2, y + CELL // 2 - 2), fill=tuple(int(c) for c in colours[i, j]))
            light = colours[i, j].sum() > 380
            pen.text(
                (x + CELL / 2, y + 3),
                f"{scores[i, j]:.2f}",
                fill="black" if light else "white",
                font=font(12),
                anchor="ma",
            )
    return picture


def threshold_plot(cases: list[Case], chosen: dict[str, Any]) -> Image.Image:
    """Accuracy over tau: voting at three shares of votes, averaging, the best single block."""
    weights, block = chosen["weights"], chosen["single"][0]
    families = {f"voted, rho {rho:g}": [voted(weights, tau, rho, split=False) for tau in TAUS] for rho in RHOS[::2]} | {
        "mean (DAAM)": [averaged(chosen["blocks"], tau, split=False) for tau in TAUS],
        str(block): [single(block, tau, split=False) for tau in TAUS],
    }
    curves = [(name, [measure(cases, r, chosen["window"])["iou"] for r in rules]) for name, rules in families.items()]
    return line_plot("IoU with what the caption names, by tau", curves, [f"{tau:g}" for tau in TAUS])


def stability_plot(cases: list[Case], chosen: dict[str, Any]) -> Image.Image:
    """How much a region keeps from one step to the next: IoU of the regions of neighbouring steps."""
    rules = {
        "voted and aligned": voted(chosen["weights"], chosen["tau"], chosen["rho"], split=False),
        str(chosen["single"][0]): single(*chosen["single"], split=False),
    }
    curves = []
    for name, rule in rules.items():
        kept = torch.zeros(len(STEPS) - 1)
        for case in cases:
            regions = [region_of(case, rule, (share, share)) for share in STEPS]
            kept += torch.stack([iou(a, b) for a, b in zip(regions, regions[1:], strict=False)])
        curves.append((name, (kept / len(cases)).tolist()))
    return line_plot("IoU of a region with that of the next step", curves, [f"{share:.0%}" for share in STEPS[1:]])


def region_of(case: Case, rule: VotingRule, window: tuple[float, float]) -> Tensor:
    """[h,w] bool: all groups together."""
    store = case.window(*window)
    found = [images[0] for images in locate(store, rule, case.groups())]
    return torch.stack([f.region for f in found]).amax(0) > 0


def before_and_after(cases: list[Case], chosen: dict[str, Any]) -> Image.Image:
    """A row a render: the picture with its people, the best block's map and cut, the score of the vote, who was found."""
    columns = ("render, what is named", f"map of {chosen['single'][0]}", "its cut", "score of the vote", "individuals")
    picture = Image.new("RGB", (SIDE * len(columns), 28 + (SIDE + 22) * len(cases)), "white")
    pen = ImageDraw.Draw(picture)
    for i, name in enumerate(columns):
        pen.text((SIDE * i + 6, 6), name, fill="black", font=font(14))
    rule = voted(chosen["weights"], chosen["tau"], chosen["rho"])
    for row, case in enumerate(cases):
        y = 28 + (SIDE + 22) * row
        store = case.window(*chosen["window"])
        nouns = [group.noun for group in case.groups()]
        block = prepare(store.mean(chosen["single"][0]), tuple(case.truth.shape))[0, nouns].amax(0)
        found = [images[0] for images in locate(store, rule, case.groups())]
        score = torch.stack([f.score for f in found]).amax(0)
        cells = [
            photo(case.image),
            heat(block),
            heat((block >= chosen["single"][1]).float()),
            heat(score),
            photo(case.image),
        ]
        outline(cells[0], case.truth, (20, 20, 20))
        for j, mask in enumerate(m for f in found for m in f.masks):
            outline(cells[-1], mask, COLOURS[j % len(COLOURS)])
        for i, cell in enumerate(cells):
            picture.paste(cell, (SIDE * i, y))
        pen.text((6, y + SIDE + 3), case.caption, fill="black", font=font(13))
    return picture


def photo(image: Tensor) -> Image.Image:
    return Image.fromarray((image * 255).byte().numpy()).resize((SIDE, SIDE))


def heat(values: Tensor) -> Image.Image:
    return Image.fromarray(colour_map(values.numpy()).astype(np.uint8)).resize((SIDE, SIDE))
