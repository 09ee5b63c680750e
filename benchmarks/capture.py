"""What recording the cross-attention costs: `make bench-capture`.

Time: SD 1.4's real shape with random weights, a 32x32 latent, 8 words, all 16 blocks. One sampling step (a CFG pair)
with and without capture, in alternating order; the overhead is the median of the paired differences. Bytes: the same
blocks at a 64x64 latent after 1 and after 50 steps. They depend on grids and words, not on channels, so that a U-Net of
32 channels does. Writes results/capture.json and the table in RESULTS.md.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ..host import hosts
from ..host.in_process import use_host
from ..host.tiny import UNET, initial
from .page import table, write_section

OUT = Path(__file__).parent / "results" / "capture.json"
SD14 = {**UNET, "model_channels": 320, "context_dim": 768}
WORDS = 8
# Measured once, each as its real class around the same U-Net shape in diffusers: fp32, 2 threads, random weights.
PEERS = (
    ("daam 0.2.0", "3.2 to 4.8 %", "63 MiB", "63 MiB"),
    ("comfyui-daam 0.4.1 (post-processing only)", "13 to 17 %", "19 MiB", "962 MiB"),
    ("attention-map-diffusers 1.0.0, exact", "3.3 %", "16 MiB", "791 MiB"),
    ("attention-map-diffusers 1.0.0, fast, all steps", "0.1 %", "96 MiB", "4.7 GiB"),
    ("OVAM 0.0.1 (sampling part)", "0 %", "88 MiB", "4.4 GiB"),
    ("prompt-to-prompt store", "6.5 %", "-", "-"),
)


def random_model(unet: dict[str, Any]):
    """The host's SD 1.x model of this U-Net, random weights, without a checkpoint."""
    import comfy.model_management
    import comfy.model_patcher
    import comfy.supported_models

    config = comfy.supported_models.SD15({k: v for k, v in unet.items() if k not in ("num_heads", "num_head_channels")})
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({})
    generator = torch.Generator().manual_seed(0)
    for name, weight in model.diffusion_model.named_parameters():
        weight.copy_(initial(name, weight.shape, generator))
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.ModelPatcher(model, device, comfy.model_management.unet_offload_device())


class Bench:
    """A model, two encoded prompts, and a latent of zeros to sample from."""

    def __init__(self, unet: dict[str, Any], latent: int):
        generator = torch.Generator().manual_seed(1)
        self.model = random_model(unet)
        self.positive, self.negative = torch.randn(2, 1, 77, unet["context_dim"], generator=generator)
        self.noise = torch.randn(1, 4, latent, latent, generator=generator)

    def sample(self, model, steps: int, cfg: float) -> torch.Tensor:
        import comfy.samplers

        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds([[self.positive, {}]], [[self.negative, {}]])
        guider.set_cfg(cfg)
        sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "normal", steps)
        euler = comfy.samplers.sampler_object("euler")
        return guider.sample(self.noise, torch.zeros_like(self.noise), euler, sigmas, disable_pbar=True, seed=0)

    def captured(self):
        """(patched model, capture) that records WORDS words in every block."""
        from ..attention.capture import WordQuery
        from ..attention.records import Watch
        from ..guidance.run_record import Recording
        from ..nodes.sampling.observe import observe

        words = tuple(WordQuery(f"word {i}", (i,)) for i in range(1, WORDS + 1))
        capture = Recording(Watch(words, self.positive))
        return observe(self.model.clone(), "bench", capture.watch, "bench-capture", capture), capture


def timed(work: Callable[[], torch.Tensor]) -> tuple[float, float, torch.Tensor]:
    """(wall seconds, processor seconds, result)"""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - processor, result


def measure_time(bench: Bench, rounds: int) -> dict[str, Any]:
    patched, _ = bench.captured()
    return beside_plain(lambda: bench.sample(bench.model, 1, 7.5), lambda: bench.sample(patched, 1, 7.5), rounds)


def beside_plain(
    plain_step: Callable[[], torch.Tensor], captured_step: Callable[[], torch.Tensor], rounds: int
) -> dict[str, Any]:
    """What a captured step takes more than a plain one, in alternating order, and whether both give the same to the bit."""
    both = {"plain": plain_step, "captured": captured_step}
    for work in both.values():
        work()  # warm up
    walls, processors, plain_walls, identical = [], [], [], True
    for number in range(rounds):
        order = ("plain", "captured") if number % 2 == 0 else ("captured", "plain")
        seen = {name: timed(both[name]) for name in order}
        plain, captured = seen["plain"], seen["captured"]
        walls.append(100 * (captured[0] / plain[0] - 1))
        processors.append(100 * (captured[1] / plain[1] - 1))
        plain_walls.append(plain[0])
        identical &= torch.equal(plain[2], captured[2])
        print(
            f"round {number + 1}: step {plain[0]:.2f} s, capture {walls[-1]:+.2f} % (processor {processors[-1]:+.2f} %)",
            flush=True,
        )
    return {
        "overhead_percent": round(median(walls), 2),
        "overhead_percent_processor": round(median(processors), 2),
        "rounds_percent": [round(w, 2) for w in walls],
        "step_seconds": round(median(plain_walls), 3),
        "bit_identical": identical,
    }


def measure_bytes(bench: Bench, many: int) -> dict[str, Any]:
    patched, capture = bench.captured()
    bench.sample(patched, 1, 1.0)
    bench.sample(patched, many, 1.0)
    one, more = (run.store.bytes() for run in capture.runs)
    return {"bytes_after_1_step": one, f"bytes_after_{many}_steps": more, "blocks": len(capture.runs[-1].store.blocks)}


def write_page(result: dict[str, Any]) -> None:
    one, fifty = (f"{result[f'bytes_after_{n}'] / 2**20:.2f} MiB" for n in ("1_step", "50_steps"))
    low, high = min(result["rounds_percent"]), max(result["rounds_percent"])
    extra = f"{result['overhead_percent']:.1f} %" if low > 0 else f"within the noise, rounds {low:.0f} to {high:+.0f} %"
    rows = [("Fair Attention", extra, one, fifty), *PEERS]
    write_section(
        "Capture",
        f"`make bench-capture` on ComfyUI {result['host']}: extra time of a sampling step (SD 1.4's shape, 256 x 256, CFG "
        f"pair, {WORDS} words, 16 blocks; {len(result['rounds_percent'])} paired rounds), and bytes kept for one picture of "
        f"512 x 512. "
        f"The picture is {'bit-identical' if result['bit_identical'] else 'NOT identical'}.\n\n"
        + table(("", "extra time", "after 1 step", "after 50 steps"), rows)
        + "\n\nThe peers' rows were measured once on another day, as their real classes around the same U-Net in diffusers; "
        "those that take less time compute the maps later, when they are read.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--quick", action="store_true", help="a narrow U-Net and small latents: to try the command itself"
    )
    a = parser.parse_args()
    use_host()
    with torch.inference_mode():
        result = {"host": hosts.version(), "threads": torch.get_num_threads(), "torch": torch.__version__}
        result |= measure_bytes(Bench(UNET, 16 if a.quick else 64), 3 if a.quick else 50)
        result |= measure_time(Bench(UNET if a.quick else SD14, 16 if a.quick else 32), a.rounds)
    print(json.dumps(result, indent=1))
    if not a.quick:
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        write_page(result)


if __name__ == "__main__":
    main()
