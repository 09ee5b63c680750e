"""How entangled concepts are on the emoji world, and what removes it: `make bench-entanglement`.

Occupations x seeds through the host's KSampler by every method, each recorded with the same attribution prompt: IoU of
gender and of skin tone with the occupation (BiasMap), whole and block by block, beside the chance level and a control
word; what was kept of the unedited picture; what it cost. Results are saved after each method, and a run goes on where
the last one stopped. --quick takes a sixth of the pictures. Writes results/entanglement.json, pictures beside it and the
section in RESULTS.md.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from ..emoji_world import sampling
from ..emoji_world.reader import EmojiReader
from ..emoji_world.report import phrase
from ..host import hosts
from ..metrics.entanglement import chance_level, mean_iou, reduction
from .emoji import OCCUPATIONS, SEEDS, STEPS, Saved, beside_plain, fingerprint, kept, likeness, people_numbers
from .entanglement_page import (
    BOTH,
    BOTH_LONGER,
    DEFAULT,
    EVERY,
    FAIR,
    FAIR_LONGER,
    HALF,
    LAMBDA,
    PAPER,
    QUARTERED,
    bars,
    best_choice,
    draw_all,
    knee,
    lambda_name,
    write_page,
)
from .entanglement_run import Drawn, Method, Prompt, patched, run

OUT = Path(__file__).parent / "results" / "entanglement.json"
PEOPLE = 2  # in each picture
LAMBDAS = (10, 25, LAMBDA, 100, 200, 400)
TIMED, ROUNDS = 4, 3  # pictures in a timed batch, paired rounds


def methods() -> dict[str, Method]:
    from ..nodes.soft_iou import QUARTER

    return {
        "unedited": Method(),
        DEFAULT: Method({}),
        FAIR: Method(fair={}),
        FAIR_LONGER: Method(fair={"end_percent": 1.0}),
        BOTH: Method({}, {}),
        BOTH_LONGER: Method({"strength": 50.0}, {"end_percent": 1.0}),
        **{lambda_name(s): Method({"strength": float(s)}, part=0.5) for s in LAMBDAS if s != LAMBDA},
        HALF: Method({"end_percent": 0.5, "every": 1}, part=0.5),
        EVERY: Method({"end_percent": 1.0, "every": 1}, part=0.5),
        PAPER: Method({"preset": "paper", "strength": 100.0}, part=0.5),
        QUARTERED: Method({"blocks": QUARTER}, part=0.5),
    }


def summarise(drawn: Drawn, plain: Drawn, prompts: list[Prompt]) -> dict[str, Any]:
    """The numbers of one method over all prompts."""
    before = {pair: mean_iou(values) for pair, values in plain.ious.items()}
    after = {pair: mean_iou(values) for pair, values in drawn.ious.items()}
    row: dict[str, Any] = {
        "miou": after,
        "removed": {pair: before[pair] - after[pair] for pair in after},
        "reduction_percent": {pair: reduction(before[pair], after[pair]) for pair in after},
        "control": mean_iou(drawn.control),
        "mbiou": {pair: {block: mean_iou(v) for block, v in by.items()} for pair, by in drawn.blocks.items()},
    }
    row |= likeness(drawn.pictures, plain.pictures)
    row |= kept(drawn.people, plain.people, {p.text: p.occupation for p in prompts})
    row |= people_numbers(drawn.people)
    row["pictures"], row["outcomes"] = len(drawn.pictures), dict(drawn.outcomes)
    return row


def cost(emoji, method: Method, prompt: Prompt, steps: int, rounds: int) -> dict[str, float]:
    """What the method takes beside the plain sampling, from alternating runs of the same small batch."""
    model, positive, _ = patched(emoji, method, prompt)
    ratio, plain = beside_plain(emoji, prompt.text, TIMED, steps, rounds, model, positive)
    return {"cost_ratio": ratio, "extra_seconds": (ratio - 1) * plain / TIMED}


def removed_per_second(row: dict[str, Any]) -> float:
    """Mean mIoU taken away, by extra second of sampling a picture."""
    return fmean(row["removed"].values()) / max(row["extra_seconds"], 1e-6)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sixth of the pictures, into output/")
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    parser.add_argument("--seeds", type=int, help=f"pictures an occupation (default {SEEDS})")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--checkpoint", type=Path, default=sampling.CHECKPOINT)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


@torch.inference_mode()
def main() -> None:
    a = arguments()
    emoji, reader = sampling.load(a.checkpoint), EmojiReader()
    prompts = [Prompt(o, phrase(o, PEOPLE)) for o in (OCCUPATIONS[:2] if a.quick else OCCUPATIONS)]
    seeds = a.seeds or (SEEDS // 2 if a.quick else SEEDS)
    out = a.out or (hosts.ROOT / "output" / OUT.name if a.quick else OUT)
    setting = {
        "prompts": [p.text for p in prompts],
        "attribution": [p.attribution for p in prompts],
        "seeds": seeds,
        "steps": a.steps,
        "cfg": sampling.CFG,
        "checkpoint": fingerprint(a.checkpoint),
        "occupation_kept": "of people",
    }
    saved = Saved(out, setting)
    known = methods()
    wanted = [n for n in known if not a.only or n in (*a.only.split(";"), "unedited")]
    if unknown := [n for n in a.only.split(";") if n and n not in known]:
        raise SystemExit(f"--only: no method {', '.join(unknown)}; there are {'; '.join(known)}")
    if all(n in saved.methods for n in wanted):
        print("every method is measured already")
    else:
        plain = run(emoji, reader, known["unedited"], prompts, seeds, a.steps)
        for name in (n for n in wanted if n not in saved.methods):
            print(name, flush=True)
            method, count = known[name], round(seeds * known[name].part)
            drawn = plain if name == "unedited" else run(emoji, reader, method, prompts, count, a.steps)
            row = summarise(drawn, plain.first(count), prompts)
            if name != "unedited":
                row |= cost(emoji, method, prompts[0], a.steps, ROUNDS)
                row["removed_per_second"] = removed_per_second(row)
            saved.methods[name] = row
            saved.write()
    saved.data |= {"chance": chance_level(), "knee": knee(saved.methods, LAMBDAS), "best": best_choice(saved.methods)}
    saved.data["bars"] = bars(saved.methods)
    saved.write()
    draw_all(saved.data, LAMBDAS, out.parent)
    if out == OUT:
        write_page(saved.data, LAMBDAS)
    print(json.dumps({name: row["miou"] | {"psnr": row["psnr"]} for name, row in saved.methods.items()}, indent=1))
    print(json.dumps({key: saved.data[key] for key in ("chance", "knee", "best", "bars")}, indent=1))


if __name__ == "__main__":
    main()
