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
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..emoji_world import sampling
from ..emoji_world.world import SECOND_READER
from ..metrics.readers.folder_reader import open_folder_reader
from ..scripts.edit_concepts import load_reader
from .comparison_figures import draw_figures
from .comparison_methods import PLAIN, UCE, Method, Prompt, Studio, methods, read_prompts
from .comparison_numbers import summarise
from .comparison_page import strip, write_page
from .comparison_quick import QUICK_PROMPTS, quick_methods, quick_problems
from .comparison_run import FIRST_SEED, REPORTING, TUNING, Setting, draw_strip, drawn
from .comparison_uce import concepts_file, loop_run
from .emoji import Saved, fingerprint

HERE = Path(__file__).parent
OUT = HERE / "results" / "comparison.json"
KEPT = Path("output/bench")
SEEDS, QUICK_SEEDS = 16, 4
EMOJI_WEIGHTS, SD_WEIGHTS = "emoji world (calibrated)", "by resolution (SD)"


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
        if method.kind == UCE:
            saved.methods[key]["loop"] = loop_run(
                concepts_file(setting.studio.kept, method.inputs["variant"], method.aim)
            )
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
