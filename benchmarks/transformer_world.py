"""The second emoji world, a transformer whose people have an age: does it obey, where are its people, and is it made fair?

    python -m fair_attention.benchmarks.transformer_world

Three parts, each kept as it is done: what it draws (`emoji_world.dit.report`), the regions of renders with exact masks, and Fair
Inference by words for gender, skin tone and age. Of our inputs one is not at its default: start_percent is 0.2, because a look at
four pictures of two judges (other seeds) showed that at 0.4 this model has settled how old somebody is.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..attention.voting import RHO, TAU
from ..emoji_world import sampling
from ..emoji_world.dit.aged import SIZE
from ..emoji_world.dit.reader import AgedReader
from ..emoji_world.dit.report import CFG, STEPS, measure, opened
from ..emoji_world.report import phrase
from ..emoji_world.world import DIT_CHECKPOINT
from .emoji import Saved, fair_inference, fingerprint, kept, likeness, people_numbers
from .need import OCCUPATIONS
from .regions_measure import measure as measure_regions
from .regions_measure import voted
from .renders import SECOND, draw_cases
from .transformer_world_page import write_page

OUT = Path(__file__).parent / "results" / "transformer_world.json"
TARGETS = {"gender": "gender", "skin tone": "skin tone", "age": "young\nold"}  # this world has nobody middle-aged
START = 0.2  # of the sampling
SEEDS, FIRST_SEED, PER_PROMPT = 8, 10_000, 5
SEED, RENDERS, WINDOW = 20_000, 100, (0.0, 0.4)  # scenes no training has seen; the share before Fair Inference steers
BY_RESOLUTION = "by resolution (SD)"


def prompts() -> dict[str, str]:
    """Prompt -> its occupation: one to three people of the six occupations that steering was not tuned on."""
    return {phrase(occupation, count): occupation for occupation in OCCUPATIONS for count in (1, 2, 3)}


def regions(emoji: sampling.Emoji, renders: int) -> dict[str, Any]:
    """IoU of the region of all people with their masks, in the steps in which Fair Inference looks for them."""
    cases = draw_cases(emoji, renders, SEED, SECOND)
    rules = {BY_RESOLUTION: None, **{str(block): {block: 1.0} for block in cases[0].stores[0].blocks}}
    return {
        "renders": renders,
        "window": WINDOW,
        "rules": {name: measure_regions(cases, voted(weights, TAU, RHO), WINDOW) for name, weights in rules.items()},
    }


def drawn(emoji: sampling.Emoji, prompt: str, target: str | None) -> Tensor:
    """The pictures [SEEDS,256,256,3] of a prompt, steered to a target or plain."""
    patched, positive = None, None
    if target is not None:
        patched, positive, _ = fair_inference(
            emoji, prompt, (target,), rule={"weights": BY_RESOLUTION}, start_percent=START
        )
    return sampling.sample(emoji, prompt, SEEDS, FIRST_SEED, STEPS, CFG, patched, positive, SIZE)[1]


def fairness(emoji: sampling.Emoji, saved: Saved, folder: Path) -> None:
    reader, nouns, plain = AgedReader(), prompts(), {}
    for name, target in {"unedited": None, **TARGETS}.items():
        pictures = {}
        for prompt in nouns:
            path = folder / f"{name} - {prompt}.pt"
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                torch.save((drawn(emoji, prompt, target) * 255).round().byte(), path)
            pictures[prompt] = torch.load(path, weights_only=True).float() / 255
        read = {prompt: reader.read(x) for prompt, x in pictures.items()}
        plain = plain or {"pictures": torch.cat(list(pictures.values())), "read": read}
        saved.methods[name] = {
            **people_numbers(read, reader.axes),
            **kept(read, plain["read"], nouns),
            **likeness(torch.cat(list(pictures.values())), plain["pictures"]),
            "pictures": sum(map(len, pictures.values())),
        }
        saved.write()
        print(name, json.dumps({k: saved.methods[name][k] for k in ("bias_w", "bias_p", "occupation_kept", "psnr")}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=DIT_CHECKPOINT)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--parts", default="drawn;regions;fair", help="of drawn, regions, fair, separated by ;")
    a = parser.parse_args()
    emoji, mark = opened(a.checkpoint), fingerprint(a.checkpoint)
    setting = {"checkpoint": mark, "reader": fingerprint(AgedReader.weights), "steps": STEPS, "cfg": CFG,
               "seeds": [FIRST_SEED, SEEDS], "prompts": list(prompts())}  # fmt: skip
    saved, parts = Saved(a.out, setting), a.parts.split(";")
    with torch.inference_mode():
        if "drawn" in parts and "drawn" not in saved.data:
            saved.data["drawn"] = measure(emoji, AgedReader(), PER_PROMPT, STEPS, CFG)
            saved.write()
        if "regions" in parts and "regions" not in saved.data:
            saved.data["regions"] = regions(emoji, RENDERS)
            saved.write()
        if "fair" in parts:
            fairness(emoji, saved, Path("output/bench-transformer") / mark)
    write_page(saved.data)


if __name__ == "__main__":
    main()
