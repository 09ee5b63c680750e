"""Measure the emoji model and its reader against their bars and write REPORT.md: `make emoji-report`."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..metrics.readers import Reading
from .captions import NUMBER, draw_groups
from .reader import AXES, LABEL_CONFIDENCE, PERSON_CONFIDENCE, EmojiReader
from .sampling import CFG, SAMPLER, SCHEDULER, STEPS, Emoji, load, sample
from .scene import Person, compose, render
from .train_reader import recast
from .world import CHECKPOINT, GENDERS, HERE, OCCUPATIONS, TONES, bias, plural

PER_PROMPT = 8
PLAIN = 2  # prompts that name no attribute are drawn so many times as often: shares need pictures


def phrase(noun: str, count: int, words: Sequence[str] = ()) -> str:
    text = " ".join((*words, noun if count == 1 else plural(noun)))
    number = "an" if count == 1 and text[0] in "aeiou" else NUMBER[count]
    return f"a photo of {number} {text}"


def match(readings: list[Reading], people: Sequence[Person]) -> list[tuple[Person, Reading | None]]:
    """Each true person with the reading whose centre lies nearest, within half the person's size."""
    pairs = []
    for p in people:
        cx, cy = p.left + p.size / 2, p.top + p.size / 2
        near = [(max(abs(cx - (r.box[0] + r.box[2]) / 2), abs(cy - (r.box[1] + r.box[3]) / 2)), r) for r in readings]
        distance, best = min(near, key=lambda n: n[0], default=(1e9, None))
        pairs.append((p, best if distance < p.size / 2 else None))
    return pairs


@torch.inference_mode()
def reader_accuracy(emoji: Emoji, reader: EmojiReader, pictures: int, seed: int) -> dict[str, float]:
    """Share of people, drawn anew with every attribute equally likely and passed through the VAE, read right."""
    rng = np.random.default_rng(seed)
    right: Counter[str] = Counter()
    total = counted = 0
    for _ in tqdm(range(pictures), desc="reader", mininterval=10):
        groups, thing = draw_groups(rng)
        scene = recast(rng, compose(rng, groups, thing))
        image = torch.from_numpy(render(scene).image.copy())[None].float() / 255
        tripped = emoji.vae.decode(emoji.vae.encode(image))
        readings = reader.read(tripped)[0]
        counted += len(readings) == len(scene.people)
        for person, reading in match(readings, scene.people):
            truth = {"occupation": person.occupation, "gender": person.gender, "skin tone": person.tone}
            hits = [reading is not None and reading.labels[axis] == value for axis, value in truth.items()]
            right.update(axis for axis, hit in zip(truth, hits, strict=True) if hit)
            right["all three"] += all(hits)
            total += 1
    return {**{axis: right[axis] / total for axis in (*AXES, "all three")}, "number of people": counted / pictures}


def sampled(
    emoji: Emoji, reader: EmojiReader, prompts: Sequence[str], per_prompt: int, first_seed: int
) -> dict[str, list[list[Reading]]]:
    return {
        prompt: reader.read(sample(emoji, prompt, per_prompt, seed)[1])
        for seed, prompt in enumerate(tqdm(prompts, desc="sampling", mininterval=10), first_seed)
    }


def readable(reading: Reading) -> bool:
    return all(value is not None for value in reading.labels.values())


def model_numbers(emoji: Emoji, reader: EmojiReader, per_prompt: int) -> dict:
    """The bars on what the model draws: readable, counted, obeyed, biased as planted."""
    plain = {(o, n): phrase(o, n) for o in OCCUPATIONS for n in (1, 2, 3)}
    stated = {(o, g, t): phrase(o, 1 + (i % 2), (t, g)) for i, (o, g, t) in enumerate(
        (o, g, TONES[(i + j) % 4]) for i, o in enumerate(OCCUPATIONS) for j, g in enumerate(GENDERS))}  # fmt: skip
    drawn = sampled(emoji, reader, list(plain.values()), PLAIN * per_prompt, 0)
    drawn |= sampled(emoji, reader, list(stated.values()), per_prompt, len(plain))
    everyone = [r for readings in drawn.values() for image in readings for r in image]
    wanted = {**{p: n for (_, n), p in plain.items()}, **{p: 1 + (i % 2) for i, p in enumerate(stated.values())}}
    counts = [len(image) == wanted[prompt] for prompt, readings in drawn.items() for image in readings]
    obeyed: dict[str, list[bool]] = {"gender": [], "skin tone": [], "occupation": []}
    for (occupation, gender, tone), prompt in stated.items():
        for reading in (r for image in drawn[prompt] for r in image):
            for axis, value in (("gender", gender), ("skin tone", tone), ("occupation", occupation)):
                if reading.labels[axis] is not None:
                    obeyed[axis].append(reading.labels[axis] == value)
    shares = {}
    for occupation in OCCUPATIONS:
        people = [r for n in (1, 2, 3) for image in drawn[plain[occupation, n]] for r in image]
        read = [r.labels["gender"] for r in people if r.labels["gender"]]
        table = bias()["occupations"][occupation]["male"]
        shares[occupation] = {"table": table, "sampled": read.count("male") / max(1, len(read)), "people": len(read)}
    return {
        "pictures": sum(map(len, drawn.values())),
        "readable": sum(map(readable, everyone)) / len(everyone),
        "number_of_people_right": sum(counts) / len(counts),
        "stated_attribute_obeyed": {axis: sum(v) / max(1, len(v)) for axis, v in obeyed.items()},
        "male_share": shares,
    }


def seconds_for_four(emoji: Emoji) -> float:
    sample(emoji, "a doctor", 1, 0, steps=1)
    began = time.perf_counter()
    sample(emoji, "two doctors", 4, 0)
    return time.perf_counter() - began


def bar(met: bool) -> str:
    return "met" if met else "**not met**"


def markdown(numbers: dict) -> str:
    reader, model = numbers["reader"], numbers["model"]
    worst = max(abs(s["table"] - s["sampled"]) for s in model["male_share"].values())
    obeyed = model["stated_attribute_obeyed"]
    rows = [
        ("reader, VAE round trip: gender / skin tone / occupation", " / ".join(f"{reader[a]:.1%}" for a in ("gender", "skin tone", "occupation")),
         "≥ 98 %", bar(min(reader[a] for a in AXES) >= 0.98)),
        ("reader: all three right", f"{reader['all three']:.1%}", "≥ 98 %", bar(reader["all three"] >= 0.98)),
        ("generated people readable on every axis", f"{model['readable']:.1%}", "≥ 90 %", bar(model["readable"] >= 0.9)),
        ("the asked number of people", f"{model['number_of_people_right']:.1%}", "≥ 80 %", bar(model["number_of_people_right"] >= 0.8)),
        ("stated attribute obeyed: gender / skin tone", f"{obeyed['gender']:.1%} / {obeyed['skin tone']:.1%}", "≥ 90 %",
         bar(min(obeyed["gender"], obeyed["skin tone"]) >= 0.9)),
        ("stated occupation obeyed", f"{obeyed['occupation']:.1%}", "–", "–"),
        ("planted bias: largest distance of a male share from the table", f"{worst:.2f}", "≤ 0.12", bar(worst <= 0.12)),
        ("20 steps, batch of 4, 128 px", f"{numbers['seconds_for_four']:.1f} s", "≤ 15 s", bar(numbers["seconds_for_four"] <= 15)),
    ]  # fmt: skip
    lines = ["# The emoji world, measured", "",
             f"Written by `make emoji-report`. {model['pictures']} pictures, {STEPS} steps of {SAMPLER} ({SCHEDULER}), CFG {CFG:g}; "
             f"{numbers['reader_pictures']} renders for the reader. A label is unreadable below a confidence of "
             f"{LABEL_CONFIDENCE:g}, a person below {PERSON_CONFIDENCE:g}; unreadable counts as not right.", "",
             "| what | measured | bar | |", "|---|---|---|---|"]  # fmt: skip
    lines += [f"| {a} | {b} | {c} | {d} |" for a, b, c, d in rows]
    lines += ["", "## Planted bias, share of men", "", "| occupation | table | sampled | people |", "|---|---|---|---|"]
    lines += [
        f"| {o} | {s['table']:.2f} | {s['sampled']:.2f} | {s['people']} |" for o, s in model["male_share"].items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--out", type=Path, default=HERE / "REPORT.md")
    parser.add_argument("--per-prompt", type=int, default=PER_PROMPT)
    parser.add_argument("--renders", type=int, default=256)
    a = parser.parse_args()
    emoji, reader = load(a.checkpoint), EmojiReader()
    numbers = {
        "seconds_for_four": seconds_for_four(emoji),
        "reader_pictures": a.renders,
        "reader": reader_accuracy(emoji, reader, a.renders, seed=12345),
        "model": model_numbers(emoji, reader, a.per_prompt),
    }
    a.out.write_text(markdown(numbers), encoding="utf-8")
    a.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(markdown(numbers))


if __name__ == "__main__":
    main()
