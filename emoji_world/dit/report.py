"""Measure the transformer: are its people those of the prompt, and is what a prompt leaves open as the tables say?

Writes the numbers as JSON and, with --sheet, pictures to look at. Works on any checkpoint that `export` wrote, however little
trained: `--state` takes the trainer's own file.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from tqdm import tqdm

from ...host.in_process import use_host
from ...metrics.readers import Reading
from ..ages import AGES
from ..report import phrase
from ..sampling import Emoji, load, sample
from ..world import DIT_CHECKPOINT, GENDERS, OCCUPATIONS, TONES, bias
from .aged import SIZE, age_bias
from .export import export
from .model import register
from .reader import AgedReader

STEPS, CFG = 20, 2.0
STATED = ("age", "skin tone", "gender", "occupation")
SHEET = (
    "a photo of a doctor", "a photo of two judges", "three cooks", "four students", "an old female pilot", "a young male judge",
    "two dark female builders", "two old light male teachers", "a singer and two farmers", "three artists with cats",
)  # fmt: skip


def prompts() -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    """(plain ones: how many people; those that state age, tone, gender and occupation: these four)."""
    plain = {phrase(o, n): n for o in OCCUPATIONS for n in (1, 2, 3)}
    stated = {}
    for i, occupation in enumerate(OCCUPATIONS):
        for j, gender in enumerate(GENDERS):
            words = (AGES[(i // 2 + j) % 2], TONES[(i + j) % 4], gender)
            stated[phrase(occupation, 1 + i % 2, words)] = (*words, occupation)
    return plain, stated


def asked(prompt: str) -> int:
    return next((n for n, word in ((2, " two "), (3, " three "), (4, " four ")) if word in f" {prompt} "), 1)


def numbers(drawn: Mapping[str, Sequence[Sequence[Reading]]]) -> dict:
    """drawn: for each prompt of `prompts` the readings of its pictures. Unreadable people count for no share."""
    plain, stated = prompts()
    everyone = [r for pictures in drawn.values() for people in pictures for r in people]
    right = [len(people) == asked(prompt) for prompt, pictures in drawn.items() for people in pictures]
    obeyed = {}
    for place, axis in enumerate(STATED):
        read = [
            (r.labels[axis], values[place])
            for prompt, values in stated.items()
            for people in drawn[prompt]
            for r in people
        ]
        obeyed[axis] = share([label == value for label, value in read if label is not None])
    table, ages = bias()["occupations"], age_bias()["old"]
    shares = {}
    for occupation in OCCUPATIONS:
        people = [r for p in plain if p.endswith((occupation, occupation + "s")) for who in drawn[p] for r in who]
        labels = {axis: [r.labels[axis] for r in people if r.labels[axis]] for axis in ("gender", "age", "occupation")}
        shares[occupation] = {
            "male": [table[occupation]["male"], share([v == "male" for v in labels["gender"]])],
            "old": [ages[occupation], share([v == "old" for v in labels["age"]])],
            "right": share([v == occupation for v in labels["occupation"]]),
            "people": len(people),
        }
    return {
        "pictures": sum(map(len, drawn.values())),
        "people": len(everyone),
        "readable": share([all(r.labels.values()) for r in everyone]),
        "number_right": share(right),
        "obeyed": obeyed,
        "planted_and_drawn": shares,
    }


def share(hits: Sequence[bool]) -> float | None:
    return round(float(np.mean(hits)), 3) if hits else None


def opened(checkpoint: Path) -> Emoji:
    use_host("--use-pytorch-cross-attention")
    register()
    return load(checkpoint)


def measure(emoji: Emoji, reader: AgedReader, per_prompt: int, steps: int, cfg: float) -> dict:
    plain, stated = prompts()
    drawn = {
        prompt: reader.read(sample(emoji, prompt, per_prompt, seed, steps, cfg, size=SIZE)[1])
        for seed, prompt in enumerate(tqdm([*plain, *stated], desc="sampling", mininterval=10))
    }
    return numbers(drawn)


def sheet(emoji: Emoji, steps: int, cfg: float, count: int = 2) -> Image.Image:
    """A row of pictures for each prompt of SHEET, two prompts beside each other."""
    rows = [torch.cat(list(sample(emoji, p, count, 7, steps, cfg, size=SIZE)[1]), 1) for p in SHEET]
    whole = torch.cat([torch.cat(rows[i : i + 2], 1) for i in range(0, len(rows), 2)])
    return Image.fromarray((whole.clamp(0, 1) * 255).byte().numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=DIT_CHECKPOINT)
    parser.add_argument("--state", type=Path, help="the trainer's file, instead of a checkpoint")
    parser.add_argument("--out", type=Path, default=Path("output/training/dit-report.json"))
    parser.add_argument("--per-prompt", type=int, default=5, help="0: no numbers")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--cfg", type=float, default=CFG)
    parser.add_argument("--sheet", type=Path)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if a.state:
            a.checkpoint = Path(folder) / "state.safetensors"
            export(a.state, a.checkpoint)
        with safe_open(a.checkpoint, "pt") as file:
            trained = file.metadata()["training.steps"]
        emoji = opened(a.checkpoint)
        if a.sheet:
            sheet(emoji, a.steps, a.cfg).save(a.sheet)
        if a.per_prompt:
            found = {"batches": int(trained), "steps": a.steps, "cfg": a.cfg}
            found |= measure(emoji, AgedReader(), a.per_prompt, a.steps, a.cfg)
            a.out.parent.mkdir(parents=True, exist_ok=True)
            a.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
