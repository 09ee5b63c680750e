"""Measure the emoji reader on people who are known, and write its certificate: certificate.json, which *Read Attributes* hands on.

Truth comes from drawing: a scene is rendered with every attribute equally likely, and the model draws over it, by a caption that
states them all, at a noise low enough that the people stay who they are. Seeds nobody was trained on.

    python -m fair_attention.emoji_world.certify
"""

import argparse
import hashlib
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from ..metrics.readers import Certificate, Confusion, Reading
from ..metrics.readers.check import describe
from .reader import AXES, CERTIFICATE, WEIGHTS, EmojiReader
from .report import match
from .scene import Person, compose
from .train_second_reader import REDRAWN_NOISE, drawn_over, rendered, stated_groups

FIRST_SEED, BATCH = 3_000_000, 16


def count(read: Sequence[Sequence[Reading]], people: Sequence[Sequence[Person]]) -> tuple[dict[str, Confusion], int]:
    """(axis -> who was read as whom; people nobody was found for), picture by picture."""
    counts = {axis: np.zeros((len(values), len(values) + 1), int) for axis, values in AXES.items()}
    missed = 0
    for readings, there in zip(read, people, strict=True):
        for person, reading in match(list(readings), there):
            if reading is None:
                missed += 1
                continue
            truth = {"occupation": person.occupation, "gender": person.gender, "skin tone": person.tone}
            for axis, values in AXES.items():
                said = reading.labels[axis]
                counts[axis][values.index(truth[axis]), len(values) if said is None else values.index(said)] += 1
    return {axis: Confusion(AXES[axis], tuple(map(tuple, c.tolist()))) for axis, c in counts.items()}, missed


def settings() -> str:
    """What the certificate is about: with other weights or bounds it is another instrument."""
    return f"{EmojiReader.settings}, weights {hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:12]}"


def certify(pictures: int, seed: int) -> Certificate:
    from .sampling import load

    emoji, reader, rng = load(), EmojiReader(), np.random.default_rng(seed)
    read: list[list[Reading]] = []
    people: list[Sequence[Person]] = []
    for _ in tqdm(range(0, pictures, BATCH), mininterval=10):
        drawn = [stated_groups(rng) for _ in range(BATCH)]
        scenes = [compose(rng, *d) for d in drawn]
        read += reader.read(drawn_over(rng, emoji, drawn, rendered(scenes)))
        people += [scene.people for scene in scenes]
    axes, missed = count(read, people)
    low, high = REDRAWN_NOISE
    about = f"{len(people)} rendered scenes drawn over by the model at noise {low} to {high}, every attribute stated, seed {seed}"
    return Certificate(settings(), axes, about, missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    asked = parser.parse_args()
    found = certify(asked.pictures, asked.seed)
    print("\n".join(describe(found)))
    print(f"\nnobody found: {found.missed}")
    found.save(CERTIFICATE)


if __name__ == "__main__":
    main()
