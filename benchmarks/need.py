"""What Fair Inference does to each person it touches, on occupations and seeds nobody tuned on: `make bench-need`.

Settings were chosen on doctor, pilot, mechanic, teacher, artist and farmer with seeds from 0; this draws judge, scientist,
builder, cook, student and singer with seeds from 10,000, one to four people and two groups beside each other. Pictures
and what each person was given are kept in output/ batch by batch, so that a run goes on where the last one stopped.
`--shard 0/2` draws every second prompt only and writes no table: two processes share the work.
"""

import argparse
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..emoji_world.looks import looks
from ..emoji_world.reader import EmojiReader
from ..emoji_world.report import phrase
from ..emoji_world.world import GENDERS, TONES
from ..metrics.consistency import psnr
from ..metrics.people import Pair, gone, kept, match_people, reached, reading_at
from ..metrics.readers import Reading
from .emoji import (
    IDENTICAL,
    IN_FULL,
    Saved,
    cost,
    fair_inference,
    fingerprint,
    likeness,
    outside,
    people_numbers,
    seed_batches,
)
from .need_page import write_page

OUT = Path(__file__).parent / "results" / "need.json"
KEPT = Path("output/bench-need")
OCCUPATIONS = ("judge", "scientist", "builder", "cook", "student", "singer")
MIXED = (("judge", 1, "cook", 2), ("scientist", 2, "student", 1), ("builder", 1, "singer", 1),
         ("cook", 2, "judge", 2), ("student", 1, "builder", 2), ("singer", 2, "scientist", 1))  # fmt: skip
FIRST_SEED, SEEDS, BATCH, WORDS_SEEDS = 10_000, 32, 16, 8
PLAIN = "unedited"
Given = list[list[tuple[dict[str, str], Tensor]]]  # images -> people -> (axis -> value, mask)


@dataclass(frozen=True)
class Method:
    """target: presets, crossed; none: nobody is steered. inference: inputs of Fair Inference other than its defaults."""

    target: tuple[str, ...] = ()
    inference: dict[str, Any] = field(default_factory=dict)
    cfg: float = sampling.CFG


GENDER, TONE, BOTH = ("gender",), ("skin tone",), ("gender", "skin tone")
METHODS = {
    PLAIN: Method(),
    "nobody steered, CFG 1.8": Method(cfg=1.8),
    "nobody steered, CFG 1.3": Method(cfg=1.3),
    "by need: gender": Method(GENDER),
    "by need: skin tone": Method(TONE),
    "by need: gender x skin tone": Method(BOTH),
    "by need: gender, blended": Method(GENDER, {"preservation": "blended"}),
    "by need: gender, nothing held": Method(GENDER, {"hold": ""}),
    "by need: skin tone, nothing held": Method(TONE, {"hold": ""}),
    "in full: gender": Method(GENDER, IN_FULL),
    "in full: skin tone": Method(TONE, IN_FULL),
}
COSTED = ("by need: gender", "by need: skin tone", "by need: gender x skin tone", "by need: gender, blended")


def prompts() -> list[str]:
    """One to four people of an occupation, then two groups."""
    alone = [phrase(occupation, count) for occupation in OCCUPATIONS for count in (1, 2, 3, 4)]
    return alone + [f"{phrase(a, n)} and {phrase(b, m).removeprefix('a photo of ')}" for a, n, b, m in MIXED]


def in_words() -> dict[str, list[str]]:
    """Attribute -> prompts that state it, of two people each: what the model draws when it is asked in words."""
    return {value: [phrase(o, 2, (value,)) for o in OCCUPATIONS] for value in (*GENDERS, *TONES)}


def drawn(emoji: sampling.Emoji, folder: Path, name: str, prompt: str, seeds: int) -> tuple[Tensor, Given]:
    """The pictures [seeds,H,W,3] of one method and prompt and what its people were given, kept or drawn now."""
    pictures, given = [], []
    for start, count in seed_batches(FIRST_SEED, seeds, BATCH):
        path = folder / f"{name} - {prompt} - {start} {count}.pt".replace(":", "")
        if not path.exists():
            began = time.perf_counter()
            folder.mkdir(parents=True, exist_ok=True)
            torch.save(draw(emoji, METHODS.get(name, METHODS[PLAIN]), prompt, count, start), path)
            print(f"  {name}, {prompt}, seed {start}: {time.perf_counter() - began:.0f} s", flush=True)
        batch = torch.load(path, weights_only=True)
        pictures.append(batch["pictures"].float() / 255)
        given += batch["given"]
    return torch.cat(pictures), given


def draw(emoji: sampling.Emoji, method: Method, prompt: str, count: int, seed: int) -> dict[str, Any]:
    model = positive = capture = None
    if method.target:
        model, positive, capture = fair_inference(emoji, prompt, method.target, **method.inference)
    pictures = sampling.sample(emoji, prompt, count, seed, cfg=method.cfg, model=model, positive=positive)[1]
    run = capture.runs[-1] if capture else None
    people = (run.people if run else None) or [[] for _ in range(count)]
    given = [
        [(dict(run.target.attributes[p.attribute].axis_values), p.mask) for p in found if p.attribute is not None]
        for found in people
    ]
    return {"pictures": (pictures * 255).round().byte(), "given": given}


def summarise(
    pictures: Mapping[str, Tensor], plain: Mapping[str, Tensor], given: Mapping[str, Given], method: Method
) -> dict[str, Any]:
    """The numbers of one method over all prompts; plain: the unedited pictures of the same seeds."""
    reader = EmojiReader()
    read, before = ({p: reader.read(x) for p, x in group.items()} for group in (pictures, plain))
    images = [pair for p in pictures for pair in zip(before[p], read[p], strict=True)]
    pairs = [pair for a, b in images for pair in match_people(a, b)]
    everything, references = (torch.cat(list(group.values())) for group in (pictures, plain))
    size = (everything.shape[1], everything.shape[2])
    asked = [
        (values, reading_at(mask, seen, size))
        for p in pictures
        for people, seen in zip(given[p], read[p], strict=True)
        for values, mask in people
    ]
    decibels = psnr(everything, references, outside([(b, a) for a, b in images], everything.shape))
    return {
        **people_numbers(read),
        **likeness(everything, references),
        "psnr_outside_people": float(decibels.clamp_max(IDENTICAL).mean()),
        "kept": {
            axis: kept_numbers(pairs, axis)
            for axis in ("occupation", "gender", "skin tone")
            if axis not in method.target
        },
        "occupation_by_people": by_people(images),
        "gone": gone(pairs),
        "reached": {name: list(counts) for name, counts in sorted(reached(asked).items())},
        "looks": looks_given(pictures, given, read) if method.target else looks_read(pictures, read),
        "confidence": fmean(r.confidence for found in read.values() for image in found for r in image),
        "pictures": len(everything),
    }


def kept_numbers(pairs: Sequence[Pair], axis: str) -> dict[str, Any]:
    found = kept(pairs, axis)
    down, up, p = found.drift(EmojiReader.axes[axis])
    return {"people": found.people, "share": found.share, "towards": [down, up], "p": p}


def by_people(images: Iterable[tuple[list[Reading], list[Reading]]]) -> dict[str, float]:
    """Share of people whose occupation is kept, by how many the unedited picture shows."""
    pairs: dict[int, list[Pair]] = {}
    for a, b in images:
        pairs.setdefault(len(a), []).extend(match_people(a, b))
    return {str(n): kept(found, "occupation").share for n, found in sorted(pairs.items()) if n}


def looks_given(
    pictures: Mapping[str, Tensor], given: Mapping[str, Given], read: Mapping[str, list[list[Reading]]]
) -> dict[str, float]:
    """Attribute -> mean likeness to the sprite, of the people who were given it and are read as it."""
    seen: dict[str, list[float]] = {}
    for prompt, images in pictures.items():
        for picture, people, readings in zip(images, given[prompt], read[prompt], strict=True):
            for values, mask in people:
                reading = reading_at(mask, readings, (picture.shape[0], picture.shape[1]))
                if reading is None or any(reading.labels[axis] != value for axis, value in values.items()):
                    continue
                like = looks(picture, reading)
                for value in values.values() if like is not None else ():
                    seen.setdefault(value, []).append(like)
    return {value: fmean(likes) for value, likes in seen.items()}


def looks_read(pictures: Mapping[str, Tensor], read: Mapping[str, list[list[Reading]]]) -> dict[str, float]:
    """Gender and skin tone -> mean likeness to the sprite, of everybody who is read as it, given or not."""
    seen: dict[str, list[float]] = {}
    for prompt, images in pictures.items():
        for picture, readings in zip(images, read[prompt], strict=True):
            for reading in readings:
                if (like := looks(picture, reading)) is not None:
                    for value in filter(None, (reading.labels["gender"], reading.labels["skin tone"])):
                        seen.setdefault(value, []).append(like)
    return {value: fmean(likes) for value, likes in seen.items()}


def looks_in_words(emoji: sampling.Emoji, folder: Path) -> dict[str, float]:
    """The same of the people whom the unedited model draws when the prompt states the attribute."""
    reader, found = EmojiReader(), {}
    for value, texts in in_words().items():
        pictures = {text: drawn(emoji, folder, PLAIN, text, WORDS_SEEDS)[0] for text in texts}
        found[value] = looks_read(pictures, {text: reader.read(x) for text, x in pictures.items()})[value]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="pictures of each prompt")
    parser.add_argument("--shard", default="", help="draw part K of N of the prompts, as in 0/2, and write no table")
    parser.add_argument("--cost", action="store_true", help="measure the cost alone, in processor time")
    a = parser.parse_args()
    emoji, mark = sampling.load(), fingerprint(sampling.CHECKPOINT)
    chosen = [name for name in METHODS if name in a.only.split(";") or not a.only]
    if a.shard:
        part, parts = map(int, a.shard.split("/"))
        for name in chosen:
            for prompt in prompts()[part::parts]:
                drawn(emoji, KEPT / mark, name, prompt, a.seeds)
        return
    setting = {"prompts": prompts(), "steps": sampling.STEPS, "cfg": sampling.CFG, "checkpoint": mark,
               "reader": fingerprint(EmojiReader.weights), "first_seed": FIRST_SEED}  # fmt: skip
    saved = Saved(OUT, setting)
    if a.cost:
        for name in (name for name in COSTED if name in chosen):
            patched = partial(fair_inference, emoji, targets=METHODS[name].target, **METHODS[name].inference)
            ratios = saved.data.setdefault("cost_ratio_50_steps", {})
            ratios[name] = cost(emoji, patched)
            print(f"  cost of {name}: {ratios[name]:.2f}", flush=True)
            saved.write()
        chosen = []
    if "looks_in_words" not in saved.data:
        saved.data["looks_in_words"] = looks_in_words(emoji, KEPT / mark)
        saved.write()
    for name in chosen:
        if saved.methods.get(name, {}).get("pictures") == a.seeds * len(prompts()):
            continue
        kept_pictures = {p: drawn(emoji, KEPT / mark, name, p, a.seeds) for p in prompts()}
        plain = {p: drawn(emoji, KEPT / mark, PLAIN, p, a.seeds)[0] for p in prompts()}
        pictures, given = ({p: found[i] for p, found in kept_pictures.items()} for i in (0, 1))
        saved.methods[name] = summarise(pictures, plain, given, METHODS[name])
        saved.write()
        print(
            name, json.dumps({k: saved.methods[name][k] for k in ("bias_w", "kept", "gone", "reached", "psnr", "ssim")})
        )
    write_page(saved.data)


if __name__ == "__main__":
    main()
