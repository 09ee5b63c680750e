"""Where the people are: Block Voting and Linguistic Alignment against exact masks: `make bench-regions`.

Scenes of the emoji world are rendered with the mask of every person, encoded, noised to a step, and the U-Net predicts
them once under their caption while the capture records the linked words. The truth is what the caption names: the faces
where it says "the faces of ...", else the whole people; the same for every method. Block weights, thresholds and the window of
steps are chosen on 100 renders; everything reported is measured on 200 others. Writes results/regions.json, pictures
beside it, the section in RESULTS.md and the emoji world's defaults, emoji_world/calibration.py.
"""

import argparse
import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..attention.maps import prepare
from ..attention.regions import VotingRule
from ..attention.trace import Block
from ..emoji_world import calibration, sampling
from .page import table, write_section
from .regions_measure import RHOS, TAUS, averaged, iou, measure, single, voted
from .regions_pictures import draw_all
from .renders import STEPS, Case, draw_cases

OUT = Path(__file__).parent / "results" / "regions.json"
WINDOWS = ((0.0, 0.2), (0.0, 0.5), (0.1, 0.5), (0.2, 0.5), (0.2, 0.8), (0.3, 0.9), (0.0, 0.9))
SHARPNESS = (1, 2, 4, 8, 16)  # powers of the weights: how much more a better block's vote counts
SEED = 20_000  # scenes no training has seen


def block_scores(cases: list[Case]) -> tuple[Tensor, list[Block]]:
    """Mean IoU [blocks, steps, taus] of each block's own cut map of the nouns."""
    blocks = cases[0].stores[0].blocks
    total = torch.zeros(len(blocks), len(STEPS), len(TAUS))
    for case in cases:
        nouns = [group.noun for group in case.groups()]
        size = tuple(case.truth.shape)
        maps = torch.stack([torch.cat([prepare(s.mean(b), size)[:, nouns] for s in case.stores]) for b in blocks])
        best = maps.amax(2)  # [blocks, steps, h, w]: the union of the groups' regions is their maximum, cut
        total += torch.stack([iou(best >= tau, case.truth) for tau in TAUS], -1)
    return total / len(cases), blocks


def weigh(scores: Tensor, blocks: list[Block], sharpness: int = 1) -> dict[Block, float]:
    """max(0, IoU - 0.2), scaled to 1, to a power; scores [blocks, steps, taus]: mean over steps at the best tau."""
    raw = (scores.mean(1).amax(1) - 0.2).clamp_min(0)
    raw = (raw / raw.max().clamp_min(1e-6)) ** sharpness
    weights = {b: round(float(w), 2) for b, w in zip(blocks, raw, strict=True)}
    return {b: w for b, w in weights.items() if w > 0} or dict.fromkeys(blocks, 1.0)


def calibrate(cases: list[Case]) -> dict[str, Any]:
    """The window, then weights and thresholds; and the rivals' best settings, all on the same renders."""
    scores, blocks = block_scores(cases)
    shares = torch.tensor(STEPS)

    def weights_of(window: tuple[float, float], sharpness: int = 1) -> dict[Block, float]:
        return weigh(scores[:, (shares >= window[0] - 1e-6) & (shares <= window[1] + 1e-6)], blocks, sharpness)

    def accuracy(rule: VotingRule, window: tuple[float, float]) -> float:
        return measure(cases, replace(rule, split=False), window)["iou"]

    window = max(WINDOWS, key=lambda w: accuracy(voted(weights_of(w), 0.4, 0.5), w))
    sharpness, tau, rho = max(
        product(SHARPNESS, TAUS, RHOS), key=lambda s: accuracy(voted(weights_of(window, s[0]), *s[1:]), window)
    )
    weights = weights_of(window, sharpness)
    best_tau = {b: TAUS[int(s.mean(0).argmax())] for b, s in zip(blocks, scores, strict=True)}
    block = max(blocks, key=lambda b: accuracy(single(b, best_tau[b]), window))
    return {
        "window": window,
        "weights": weights,
        "sharpness": sharpness,
        "tau": tau,
        "rho": rho,
        "blocks": blocks,
        "daam_tau": max(TAUS, key=lambda t: accuracy(averaged(blocks, t), window)),
        "single": (block, max(TAUS, key=lambda t: accuracy(single(block, t), window))),
    }


def compare(cases: list[Case], chosen: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Every method on the same renders."""
    blocks, thresholds = chosen["blocks"], (chosen["tau"], chosen["rho"])
    rules = {
        "voted and aligned": voted(chosen["weights"], *thresholds),
        "voted and aligned, no number from the prompt": voted(chosen["weights"], *thresholds, use_count=False),
        "voted, the noun alone": voted(chosen["weights"], *thresholds, align=False),
        "voted, weights by resolution (SD's)": voted(None, *thresholds),
        "voted, uniform weights": voted(dict.fromkeys(blocks, 1.0), *thresholds),
        "mean then threshold (DAAM), tau 0.4": averaged(blocks, 0.4),
        f"mean then threshold (DAAM), best tau {chosen['daam_tau']:g}": averaged(blocks, chosen["daam_tau"]),
        f"best single block, {chosen['single'][0]}": single(*chosen["single"]),
    }
    return {name: measure(cases, rule, chosen["window"]) for name, rule in rules.items()}


def write_calibration(chosen: dict[str, Any]) -> None:
    """The emoji world's defaults as a module, in the order of the forward pass."""
    lines = [f'    "{block}": {weight},' for block, weight in chosen["weights"].items()]
    Path(calibration.__file__).write_text(
        '"""Block weights for the emoji world, as `make bench-regions` measured them: max(0, IoU - 0.2), scaled to 1, '
        f'to the power {chosen["sharpness"]}."""\n\n'
        "BLOCK_WEIGHTS = {\n" + "\n".join(lines) + "\n}\n",
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=int, default=200)
    parser.add_argument("--calibration", type=int, default=100, help="renders to choose the settings on")
    parser.add_argument("--checkpoint", type=Path, default=sampling.CHECKPOINT)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--keep-defaults", action="store_true", help="leave emoji_world/calibration.py and RESULTS.md alone"
    )
    a = parser.parse_args()
    emoji = sampling.load(a.checkpoint)
    with torch.inference_mode():
        chosen = calibrate(draw_cases(emoji, a.calibration, SEED))
        cases = draw_cases(emoji, a.renders, SEED + 100_000)
        methods = compare(cases, chosen)
        scores, blocks = block_scores(cases)
        result = {
            "renders": a.renders,
            "calibration_renders": a.calibration,
            "chosen": {
                **{k: chosen[k] for k in ("window", "sharpness", "tau", "rho")},
                "weights": {str(b): w for b, w in chosen["weights"].items()},
            },
            "methods": methods,
            "blocks": {str(b): scores[i].tolist() for i, b in enumerate(blocks)},
            "axes": {"steps": STEPS, "taus": TAUS},
        }
        a.out.parent.mkdir(exist_ok=True, parents=True)
        a.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        draw_all(cases, chosen, scores, blocks, a.out.parent)
    print(json.dumps({"chosen": result["chosen"], "methods": methods}, indent=1))
    if not a.keep_defaults:
        write_calibration(chosen)
        write_page(result)


def write_page(result: dict[str, Any]) -> None:
    rows = [
        (
            name,
            *(f"{m[k]:.3f}" for k in ("iou", "iou_people", "iou_faces", "iou_10th_percentile")),
            f"{m['counted_right']:.0%}",
        )
        for name, m in result["methods"].items()
    ]
    first, last = result["chosen"]["window"]
    write_section(
        "Regions",
        f"`make bench-regions`: {result['renders']} noised renders of the emoji world with exact masks; settings chosen on "
        f"{result['calibration_renders']} others (maps of {first:.0%} to {last:.0%} of the sampling, tau "
        f"{result['chosen']['tau']:g}, rho {result['chosen']['rho']:g}). IoU of the region of all people with what the "
        'caption names (faces where it says "the faces of ...", else whole people), and the share of pictures in which '
        "as many individuals are found as there are.\n\n"
        + table(("", "mean IoU", "whole people", "faces", "10th percentile", "counted right"), rows)
        + "\n\n![Blocks and steps](results/regions_blocks.png) ![Thresholds](results/regions_thresholds.png)\n\n"
        "![Before and after voting](results/regions_voting.png) ![Stability](results/regions_stability.png)",
    )


if __name__ == "__main__":
    main()
