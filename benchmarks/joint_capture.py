"""What recording the attention of a transformer costs, at Flux's shape: `python -m fair_attention.benchmarks.joint_capture`.

Blocks of Flux's width (3072, 24 heads) with random weights, two of each kind instead of 19 and 38, a picture of 1024 x 1024
(4096 tokens) and a text of 512, eight words, all blocks recorded. One step (guidance-distilled, so one forward) with and
without capture in alternating order; the overhead is the median of the paired differences. It takes a minute or two a step on
two cores, and 5 GB of memory. --quick: a narrow model and a small picture, to try the command itself.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from ..host import hosts
from ..host.in_process import use_host
from ..host.random_dit import FLUX, built
from .capture import WORDS, beside_plain
from .page import write_section

OUT = Path(__file__).parent / "results" / "joint_capture.json"

WIDE = {
    **FLUX, "hidden_size": 3072, "num_heads": 24, "mlp_ratio": 4.0, "axes_dim": [16, 56, 56], "context_in_dim": 4096, "vec_in_dim": 768,
    "depth": 2,
}  # fmt: skip


class Bench:
    """A Flux of random weights, its noise and its text."""

    def __init__(self, sizes: dict[str, Any], side: int, length: int):
        self.model = built("Flux", sizes, seed=0)
        generator = torch.Generator().manual_seed(1)
        self.text = torch.randn(1, length, sizes["context_in_dim"], generator=generator)
        self.pooled = torch.randn(1, sizes["vec_in_dim"], generator=generator)
        self.noise = torch.randn(1, 16, side, side, generator=generator)

    def sample(self, model) -> torch.Tensor:
        import comfy.samplers

        guider = comfy.samplers.CFGGuider(model)
        conditioning = [[self.text, {"pooled_output": self.pooled, "guidance": 3.5}]]
        guider.set_conds(conditioning, conditioning)
        guider.set_cfg(1.0)
        sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", 1)
        euler = comfy.samplers.sampler_object("euler")
        return guider.sample(self.noise, torch.zeros_like(self.noise), euler, sigmas, disable_pbar=True, seed=0)

    def captured(self):
        """The patched model, which records WORDS words in every block."""
        from ..attention.capture import WordQuery
        from ..attention.records import Watch
        from ..guidance.run_record import Recording
        from ..nodes.sampling.observe import observe

        words = tuple(WordQuery(f"word {i}", (i,)) for i in range(1, WORDS + 1))
        capture = Recording(Watch(words, self.text))
        return observe(self.model.clone(), "bench", capture.watch, "joint-capture", capture)


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    captured = bench.captured()
    return beside_plain(lambda: bench.sample(bench.model), lambda: bench.sample(captured), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    a = parser.parse_args()
    use_host()
    with torch.inference_mode():
        bench = Bench(FLUX, 16, 32) if a.quick else Bench(WIDE, 128, 512)
        result = {"host": hosts.version(), "threads": torch.get_num_threads(), **measure(bench, a.rounds)}
    print(json.dumps(result, indent=1))
    if not a.quick:
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        write_page(result)


def write_page(result: dict[str, Any]) -> None:
    rounds = result["rounds_percent"]
    write_section(
        "Capture in transformers",
        f"`python -m fair_attention.benchmarks.joint_capture` on ComfyUI {result['host']}: four blocks of Flux's width with random weights, a "
        f"picture of 1024 x 1024, a text of 512 tokens, {WORDS} words, every block recorded, {result['threads']} thread(s). Extra time of a step of "
        f"{result['step_seconds']:.0f} s: {result['overhead_percent']:.1f} % (median of {len(rounds)} pairs, {min(rounds):.0f} to {max(rounds):.0f} %; "
        f"bar 3 %). The latent is {'' if result['bit_identical'] else 'not '}bit-identical.",
    )


if __name__ == "__main__":
    main()
