"""What benchmarks on the emoji world share: prompts, drawing with a patched model, readings compared, saved results."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from ..emoji_world.world import TUNING
from ..metrics.bias import mean_over_prompts, measure_bias
from ..metrics.consistency import psnr, ssim
from ..metrics.consistency_report import IDENTICAL
from ..metrics.intervals import distance_interval
from ..metrics.people import kept as kept_by
from ..metrics.people import match_people, people_boxes
from ..metrics.readers import Reading, labels_of
from ..metrics.sample import sample_of
from ..metrics.statistics import bias_p_interval
from ..scripts.edit_concepts import target_of
from .guidance import PROCESSOR, WALL, paired

OCCUPATIONS = TUNING
AXES = (("gender",), ("skin tone",), ("gender", "skin tone"), ("age",))  # those that a reader knows
SEEDS, BATCH, STEPS = 32, 16, sampling.STEPS
COST_PROMPT, COST_STEPS, COST_BATCH, ROUNDS = "two pilots", 50, 2, 7
# Fair Inference's inputs before it steered by need, with which the older tables were drawn.
IN_FULL: dict[str, Any] = {"steering": "in full", "strength": 4.0, "start_percent": 0.2}
Readings = Mapping[str, list[list[Reading]]]  # prompt -> pictures -> people


def seed_batches(first: int, seeds: int, size: int) -> list[tuple[int, int]]:
    """(first seed, how many) of each batch of at most `size`."""
    return [(start, min(size, first + seeds - start)) for start in range(first, first + seeds, size)]


def batches(emoji, prompt: str, seeds: int, steps: int = STEPS, model=None, positive=None) -> Iterator[Tensor]:
    """The pictures [B,H,W,3] of a prompt, at most BATCH at a time; every method draws them from the same seeds."""
    for start, count in seed_batches(0, seeds, BATCH):
        yield sampling.sample(emoji, prompt, count, start, steps, model=model, positive=positive)[1]


def beside_plain(
    emoji, prompt: str, pictures: int, steps: int, rounds: int, model, positive: list | None, clock: int = WALL
) -> tuple[float, float]:
    """(time of sampling with a patched model / time of the plain sampling, seconds of the plain one), in alternating pairs."""

    def work(model=None, positive=None) -> Tensor:
        return sampling.sample(emoji, prompt, pictures, 0, steps, model=model, positive=positive)[0]

    times = paired({"plain": work, "method": lambda: work(model, positive)}, rounds, clock=clock)
    ratio = median(m / p for m, p in zip(times["method"], times["plain"], strict=True))
    return ratio, median(times["plain"])


def cost(emoji, patched: Callable[[str], tuple[Any, list | None, Any]]) -> float:
    """Processor time of a whole run against the plain one, 50 steps, two people a picture: median of alternating pairs.

    patched: a prompt's (model, positive, ...).
    """
    model, positive, _ = patched(COST_PROMPT)
    ratio, _ = beside_plain(emoji, COST_PROMPT, COST_BATCH, COST_STEPS, ROUNDS, model, positive, PROCESSOR)
    return round(ratio, 3)


def fair_inference(
    emoji,
    prompt: str,
    targets: Sequence[str],
    model=None,
    rule: Mapping[str, Any] | None = None,
    whole: bool = False,
    **inputs: Any,
) -> tuple[Any, list, Any]:
    """(patched model, positive, capture): everybody in the picture gets attributes of these targets, crossed.

    targets: presets, or own lists of several lines. rule, inputs: of Block Voting and of Fair Inference, other than their
    defaults. whole: the mask is the whole picture.
    """
    from ..nodes.alignment import FairLinguisticAlignment
    from ..nodes.inference import FairInference
    from ..nodes.voting import EMOJI, FairBlockVoting

    target = target_of(targets)
    tokens, positive, _ = FairLinguisticAlignment.execute(emoji.clip, prompt).result
    regions = FairBlockVoting.execute(tokens, **{"weights": EMOJI, **(rule or {})}).result[0]
    where = {"masks": torch.ones(1, sampling.SIZE, sampling.SIZE)} if whole else {"regions": regions}
    fair = FairInference.execute(model or emoji.model, emoji.clip, target, **where, **inputs)
    return fair.result[0], positive, fair.result[1]


def outside(pairs: Sequence[tuple[list[Reading], list[Reading]]], shape: torch.Size) -> Tensor:
    """[B,H,W]: 1 where neither picture of a pair has a person's box."""
    return 1 - people_boxes([[*before, *after] for before, after in pairs], shape)


def people_numbers(drawn: Readings, known: Mapping[str, Sequence[str]] = EmojiReader.axes) -> dict[str, Any]:
    """How fair the people are, by axis, and how many could not be read on some axis. bias_w_95, bias_p_95: intervals.

    known: the reader's axes and their values.
    """
    row: dict[str, Any] = {"bias_w": {}, "bias_p": {}, "bias_p_floor": {}}
    lies: dict[str, Any] = {"bias_w_95": {}, "bias_p_95": {}}
    for axes in (axes for axes in AXES if set(axes) <= set(known)):
        name, values = " x ".join(axes), {axis: known[axis] for axis in axes}
        means = mean_over_prompts([measure_bias(*labels_of(i, values), axis=name) for i in drawn.values()])
        for key in row:
            row[key][name] = means[key]
        lies["bias_w_95"][name], lies["bias_p_95"][name] = intervals(drawn, values)
    people = [r for images in drawn.values() for image in images for r in image]
    return {**row, **lies, "people": len(people), "unreadable": sum(None in r.labels.values() for r in people)}


def intervals(drawn: Readings, values: Mapping[str, tuple[str, ...]]) -> list[tuple[float, float]]:
    """Where Bias-W and Bias-P, means over prompts, lie in 95 % of studies."""
    labels, classes = labels_of([image for images in drawn.values() for image in images], values)
    sample = sample_of(labels, len(classes), [prompt for prompt, images in drawn.items() for _ in images])
    return [(found.low, found.high) for found in (distance_interval(sample), bias_p_interval(sample))]


def kept(drawn: Readings, plain: Readings, nouns: Mapping[str, str]) -> dict[str, float]:
    """Shares of what the unedited pictures of the same seeds show, and of people read as what was asked for.

    people_kept: pictures with as many people. occupation_kept: people, matched by place, whose occupation is as it was,
    unreadable or gone counted as lost. occupation_read: people whose occupation is the prompt's; nouns: prompt -> occupation.
    """
    pairs = [pair for prompt in drawn for pair in zip(drawn[prompt], plain[prompt], strict=True)]
    matched = [pair for after, before in pairs for pair in match_people(before, after)]
    asked = [r.labels["occupation"] == nouns[p] for p, images in drawn.items() for image in images for r in image]
    return {
        "people_kept": fmean(len(a) == len(b) for a, b in pairs),
        "occupation_kept": kept_by(matched, "occupation").share,
        "occupation_read": fmean(asked) if asked else 0.0,
    }


def likeness(pictures: Tensor, references: Tensor) -> dict[str, float]:
    """Mean PSNR and SSIM; an unchanged picture counts IDENTICAL dB. unchanged: their share."""
    decibels = psnr(pictures, references)
    return {
        "psnr": float(decibels.clamp_max(IDENTICAL).mean()),
        "unchanged": float(decibels.isinf().double().mean()),
        "ssim": float(ssim(pictures, references).mean()),
    }


def fingerprint(checkpoint: Path) -> str:
    """What tells this file's contents from another training's: results of the two must not meet in one table."""
    return hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:12]


class Saved:
    """A results file, written after each method; a run of the same setting goes on where the last one stopped."""

    def __init__(self, path: Path, setting: dict[str, Any]):
        self.path = path
        setting = json.loads(json.dumps(setting))  # as it will be read back
        old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.data: dict[str, Any] = old if old.get("setting") == setting else {"setting": setting, "methods": {}}

    @property
    def methods(self) -> dict[str, dict]:
        return self.data["methods"]

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
