"""What our nodes cost on a GPU at the real size: `make gpu-check`.

Stable Diffusion 1.4's shape with random weights (host/random_sd.py) through the stock loader, half precision, 512 px, 50
steps, one picture: plain, captured, Fair Inference on two people, SoftIoU, and both, each beside a plain run of its own in
alternating order; the ratio is the median of the pairs. Then the maps of one step in half precision against single, and
the shipped full chain in a server started as users start it, which manages the GPU's memory in its own way (DynamicVRAM).
Writes results/gpu.json and the table in RESULTS.md. Without CUDA it says so and changes nothing.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ..host import hosts, random_sd
from ..host.in_process import use_host
from ..host.server import running
from . import real_size
from .page import table, write_section

OUT = Path(__file__).parent / "results" / "gpu.json"
PROMPT = "a photo of two doctors in a garden"
CONCEPTS = "a photo of a doctor and gender"
BARS = {"captured": 1.01, "Fair Inference": 1.6, "SoftIoU": 1.3, "both": 1.9}  # times plain, at most


class Bench:
    """The loaded checkpoint, our nodes on it, and one way to sample."""

    def __init__(self, checkpoint: Path, pixels: int, dtype: torch.dtype):
        import comfy.sd

        load = comfy.sd.load_checkpoint_guess_config
        self.plain, self.clip, *_ = load(str(checkpoint), output_vae=False, model_options={"dtype": dtype})
        self.pixels = pixels
        self.models = self._models()

    def _models(self) -> dict[str, Any]:
        from ..nodes.alignment import FairLinguisticAlignment
        from ..nodes.capture import FairAttentionCapture
        from ..nodes.inference import FairInference
        from ..nodes.soft_iou import FairSoftIoUGuidance
        from ..nodes.target import FairTargetDistribution
        from ..nodes.voting import FairBlockVoting

        tokens, self.positive, _ = FairLinguisticAlignment.execute(self.clip, PROMPT).result
        self.negative = self.clip.encode_from_tokens_scheduled(self.clip.tokenize(""))
        (regions,) = FairBlockVoting.execute(tokens).result
        (target,) = FairTargetDistribution.execute("gender", "", "indexed quota", 0).result
        people = torch.zeros(2, self.pixels, self.pixels)
        people[0, :, : self.pixels // 3], people[1, :, -self.pixels // 3 :] = 1, 1  # random weights draw nobody

        def fair(model):
            return FairInference.execute(model, self.clip, target, regions=regions, masks=people).result[0]

        guided, _ = FairSoftIoUGuidance.execute(self.plain, self.clip, CONCEPTS, "gender ~ doctor").result
        captured, self.attention = FairAttentionCapture.execute(self.plain, self.clip, None, PROMPT).result
        return {"captured": captured, "Fair Inference": fair(self.plain), "SoftIoU": guided, "both": fair(guided)}

    def sample(self, model, steps: int) -> torch.Tensor:
        import nodes

        latent = {"samples": torch.zeros(1, 4, self.pixels // 8, self.pixels // 8)}
        settings = ("euler", "normal", self.positive, self.negative, latent)
        return nodes.common_ksampler(model, 0, steps, 7.5, *settings)[0]["samples"]

    def timed(self, model, steps: int) -> tuple[float, float]:
        """(seconds, peak GB of the device)"""
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        self.sample(model, steps)
        torch.cuda.synchronize()
        return time.perf_counter() - start, torch.cuda.max_memory_allocated() / 1e9


def measure(bench: Bench, steps: int, rounds: int) -> dict[str, Any]:
    """name -> ratio to plain, seconds and peak memory; medians over the rounds."""
    found: dict[str, Any] = {}
    bench.sample(bench.plain, 2)  # warm up
    for name, model in bench.models.items():
        bench.sample(model, 2)
        pairs = []
        for number in range(rounds):
            order = [bench.plain, model] if number % 2 == 0 else [model, bench.plain]
            runs = {id(m): bench.timed(m, steps) for m in order}
            pairs.append((runs[id(bench.plain)], runs[id(model)]))
        found[name] = {
            "ratio": round(median(ours[0] / plain[0] for plain, ours in pairs), 4),
            "seconds": round(median(ours[0] for _, ours in pairs), 3),
            "plain_seconds": round(median(plain[0] for plain, _ in pairs), 3),
            "peak_gb": round(max(ours[1] for _, ours in pairs), 2),
            "plain_peak_gb": round(max(plain[1] for plain, _ in pairs), 2),
        }
        print(f"{name}: {found[name]}", flush=True)
    return found


def first_maps(checkpoint: Path, pixels: int, dtype: torch.dtype) -> dict:
    """block -> [images,words,h,w], of one step from the same noise."""
    bench = Bench(checkpoint, pixels, dtype)
    bench.sample(bench.models["captured"], 1)
    store = bench.attention.runs[-1].store
    return {block: store.mean(block).cpu() for block in store.blocks}


def difference(half: dict, single: dict) -> float:
    """The largest difference of any cell, as a share of its block's largest value."""
    return max(float((half[b] - single[b]).abs().max() / single[b].max()) for b in single)


def through_server(folder: Path, pixels: int, steps: int) -> float:
    """Seconds of the shipped full chain, from the queue to the pictures; HostError says which node failed."""
    with running(folder, cpu=False) as server:
        return real_size.run(server, real_size.CHECKPOINT, pixels, steps)[0]


def write_page(result: dict[str, Any]) -> None:
    rows = [
        (name, f"{m['ratio']:.3f} ×", f"{BARS[name]:g} ×", f"{m['seconds']:.2f} s", f"{m['plain_seconds']:.2f} s",
         f"{m['peak_gb']:.2f} GB", f"{m['plain_peak_gb']:.2f} GB")
        for name, m in result["costs"].items()
    ]  # fmt: skip
    write_section(
        "GPU",
        f"`make gpu-check` on {result['device']}, ComfyUI {result['host']}: Stable Diffusion 1.4's shape, random weights, "
        f"half precision, {result['pixels']} px, {result['steps']} steps, one picture; medians of {result['rounds']} "
        "alternating pairs.\n\n"
        + table(("", "time of plain", "at most", "time", "plain", "peak memory", "plain"), rows)
        + f"\n\nMaps in half precision differ from single by at most {result['maps_difference']:.2%} of a block's largest. "
        f"The shipped full chain through the server, the loading of the model included: {result['chain_seconds']:.0f} s.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=512)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    a = parser.parse_args()
    if not torch.cuda.is_available():
        print("gpu-check: there is no CUDA device here, so nothing was measured and no file was changed.")
        return
    use_host()
    with tempfile.TemporaryDirectory(prefix="fair-attention-") as folder, torch.inference_mode():
        checkpoints = Path(folder, "models", "checkpoints")
        checkpoints.mkdir(parents=True)
        checkpoint = random_sd.save(checkpoints / real_size.CHECKPOINT)
        result = {
            "host": hosts.version(),
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(),
            **vars(a),
        }
        result["costs"] = measure(Bench(checkpoint, a.pixels, torch.float16), a.steps, a.rounds)
        maps = [first_maps(checkpoint, a.pixels, dtype) for dtype in (torch.float16, torch.float32)]
        result["maps_difference"] = difference(*maps)
        result["chain_seconds"] = through_server(Path(folder), a.pixels, a.steps)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write_page(result)


if __name__ == "__main__":
    main()
