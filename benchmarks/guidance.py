"""What energy guidance costs: `make bench-guidance`.

SD 1.4's real shape with random weights, one concept pair, blocks at a quarter of the resolution and below (the cheap
choice, which the bars are about) and all but the middle one (the node's default). Time, in
alternating order, medians of the paired ratios: one sampling step (a CFG pair) with and without guidance, and a whole
run with the node's default window and interval; that takes 3 gradients in 10 steps of the normal schedule, 6 in 20 and
15 in 50, so that a run of ten steps stands for any length. Memory: by how much the guided step's peak exceeds the plain step's, for a
picture of 512 x 512 in fp32. Writes results/guidance.json and the table in RESULTS.md.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ..host import hosts
from ..host.in_process import use_host
from ..host.tiny import UNET
from .capture import SD14, Bench, timed
from .page import table, write_section

OUT = Path(__file__).parent / "results" / "guidance.json"
BARS = {"guided_step_ratio": 1.65, "whole_run_ratio": 1.3, "extra_memory_mb": 750.0}
PUBLISHED = 4.28  # counted: the released code's step / plain step (4 rows, all layers, every step)
CFG = 7.5
RUN = 10, 3  # steps, gradients
WALL, PROCESSOR = 0, 1  # which of the times that `timed` gives; other programs disturb the processor's little


def paired(
    works: Mapping[str, Callable[[], torch.Tensor]], rounds: int, warm_up: bool = True, clock: int = WALL
) -> dict[str, list[float]]:
    """Seconds of each piece of work, round by round; every other round in the opposite order. clock: WALL or PROCESSOR."""
    for work in works.values() if warm_up else ():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in list(works)[:: 1 if number % 2 == 0 else -1]:
            seconds[name].append(timed(works[name])[clock])
    return seconds


def guided(bench: Bench, blocks: str, start: float = 0.0, end: float = 1.0, every: int = 1):
    """The bench's model under guidance by one pair of two words, the energy read in these blocks."""
    from ..attention.capture import WordQuery
    from ..attention.records import Watch
    from ..guidance.energy.energy import PRESETS
    from ..guidance.energy.plan import EnergyPlan, EnergyTerms
    from ..guidance.run_record import Recording
    from ..nodes.soft_iou import energy_blocks, install

    preset = PRESETS["corrected"]
    words = (WordQuery("one", (3,)), WordQuery("other", (7,)))
    context = bench.positive[:, :12]
    where = energy_blocks(bench.model, blocks)
    terms = EnergyTerms(words, ((0, 1),), context, where, preset.soft_mask, preset.stop_at_chance)
    plan = EnergyPlan(terms, ("one ~ other",), preset.rule, preset.strength, preset.branch, start, end, every)
    capture = Recording(Watch(()))
    return install(bench.model.clone(), plan, capture), capture


def ratio(bench: Bench, patched: tuple, steps: int, gradients: int, rounds: int) -> dict[str, Any]:
    """Paired rounds of sampling `steps` steps with so many gradients. patched: what `guided` gives."""
    model, capture = patched
    works = {"plain": lambda: bench.sample(bench.model, steps, CFG), "guided": lambda: bench.sample(model, steps, CFG)}
    seconds = paired(works, rounds, warm_up=steps == 1)  # the longer runs find everything warm
    if (found := len(capture.runs[-1].energy)) != gradients:
        raise RuntimeError(f"{found} gradients in {steps} steps, not {gradients}: this is no measurement")
    ratios = [g / p for g, p in zip(seconds["guided"], seconds["plain"], strict=True)]
    print(f"{steps} step(s), {gradients} gradient(s): " + ", ".join(f"{r:.2f} x" for r in ratios), flush=True)
    return {"ratio": round(median(ratios), 3), "rounds": [round(r, 3) for r in ratios],
            "plain_seconds": round(median(seconds["plain"]), 3)}  # fmt: skip


def peak_mb(work: Callable[[], Any]) -> float:
    """The most memory held while working, weights included, in MB (1e6 bytes): of the GPU, else of the process."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() / 1e6
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
    work()
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def measure_memory(bench: Bench, choices: Mapping[str, str]) -> dict[str, float]:
    """Peaks of a plain and then of guided steps of the same model, the cheapest first."""
    peaks = {}
    models = {"plain": bench.model, **{name: guided(bench, blocks)[0] for name, blocks in choices.items()}}
    for name, patched in models.items():
        peaks[name] = peak_mb(partial(bench.sample, patched, 1, CFG))
        print(f"peak of a step, {name}: {peaks[name]:.0f} MB", flush=True)
    return {f"{name}_mb": round(peak, 1) for name, peak in peaks.items()}


def write_page(result: dict[str, Any]) -> None:
    names = {
        "guided_step_ratio": "a guided step / a plain step",
        "whole_run_ratio": "a whole run with the default window / a plain run",
        "extra_memory_mb": "extra memory, 512 x 512, fp32",
    }

    def cell(key: str) -> str:
        return f"{result[key]:.0f} MB" if "_mb" in key else f"{result[key]:.2f} x"

    rows = [
        (text, cell(key), f"<= {BARS[key]:g}", "met" if result[key] <= BARS[key] else "**not met**",
         cell(f"{key}_all_blocks"))
        for key, text in names.items()
    ]  # fmt: skip
    rounds = sorted({len(result[key]["rounds"]) for key in ("step_quarter", "run_quarter", "step_all", "run_all")})
    rows.append(
        ("the released code, a step / a plain step (counted, not measured here)", "-", "-", "-", f"{PUBLISHED:g} x")
    )
    write_section(
        "Energy guidance",
        f"`make bench-guidance` on ComfyUI {result['host']}: SD 1.4's shape with random weights, {result['device']}, "
        f"{result['threads']} thread(s), time at {8 * result['latent']} x {8 * result['latent']} (medians of "
        f"{' or '.join(map(str, rounds))} paired rounds). A whole run with the node's defaults takes {RUN[1]} gradients in "
        f"{RUN[0]} steps.\n\n"
        + table(("", "a quarter of the resolution and below", "bar", "", "all blocks but the middle (default)"), rows),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latent", type=int, default=32, help="side of the latent that time is measured at")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a narrow U-Net and small latents, nothing written: to try the command itself",
    )
    a = parser.parse_args()
    use_host("--use-pytorch-cross-attention")
    from ..nodes.soft_iou import ALL, QUARTER, FairSoftIoUGuidance

    inputs = {i.id: i for i in FairSoftIoUGuidance.define_schema().inputs}
    window = {name: inputs[name].default for name in ("start_percent", "end_percent", "every")}
    unet, latent, large = (UNET, 16, 16) if a.quick else (SD14, a.latent, 64)
    with torch.inference_mode():
        bench = Bench(unet, latent)
        device = str(bench.model.load_device)
        result: dict[str, Any] = {"host": hosts.version(), "torch": torch.__version__, "device": device}
        result |= {"threads": torch.get_num_threads(), "latent": latent, "window": window}
        choices = {"quarter": QUARTER, "all": ALL}
        for name, blocks in choices.items():
            result[f"step_{name}"] = ratio(bench, guided(bench, blocks), 1, 1, a.rounds)
            result[f"run_{name}"] = ratio(bench, guided(bench, blocks, *window.values()), *RUN, a.rounds)
        bench.noise = torch.randn(1, 4, large, large, generator=torch.Generator().manual_seed(1))
        result["memory"] = measure_memory(bench, choices)
    for name, suffix in (("quarter", ""), ("all", "_all_blocks")):
        result[f"guided_step_ratio{suffix}"] = result[f"step_{name}"]["ratio"]
        result[f"whole_run_ratio{suffix}"] = result[f"run_{name}"]["ratio"]
        extra = result["memory"][f"{name}_mb"] - result["memory"]["plain_mb"]
        result[f"extra_memory_mb{suffix}"] = round(extra, 1)
    result |= {"bars": BARS, "published_step_ratio": PUBLISHED}
    print(json.dumps(result, indent=1))
    if not a.quick:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        write_page(result)


if __name__ == "__main__":
    main()
