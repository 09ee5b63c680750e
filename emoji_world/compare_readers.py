"""How often the two readers of the emoji world agree on people the model draws, and a sheet of those on whom they do not.

    python -m fair_attention.emoji_world.compare_readers

Pictures of one to three people of every occupation, attributes stated in none or all, on seeds neither reader was trained on; boxes are the
first reader's. The sheet shows both answers beside each crop, to be judged by eye.
"""

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from scipy.stats import binomtest
from torch import Tensor
from tqdm import tqdm

from ..metrics.readers import Reading
from ..metrics.readers.crops import cut
from ..metrics.readers.opening import FITTING, open_reader
from ..metrics.readers.person_reader import PersonReader
from ..metrics.readers.whereabouts import from_readings
from .reader import AXES, EmojiReader
from .report import phrase
from .world import GENDERS, OCCUPATIONS, SECOND_READER, TONES

OUT = Path("output/second-reader")
FIRST_SEED, SHOWN, SIDE = 500_000, 50, 120
Pair = tuple[Tensor, Reading, Reading]  # the picture a person is in, and what both readers say of it


def prompts() -> list[str]:
    plain = [phrase(occupation, count) for occupation, count in product(OCCUPATIONS, (1, 2, 3))]
    stated = [
        phrase(o, 1 + i % 2, (TONES[(i + j) % 4], g)) for i, o in enumerate(OCCUPATIONS) for j, g in enumerate(GENDERS)
    ]
    return plain + stated


def drawn(kept: Path, per_prompt: int) -> Tensor:
    """[N,128,128,3] uint8, kept from an earlier run or drawn now."""
    if not kept.exists():
        from .sampling import load, sample

        emoji = load()
        found = [sample(emoji, p, per_prompt, FIRST_SEED + i)[1] for i, p in enumerate(tqdm(prompts(), mininterval=10))]
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save((torch.cat(found) * 255).round().byte(), kept)
    return torch.load(kept, weights_only=True)


def pairs(pictures: Tensor, second: PersonReader) -> list[Pair]:
    images = pictures.float() / 255
    first = EmojiReader().read(images)
    again = second.read(images, from_readings(first))
    return [
        (image, a, b)
        for image, one, other in zip(images, first, again, strict=True)
        for a, b in zip(one, other, strict=True)
    ]


def agreement(found: Sequence[Pair], axis: str) -> tuple[int, int, int]:
    """(people on whom both agree, people both could read, people one or both left open)."""
    said = [(a.labels[axis], b.labels[axis]) for _, a, b in found]
    both = [(x, y) for x, y in said if x is not None and y is not None]
    return sum(x == y for x, y in both), len(both), len(said) - len(both)


def differing(found: Sequence[Pair]) -> list[tuple[Pair, str]]:
    """Each person both could read and read differently, by axis."""
    return [(p, axis) for axis in AXES for p in found
            if None not in (p[1].labels[axis], p[2].labels[axis]) and p[1].labels[axis] != p[2].labels[axis]]  # fmt: skip


def sheet(cases: Sequence[tuple[Pair, str]]) -> Image.Image:
    """A crop, its number, the axis, and what the first and the second reader say."""
    columns = 10
    rows = max(1, -(-len(cases) // columns))
    page = Image.new("RGB", (columns * SIDE, rows * (SIDE + 40)), "white")
    pen = ImageDraw.Draw(page)
    for n, ((picture, a, b), axis) in enumerate(cases):
        x, y = n % columns * SIDE, n // columns * (SIDE + 40)
        crop = (cut(picture, a.box, 0.2).permute(1, 2, 0) * 255).round().byte().numpy()
        page.paste(Image.fromarray(crop).resize((SIDE - 4, SIDE - 4), Image.Resampling.BICUBIC), (x, y))
        pen.text((x + 2, y + SIDE - 2), f"{n + 1} {axis}", fill="black")
        pen.text((x + 2, y + SIDE + 10), f"1: {a.labels[axis]}", fill="black")
        pen.text((x + 2, y + SIDE + 22), f"2: {b.labels[axis]} {b.certainty[axis]:.2f}", fill="black")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-prompt", type=int, default=4)
    parser.add_argument("--reader", type=Path, default=SECOND_READER)
    a = parser.parse_args()
    pictures = drawn(OUT / f"pictures-{a.per_prompt}.pt", a.per_prompt)
    found = pairs(pictures, PersonReader(open_reader(a.reader, FITTING, "")))
    print(f"{len(found)} people in {len(pictures)} pictures, read by both")
    for axis in AXES:
        same, both, open_ = agreement(found, axis)
        low, high = binomtest(same, max(both, 1)).proportion_ci(method="wilson")
        print(
            f"{axis}: {same} of {both} alike, {same / max(both, 1):.1%} [{low:.1%}, {high:.1%}]; {open_} left open by one or both"
        )
    cases = differing(found)
    sheet(cases[:SHOWN]).save(OUT / "differ.png")
    print(f"{len(cases)} readings differ; the first {min(SHOWN, len(cases))}: {OUT / 'differ.png'}")


if __name__ == "__main__":
    main()
