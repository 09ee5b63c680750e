"""Bias, structure and cost of Fair Inference on the emoji world: `make bench-bias`.

Every method draws the same prompts from the same seeds through the host's KSampler. Results are saved after each
method; a run goes on where the last one stopped. --quick takes a sixth of the pictures.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from ..emoji_world.report import phrase
from ..metrics.bias import mean_over_prompts, measure_bias
from ..metrics.consistency import psnr, ssim
from ..metrics.readers import Reading, labels_of

HERE = Path(__file__).parent
OUT = HERE / "results" / "bias.json"
OCCUPATIONS = ("doctor", "pilot", "mechanic", "teacher", "artist", "farmer")
AXES = (("gender",), ("skin tone",), ("gender", "skin tone"))
SEEDS, BATCH, STEPS = 32, 16, 25


@dataclass(frozen=True)
class Method:
    """target: (preset or own list, crossed preset or None). rule, inference: inputs of Block Voting, Fair Inference."""

    target: tuple[str, str | None] | None
    rule: dict[str, Any]
    inference: dict[str, Any]


def methods() -> dict[str, Method]:
    gender, tone, both = ("gender", None), ("skin tone", None), ("gender", "skin tone")
    found = {"unedited": Method(None, {}, {})}
    for name, target in (("gender", gender), ("skin tone", tone), ("gender x skin tone", both)):
        found[f"fair inference: {name}"] = Method(target, {}, {})
    found |= {
        "30/70": Method(("female 3\nmale 7", None), {}, {}),
        "10/20/30/40": Method(("light 1\ntan 2\nbrown 3\ndark 4", None), {}, {}),
        "the attribute alone": Method(gender, {}, {"steer_by": "the attribute alone"}),
        "every step": Method(gender, {}, {"every": 1}),
        "blended": Method(gender, {}, {"preservation": "blended"}),
        "without preservation": Method(gender, {}, {"preservation": "none"}),
        "without Block Voting": Method(gender, {"method": "mean (DAAM)"}, {}),
        "without Linguistic Alignment": Method(gender, {"align": False}, {}),
        "without individuals": Method(gender, {"individuals": "one region"}, {}),
        "whole image": Method(gender, {"whole": True}, {}),
    }
    return found


def patched(emoji: sampling.Emoji, method: Method, prompt: str) -> tuple[Any, list | None]:
    """(model, positive) for one prompt; (None, None): the model as it is."""
    if method.target is None:
        return None, None
    from ..nodes.alignment import FairLinguisticAlignment
    from ..nodes.inference import FairInference
    from ..nodes.target import FairTargetDistribution
    from ..nodes.voting import EMOJI, FairBlockVoting

    def target(chosen: str, cross=None):
        preset = chosen if "\n" not in chosen else "own list"
        return FairTargetDistribution.execute(preset, chosen, "running quota", 0, cross_with=cross).result[0]

    rule = dict(method.rule)
    masks = torch.ones(1, sampling.SIZE, sampling.SIZE) if rule.pop("whole", False) else None
    tokens, positive, _ = FairLinguisticAlignment.execute(emoji.clip, prompt).result
    regions = FairBlockVoting.execute(tokens, weights=EMOJI, **rule).result[0]
    first, second = method.target
    wanted = target(first, target(second) if second else None)
    model, _ = FairInference.execute(
        emoji.model, emoji.clip, wanted, regions=regions, masks=masks, **method.inference
    ).result
    return model, positive


def draw(emoji: sampling.Emoji, method: Method, prompt: str, seeds: int) -> tuple[Tensor, float]:
    """(pictures [seeds,H,W,3], seconds)"""
    model, positive = patched(emoji, method, prompt)
    pictures, began = [], time.perf_counter()
    for start in range(0, seeds, BATCH):
        count = min(BATCH, seeds - start)
        pictures.append(sampling.sample(emoji, prompt, count, start, STEPS, model=model, positive=positive)[1])
    return torch.cat(pictures), time.perf_counter() - began


def summarise(
    drawn: dict[str, list[list[Reading]]],
    plain: dict[str, list[list[Reading]]],
    pictures,
    references,
    seconds,
    plain_seconds,
) -> dict:
    """The numbers of one method over all prompts."""
    row: dict[str, Any] = {"bias_w": {}, "bias_p": {}, "bias_p_floor": {}, "shares": {}}
    for axes in AXES:
        name, values = " x ".join(axes), {axis: EmojiReader.axes[axis] for axis in axes}
        results = [measure_bias(*labels_of(images, values), axis=name) for images in drawn.values()]
        means = mean_over_prompts(results)
        for key in ("bias_w", "bias_p", "bias_p_floor"):
            row[key][name] = means[key]
        faces = sum(r.faces for r in results)
        row["shares"][name] = {
            c: sum(r.frequencies[k] * r.faces for r in results if r.faces) / max(1, faces)
            for k, c in enumerate(results[0].classes)
        }
    pairs = [(a, b) for prompt in drawn for a, b in zip(drawn[prompt], plain[prompt], strict=True)]
    row["people_kept"] = fmean(len(a) == len(b) for a, b in pairs)
    row["occupation_kept"] = fmean(occupations(a) == occupations(b) for a, b in pairs)
    row["psnr"], row["ssim"] = (
        float(psnr(pictures, references).clamp_max(100).mean()),
        float(ssim(pictures, references).mean()),
    )
    row["psnr_outside_people"] = float(psnr(pictures, references, outside(pairs, pictures.shape)).clamp_max(100).mean())
    row["unreadable"] = sum(None in r.labels.values() for images in drawn.values() for image in images for r in image)
    row["pictures"], row["seconds"], row["cost_ratio"] = len(pictures), seconds, seconds / plain_seconds
    return row


def occupations(image: list[Reading]) -> list[str | None]:
    return sorted((r.labels["occupation"] or "?") for r in image)


def outside(pairs: list, shape: torch.Size) -> Tensor:
    """[B,H,W]: 1 where neither picture of a pair has a person's box."""
    mask = torch.ones(shape[:3])
    for i, pair in enumerate(pairs):
        for reading in (r for readings in pair for r in readings):
            left, top, right, bottom = (max(0, round(v)) for v in reading.box)
            mask[i, top:bottom, left:right] = 0
    return mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    parser.add_argument("--out", type=Path, default=OUT)
    a = parser.parse_args()
    occupied, seeds = (OCCUPATIONS[:3], 16) if a.quick else (OCCUPATIONS, SEEDS)
    prompts = [phrase(o, n) for o in occupied for n in (1, 2, 3)]
    chosen = [n for n in methods() if not a.only or n in a.only.split(";")]
    emoji, reader = sampling.load(), EmojiReader()
    saved = json.loads(a.out.read_text()) if a.out.exists() else {"methods": {}}
    setting = {
        "prompts": prompts,
        "seeds": seeds,
        "steps": STEPS,
        "cfg": sampling.CFG,
        "checkpoint": sampling.CHECKPOINT.name,
    }
    if saved.get("setting") != setting:
        saved = {"setting": setting, "methods": {}}
    plain, plain_seconds = run(emoji, reader, methods()["unedited"], prompts, seeds, print)
    for name in chosen:
        if name in saved["methods"]:
            continue
        drawn, seconds = (
            (plain, plain_seconds) if name == "unedited" else run(emoji, reader, methods()[name], prompts, seeds, print)
        )
        everything = [torch.cat([d[0] for d in x.values()]) for x in (drawn, plain)]
        read = [{p: d[1] for p, d in x.items()} for x in (drawn, plain)]
        saved["methods"][name] = summarise(*read, *everything, seconds, plain_seconds)
        a.out.parent.mkdir(exist_ok=True)
        a.out.write_text(json.dumps(saved, indent=1) + "\n")
        print(
            name,
            json.dumps(
                {k: saved["methods"][name][k] for k in ("bias_w", "bias_p", "people_kept", "psnr", "cost_ratio")}
            ),
        )


def run(
    emoji, reader, method: Method, prompts: list[str], seeds: int, say: Callable[[str], None]
) -> tuple[dict, float]:
    """prompt -> (pictures, readings), and the seconds of all sampling."""
    drawn, total = {}, 0.0
    for prompt in prompts:
        pictures, seconds = draw(emoji, method, prompt, seeds)
        total += seconds
        drawn[prompt] = (pictures, reader.read(pictures))
        say(f"  {prompt}: {seconds:.0f} s")
    return drawn, total


if __name__ == "__main__":
    main()
