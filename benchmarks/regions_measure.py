"""How well a voting rule finds the people of renders whose masks are known, and the rules that are compared."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attention import maps
from ..attention.regions import VotingRule, locate
from ..attention.trace import Block
from .renders import Case

TAUS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


RHOS = (0.3, 0.4, 0.5, 0.6, 0.7)


def iou(region: Tensor, truth: Tensor) -> Tensor:
    """[..., h, w] bool against [h, w] -> [...]; 0 where both are empty."""
    return maps.iou(region, truth).nan_to_num(0).float()


def measure(cases: list[Case], rule: VotingRule, window: tuple[float, float]) -> dict[str, float]:
    """Mean IoU of all people's region, overall, of whole people and of faces; share of pictures counted right."""
    scores, right = [], 0
    for case in cases:
        store = case.window(*window)
        found = [images[0] for images in locate(store, rule, case.groups())]
        region = torch.stack([f.region for f in found]).amax(0) > 0
        scores.append(float(iou(region, case.truth)))
        right += sum(len(f.masks) for f in found) == case.people
    return {
        "iou": float(np.mean(scores)),
        "iou_10th_percentile": float(np.percentile(scores, 10)),
        "iou_people": mean_where(scores, [not case.faces for case in cases]),
        "iou_faces": mean_where(scores, [case.faces for case in cases]),
        "counted_right": right / len(cases),
    }


def mean_where(values: list[float], chosen: list[bool]) -> float:
    return float(np.mean([v for v, c in zip(values, chosen, strict=True) if c])) if any(chosen) else float("nan")


def voted(weights: dict[Block, float] | None, tau: float, rho: float, **other: Any) -> VotingRule:
    return VotingRule(weights, tau, rho, rho_aligned=min(0.4, rho), **other)


def averaged(blocks: list[Block], tau: float, **other: Any) -> VotingRule:
    """DAAM: the mean of all blocks but the middle one, cut at a share of its maximum."""
    return VotingRule({b: 1.0 for b in blocks if b.part != "middle"}, tau, align=False, vote=False, **other)


def single(block: Block, tau: float, **other: Any) -> VotingRule:
    return VotingRule({block: 1.0}, tau, align=False, **other)
