"""Options, targets and ablations of Fair Inference on the emoji world: `make bench-bias`.

Every method draws the same prompts from the same seeds through the host's KSampler. Pictures are kept in output/ prompt
by prompt, so that a run goes on where the last one stopped; the table is written anew after each method. --quick
draws a few pictures of each and leaves the results alone.
"""

import argparse
import json
import time
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from ..emoji_world.report import phrase
from ..metrics.bias import measure_bias
from ..metrics.consistency import psnr
from ..metrics.readers import Reading, labels_of
from .bias_methods import METHODS, PLAIN, SEEDS, patched
from .bias_page import write_page
from .emoji import (
    AXES,
    IDENTICAL,
    OCCUPATIONS,
    Saved,
    fingerprint,
    kept,
    likeness,
    outside,
    people_numbers,
    seed_batches,
)

OUT = Path(__file__).parent / "results" / "bias.json"
KEPT = Path("output/bench-bias-by-need")
BATCH = 16


def prompts(occupations: Iterable[str], faces: bool) -> dict[str, str]:
    """Each prompt's occupation; one, two and three people."""
    nouns = {}
    for occupation, count in product(occupations, (1, 2, 3)):
        text = phrase(occupation, count)
        linked = text.replace("photo of", "photo of the face of" if count == 1 else "photo of the faces of")
        nouns[linked if faces else text] = occupation
    return nouns


def drawn(emoji, folder: Path, name: str, prompt: str, seeds: int) -> Tensor:
    """The pictures [seeds,H,W,3] of one method and prompt, kept from an earlier run or drawn now."""
    name = name if METHODS[name].target else PLAIN
    path = folder / f"{name} - {prompt}.pt".replace(":", "")
    have = torch.load(path, weights_only=True) if path.exists() else torch.zeros(0, 1)
    if len(have) < seeds:
        model, positive, _ = patched(emoji, METHODS[name], prompt)
        parts, began = [], time.perf_counter()
        for start, count in seed_batches(0, seeds, BATCH):
            pictures = sampling.sample(emoji, prompt, count, start, model=model, positive=positive)[1]
            parts.append((pictures * 255).round().byte())
        have = torch.cat(parts)
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(have, path)
        print(f"  {name}, {prompt}: {time.perf_counter() - began:.0f} s", flush=True)
    return have[:seeds].float() / 255


def summarise(pictures: dict[str, Tensor], plain: dict[str, Tensor], nouns: dict[str, str]) -> dict[str, Any]:
    """The numbers of one method over all prompts; plain: the unedited pictures of the same seeds."""
    reader = EmojiReader()
    read, plain_read = ({p: reader.read(x) for p, x in group.items()} for group in (pictures, plain))
    everything, references = (torch.cat(list(group.values())) for group in (pictures, plain))
    pairs: list[tuple[list[Reading], list[Reading]]] = [
        pair for p in pictures for pair in zip(read[p], plain_read[p], strict=True)
    ]
    decibels = psnr(everything, references, outside(pairs, everything.shape)).clamp_max(IDENTICAL)
    row: dict[str, Any] = {**people_numbers(read), **kept(read, plain_read, nouns), **likeness(everything, references)}
    return {**row, "psnr_outside_people": float(decibels.mean()), "shares": shares(read), "pictures": len(everything)}


def shares(read: dict[str, list[list[Reading]]]) -> dict[str, dict[str, float]]:
    """Over the people of all prompts together: the share of each class on each axis."""
    found = {}
    for axes in AXES:
        values = {axis: EmojiReader.axes[axis] for axis in axes}
        bias = measure_bias(*labels_of([image for images in read.values() for image in images], values))
        found[" x ".join(axes)] = dict(zip(bias.classes, map(float, bias.frequencies), strict=True))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two occupations, four pictures of each prompt")
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    parser.add_argument("--out", type=Path, default=OUT)
    a = parser.parse_args()
    out = KEPT / "quick.json" if a.quick else a.out
    occupied = OCCUPATIONS[:2] if a.quick else OCCUPATIONS
    emoji, mark = sampling.load(), fingerprint(sampling.CHECKPOINT)
    setting = {"prompts": list(prompts(occupied, False)), "steps": sampling.STEPS, "cfg": sampling.CFG, "checkpoint": mark,
               "reader": fingerprint(EmojiReader.weights), "steering": "by need", "seeds": SEEDS}  # fmt: skip
    saved = Saved(out, setting)
    chosen = [n for n in METHODS if n in a.only.split(";") or not a.only]
    for name in chosen:
        seeds, nouns = 4 if a.quick else SEEDS, prompts(occupied, METHODS[name].faces)
        if saved.methods.get(name, {}).get("pictures") == seeds * len(nouns):
            continue
        plain, pictures = ({p: drawn(emoji, KEPT / mark, m, p, seeds) for p in nouns} for m in (PLAIN, name))
        saved.methods[name] = summarise(pictures, plain, nouns)
        saved.write()
        print(name, json.dumps({k: saved.methods[name][k] for k in ("bias_w", "bias_p", "people_kept", "psnr")}))
    if not a.quick:
        write_page(saved.data)


if __name__ == "__main__":
    main()
