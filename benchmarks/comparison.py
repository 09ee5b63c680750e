"""Every published baseline beside Fair Inference, tuned on one set of prompts and seeds and reported on another: `make bench`.

All methods draw the same prompts from the same seeds, with the concepts of BiasMap recorded on the way; pictures and what
was recorded are kept in output/bench/ batch by batch, so that a run goes on where the last one stopped. `--shard 0/2`
draws every second prompt and writes no table. `--quick` draws a few pictures of the main rows and fails, with exit status
1, when one of them has left its bounds. `--checkpoint FILE --reader FOLDER --detector FOLDER --size 512` is
for a model of yours: a classifier or zero-shot model, and what finds its people. Prompts are files, benchmarks/prompts/.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..emoji_world.world import SECOND_READER
from ..metrics.entanglement import PERCENTILE
from ..metrics.readers.folder_reader import open_folder_reader
from ..scripts.edit_concepts import load_reader
from .comparison_figures import draw_figures
from .comparison_methods import (
    BOTH,
    HELD_OUT_TEXT,
    OWN_TEXT,
    PLAIN,
    Method,
    Patched,
    Prompt,
    Studio,
    methods,
    patched,
    read_prompts,
)
from .comparison_numbers import summarise
from .comparison_page import strip, write_page
from .comparison_quick import QUICK_PROMPTS, quick_methods, quick_problems
from .emoji import Saved, fingerprint

HERE = Path(__file__).parent
OUT = HERE / "results" / "comparison.json"
KEPT = Path("output/bench")
TUNING, REPORTING = "tuning", "reporting"
FIRST_SEED = {TUNING: 0, REPORTING: 10_000}
SEEDS, BATCH, QUICK_SEEDS = 16, 8, 4
EMOJI_WEIGHTS, SD_WEIGHTS = "emoji world (calibrated)", "by resolution (SD)"


@dataclass(frozen=True)
class Setting:
    """What is the same for every method of a part."""

    studio: Studio
    reader: Any
    cfg: float
    size: int
    part: str
    second: Any = None


def drawn(setting: Setting, name: str, method: Method, prompt: Prompt, seeds: int) -> dict[str, Any]:
    """Pictures [seeds,H,W,3], IoU by concept and text [seeds], CPU seconds; kept from an earlier run or drawn now."""
    first, parts = FIRST_SEED[setting.part], []
    folder = setting.studio.kept / setting.part
    for start in range(first, first + seeds, BATCH):
        count = min(BATCH, first + seeds - start)
        path = folder / f"{name} - {prompt.text} - {start} {count}.pt".replace(":", "")
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            torch.save(draw(setting, patched(setting.studio, method, prompt), prompt, count, start), path)
        parts.append(torch.load(path, weights_only=True))
    names = parts[0]["ious"]
    return {
        "pictures": torch.cat([p["pictures"] for p in parts]).float() / 255,
        "ious": {n: torch.cat([p["ious"][n] for p in parts]) for n in names},
        "seconds": sum(p["seconds"] for p in parts) / seeds,
        "peak": max(p["peak"] for p in parts),
    }


@torch.inference_mode()
def draw(setting: Setting, method: Patched, prompt: Prompt, count: int, seed: int) -> dict[str, Any]:
    from ..metrics.measure_entanglement import measure
    from ..nodes.capture import FairAttentionCapture

    emoji, model, captures = setting.studio.emoji, method.model, {}
    for label, text in (("own", OWN_TEXT), ("held out", HELD_OUT_TEXT)):
        words = ", ".join((*BOTH, prompt.occupation))
        model, captures[label] = FairAttentionCapture.execute(
            model, emoji.clip, attribution_prompt=text.format(prompt.occupation), words=words
        ).result
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    began, wall = time.process_time(), time.perf_counter()
    pictures = sampling.sample(
        emoji, method.text, count, seed, setting.studio.steps, setting.cfg, model, method.positive, setting.size
    )[1]
    took = time.perf_counter() - wall if gpu else time.process_time() - began
    ious = {
        f"{concept}, {label}": measure(c.runs[-1].store, [concept, prompt.occupation], PERCENTILE, None).ious
        for label, c in captures.items()
        for concept in BOTH
    }
    peak = torch.cuda.max_memory_allocated() / 2**20 if gpu else 0.0
    return {"pictures": (pictures.cpu() * 255).round().byte(), "ious": ious, "seconds": took, "peak": peak}


def part_of(setting: Setting, chosen: Mapping[str, Method], prompts: list[Prompt], seeds: int, saved: Saved) -> None:
    """Draw and measure each method of a part that is not in the results yet."""
    plain = {p.text: drawn(setting, PLAIN, Method(), p, seeds) for p in prompts}
    for name, method in chosen.items():
        key = f"{setting.part}: {name}"
        have = saved.methods.get(key, {})
        if have.get("pictures") == seeds * len(prompts) and "by_form" in have:
            continue
        found = plain if name == PLAIN else {p.text: drawn(setting, name, method, p, seeds) for p in prompts}
        saved.methods[key] = summarise(found, plain, prompts, setting.reader, setting.second)
        saved.write()
        told = ("bias_w", "bias_p", "people_kept", "kept", "psnr", "ssim", "miou", "seconds")
        print(key, json.dumps({k: saved.methods[key][k] for k in told}), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few pictures of the main rows, held against bounds")
    parser.add_argument("--only", default="", help="names of methods, separated by ;")
    parser.add_argument("--part", choices=(TUNING, REPORTING), help="one of the two parts")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="pictures of each prompt")
    parser.add_argument("--shard", default="", help="draw part K of N of the prompts, as in 0/2, and write no table")
    parser.add_argument("--checkpoint", type=Path, default=sampling.CHECKPOINT)
    parser.add_argument(
        "--reader", default="", help="a folder with a classifier or zero-shot model; without it the emoji world's own"
    )
    parser.add_argument(
        "--detector", default="", help="a folder with the detector of its people; without it the emoji reader"
    )
    parser.add_argument("--size", type=int, default=sampling.SIZE)
    parser.add_argument("--steps", type=int, default=0, help="0: 20 on the emoji world, 50 elsewhere")
    parser.add_argument("--cfg", type=float, default=0.0, help="0: 1.5 on the emoji world, 7.5 elsewhere")
    parser.add_argument("--prompts", type=Path, default=HERE / "prompts", help="folder of the lists of prompts")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


def main() -> None:
    a = arguments()
    own = a.checkpoint == sampling.CHECKPOINT
    if not own and not (a.reader and a.detector):
        raise SystemExit(
            "comparison: --checkpoint needs --reader FOLDER and --detector FOLDER: the emoji world's reader knows emoji people only"
        )
    reader, emoji, mark = load_reader(a.reader, a.detector), sampling.load(a.checkpoint), fingerprint(a.checkpoint)
    second = open_folder_reader(SECOND_READER, None, reader) if own and not a.reader else None
    steps, cfg = a.steps or (sampling.STEPS if own else 50), a.cfg or (sampling.CFG if own else 7.5)
    studio = Studio(emoji, EMOJI_WEIGHTS if own else SD_WEIGHTS, steps, KEPT / mark)
    lists = "emoji" if own else "photographs"
    if a.quick:
        quick(Setting(replace(studio, kept=studio.kept / "quick"), reader, cfg, a.size, TUNING))
        return
    chosen = {n: m for n, m in methods().items() if n in a.only.split(";") or not a.only}
    setting = {
        "steps": steps,
        "cfg": cfg,
        "size": a.size,
        "checkpoint": mark,
        "reader": reader.name,
        "first_seed": FIRST_SEED,
    }
    saved = Saved(a.out, setting)
    for part in (TUNING, REPORTING) if a.part is None else (a.part,):
        prompts = read_prompts(a.prompts / f"{lists}_{part}.tsv")
        here = Setting(studio, reader, cfg, a.size, part, second)
        if a.shard:
            k, n = map(int, a.shard.split("/"))
            for name, method in {PLAIN: Method(), **chosen}.items():
                for prompt in prompts[k::n]:
                    drawn(here, name, method, prompt, a.seeds)
            continue
        part_of(here, chosen, prompts, a.seeds, saved)
        rows = {n: m for n, m in methods().items() if f"{part}: {n}" in saved.methods}  # also of earlier runs
        draw_strip(here, rows, prompts, a.seeds, a.out.with_name(f"{a.out.stem}-{part}.png"))
        if part == REPORTING:
            draw_figures(saved.data, part, a.out.parent)
    if not a.shard:
        write_page(saved.data, {p: len(read_prompts(a.prompts / f"{lists}_{p}.tsv")) for p in (TUNING, REPORTING)})


def draw_strip(setting: Setting, chosen: Mapping[str, Method], prompts: list[Prompt], seeds: int, path: Path) -> None:
    """The papers' Fig. 2: the first seed of some prompts, a row a method."""
    some = prompts[:: max(1, len(prompts) // 6)][:6]
    rows: dict[str, list[Tensor]] = {
        name: [drawn(setting, name, method, p, seeds)["pictures"][0] for p in some] for name, method in chosen.items()
    }
    strip(rows, [p.text for p in some], path)


def quick(setting: Setting) -> None:
    """The main rows on two prompts; exit status 1 if one has left its bounds."""
    rows, pictures = {}, {}
    plain = {p.text: drawn(setting, PLAIN, Method(), p, QUICK_SEEDS) for p in QUICK_PROMPTS}
    for name, method in quick_methods(setting.studio).items():
        found = (
            plain if name == PLAIN else {p.text: drawn(setting, name, method, p, QUICK_SEEDS) for p in QUICK_PROMPTS}
        )
        rows[name] = summarise(found, plain, QUICK_PROMPTS, setting.reader)
        pictures[name] = [picture for f in found.values() for picture in f["pictures"]]
        told = ("bias_w", "bias_p", "bias_p_floor", "people_kept", "kept", "psnr", "unchanged", "seconds")
        print(name, json.dumps({k: rows[name][k] for k in told}), flush=True)
    strip(pictures, [p.text for p in QUICK_PROMPTS for _ in range(QUICK_SEEDS)], KEPT / "quick.png")
    problems = quick_problems(rows)
    print("\n".join(problems) or f"every row is within its bounds; pictures: {KEPT / 'quick.png'}")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
