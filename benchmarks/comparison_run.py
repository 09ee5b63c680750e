"""One method's pictures of one prompt of the comparison, with the concepts recorded on the way, kept on the disk."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..emoji_world import sampling
from ..metrics.entanglement import PERCENTILE
from .comparison_methods import BOTH, HELD_OUT_TEXT, OWN_TEXT, Method, Patched, Prompt, Studio, patched
from .comparison_page import strip
from .emoji import seed_batches

TUNING, REPORTING = "tuning", "reporting"
FIRST_SEED = {TUNING: 0, REPORTING: 10_000}
BATCH = 8


@dataclass(frozen=True)
class Setting:
    """What is the same for every method of a part."""

    studio: Studio
    reader: Any
    cfg: float
    size: int
    part: str
    second: Any = None


def kept_at(setting: Setting, name: str, prompt: Prompt, start: int, count: int) -> Path:
    """The file of a batch of pictures of a method."""
    return setting.studio.kept / setting.part / f"{name} - {prompt.text} - {start} {count}.pt".replace(":", "")


def drawn(setting: Setting, name: str, method: Method, prompt: Prompt, seeds: int) -> dict[str, Any]:
    """Pictures [seeds,H,W,3], IoU by concept and text [seeds], CPU seconds; kept from an earlier run or drawn now."""
    parts = []
    for start, count in seed_batches(FIRST_SEED[setting.part], seeds, BATCH):
        path = kept_at(setting, name, prompt, start, count)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
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


def draw_strip(setting: Setting, chosen: Mapping[str, Method], prompts: list[Prompt], seeds: int, path: Path) -> None:
    """The papers' Fig. 2: the first seed of some prompts, a row a method.

    Left as it is, and said so, where the pictures of a row lie on another machine: its numbers are in the results, and to
    measure one row is no reason to draw all others.
    """
    some = prompts[:: max(1, len(prompts) // 6)][:6]
    batch = seed_batches(FIRST_SEED[setting.part], seeds, BATCH)[0]
    files = {name: [kept_at(setting, name, p, *batch) for p in some] for name in chosen}
    missing = [name for name, of in files.items() if not all(file.exists() for file in of)]
    if missing:
        print(f"{path.name} is left as it is: no pictures are kept of {'; '.join(missing)}", flush=True)
        return
    rows: dict[str, list[Tensor]] = {
        name: [torch.load(file, weights_only=True)["pictures"][0].float() / 255 for file in of]
        for name, of in files.items()
    }
    strip(rows, [p.text for p in some], path)
