"""UCE's loop: draw each concept, read who is in the pictures, lean it, draw again; until the shares are met.

    python -m fair_attention.scripts.edit_concepts --concepts "pilot; pilots"
    python -m fair_attention.scripts.edit_concepts --concepts "doctor; doctors" --attributes "skin tone" --variant paper

Prints what goes into *concepts* of Unified Concept Editing (UCE), and keeps it beside the state of the loop, from which a run
that was stopped goes on. As published: 20 steps, ten pictures of each concept and round (the paper era: fifty of each of its
five texts), until every share is nearer than .05 or after 30 rounds. The published loop reads by CLIP, this one by the
emoji world's reader, or by a model in a folder (--reader, --detector). Seeds are the same in every round (the published ones are not fixed).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from ..guidance.baselines.uce import PAPER, REWRITE
from ..guidance.baselines.uce_loop import ROUNDS, TOLERANCE, Loop, Round, lines_of, marked_texts, shares_read
from ..metrics.readers.folder_reader import open_folder_reader

VARIANTS = {"rewrite": REWRITE, "paper": PAPER}
PICTURES = {REWRITE: 10, PAPER: 50}
STEPS, BATCH = 20, 10


def target_of(chosen: Sequence[str]) -> Any:
    """Target Distribution of these, crossed: ready-made sets, or own lists of several lines."""
    from ..nodes.target import FairTargetDistribution

    target = None
    for attributes in reversed(chosen):
        preset = "own list" if "\n" in attributes else attributes
        target = FairTargetDistribution.execute(preset, attributes, "running quota", 0, cross_with=target).result[0]
    return target


def edited(emoji: sampling.Emoji, target: Any, loop: Loop) -> Any:
    """The model as the rounds so far leave it; None: as it is."""
    from ..nodes.baselines.concept_editing import FairConceptEditing

    if not loop.rounds:
        return None
    lines = lines_of(loop.rounds, loop.variant, [a.name for a in target.attributes])
    preserve = "occupations" if loop.variant == PAPER else "nothing"
    given = {"concepts": lines, "variant": loop.variant, "preserve": preserve}
    return FairConceptEditing.execute(emoji.model, emoji.clip, target, **given).result[0]


def observe(emoji: sampling.Emoji, reader: Any, model: Any, text: str, target: Any, a: argparse.Namespace) -> tuple:
    """The shares of the target's attributes among the people read in pictures of a text."""
    prompt, labels = text.replace("[", "").replace("]", ""), []
    for start in range(0, a.pictures, BATCH):
        count = min(BATCH, a.pictures - start)
        pictures = sampling.sample(emoji, prompt, count, a.seed + start, a.steps, a.cfg, model=model, size=a.size)[1]
        labels += [person.labels for image in reader.read(pictures) for person in image]
    shares = shares_read(labels, target.attributes)
    if shares is None:
        raise SystemExit(f"edit_concepts: nobody was read in {a.pictures} pictures of {prompt!r}; the concept is lost")
    return shares


def saved(path: Path, loop: Loop) -> Loop:
    """The loop as it stood when it was stopped, if it is the same one."""
    if path.exists():
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["variant"] == loop.variant and tuple(state["texts"]) == loop.texts:
            loop.rounds = [
                Round({t: tuple(w) for t, w in r["weights"].items()}, tuple(r["met"])) for r in state["rounds"]
            ]
            loop.observed = {text: tuple(shares) for text, shares in state["observed"].items()}
    return loop


def write(path: Path, loop: Loop, lines: str) -> None:
    rounds = [{"weights": dict(r.weights), "met": list(r.met)} for r in loop.rounds]
    state = {"variant": loop.variant, "texts": loop.texts, "rounds": rounds, "observed": loop.observed, "lines": lines}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")


def run(loop: Loop, path: Path, names: list[str], look: Any, most: int = ROUNDS) -> bool:
    """Round after round until the shares are met (True) or there were `most`. look(loop, text) -> shares."""
    while True:
        seen = {text: look(loop, text) for text in loop.to_draw()}
        goes_on = loop.update(seen) if len(loop.rounds) < most else False
        loop.observed |= seen
        lines = lines_of(loop.rounds, loop.variant, names) if loop.rounds else ""
        write(path, loop, lines)
        told = "; ".join(f"{t}: {' '.join(f'{s:.2f}' for s in shares)}" for t, shares in loop.observed.items())
        print(f"after {len(loop.rounds) - goes_on} rounds: {told}", flush=True)
        if not goes_on:
            return len(loop.rounds) < most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--concepts", required=True, help="separated by ;")
    parser.add_argument("--attributes", default="gender", help="a preset of Target Distribution, or two with x between")
    parser.add_argument("--variant", choices=list(VARIANTS), default="rewrite")
    parser.add_argument("--checkpoint", type=Path, default=sampling.CHECKPOINT)
    parser.add_argument(
        "--reader", default="", help="a folder with a classifier or zero-shot model; without it the emoji world's own"
    )
    parser.add_argument(
        "--detector", default="", help="a folder with the detector of its people; without it the emoji reader"
    )
    parser.add_argument("--pictures", type=int, default=0, help="of each text and round; 0: as published")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--cfg", type=float, default=sampling.CFG)
    parser.add_argument("--size", type=int, default=sampling.SIZE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("output/edit_concepts.json"))
    a = parser.parse_args()
    variant = VARIANTS[a.variant]
    a.pictures = a.pictures or PICTURES[variant]
    reader, emoji = load_reader(a.reader, a.detector), sampling.load(a.checkpoint)
    target = target_of(a.attributes.split(" x "))
    texts = tuple(t for c in a.concepts.split(";") if c.strip() for t in marked_texts(c.strip(), variant))
    loop = saved(a.out, Loop(variant, texts, target.shares, a.tolerance))
    met = run(
        loop, a.out, [x.name for x in target.attributes],
        lambda state, text: observe(emoji, reader, edited(emoji, target, state), text, target, a), a.rounds,
    )  # fmt: skip
    print("every share is met" if met else f"not met after {a.rounds} rounds")
    print(lines_of(loop.rounds, variant, [x.name for x in target.attributes]) if loop.rounds else "nothing to edit")


def load_reader(folder: str, detector: str = "") -> Any:
    """The emoji world's reader, or a folder's, with the people of a detector's folder. SystemExit says what is wrong with a folder."""
    if detector and not folder:
        raise SystemExit(f"--detector {detector}: it finds people for a reader of yours; give --reader FOLDER too")
    if not folder:
        return EmojiReader()
    try:
        return open_folder_reader(Path(folder), Path(detector) if detector else None, EmojiReader())
    except ValueError as error:
        raise SystemExit(f"--reader, --detector: {error}") from error


if __name__ == "__main__":
    main()
