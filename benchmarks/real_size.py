"""The full chain at Stable Diffusion 1.4's real size, on the CPU: `make real-size`. Takes tens of minutes.

The shipped workflow, its checkpoint replaced by one of random weights (host/random_sd.py), 256 px and 2 steps, through a real
server and its stock loader. Prints the server's peak memory and fails above 9 GB. Not part of CI.
"""

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from ..host import hosts, random_sd
from ..host.in_process import use_host
from ..host.server import HostError, Server, running
from ..host.workflow import read_prompt
from ..scripts.demo import find
from .page import write_section

WORKFLOW = hosts.ROOT / "workflows" / "full-chain.json"
CHECKPOINT = "sd14-random.safetensors"
LIMIT = 9.0  # GB
EMOJI_ONLY = ("FairReadAttributes", "FairBiasMetrics")


def prepare(prompt: dict, checkpoint: str, pixels: int, steps: int) -> dict:
    """As the workflow's own note says for Stable Diffusion; Fair Inference up to the last step, so that it has one."""
    prompt = {name: node for name, node in prompt.items() if node["class_type"] not in EMOJI_ONLY}
    values = {
        "CheckpointLoaderSimple": {"ckpt_name": checkpoint},
        "EmptyLatentImage": {"width": pixels, "height": pixels, "batch_size": 1},
        "KSampler": {"steps": steps},
        "FairBlockVoting": {"weights": "by resolution (SD)"},
        "FairInference": {"end_percent": 1.0},
    }
    for kind, inputs in values.items():
        prompt[find(prompt, kind)]["inputs"].update(inputs)
    return prompt


def peak(process: psutil.Process) -> float:
    """The most memory a process has held at a time, in GB, as Linux counts it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e9


def run(server: Server, checkpoint: str, pixels: int, steps: int) -> tuple[float, float]:
    """Queue the chain, print what its reports say, and give its seconds and the peak memory in GB."""
    prompt = prepare(read_prompt(WORKFLOW, server.object_info()), checkpoint, pixels, steps)
    start = time.monotonic()
    entry = server.queue(prompt)
    (picture,) = server.images(entry, find(prompt, "SaveImage"))
    seconds = time.monotonic() - start
    print(f"{picture.width} x {picture.height} px, {steps} steps: {seconds:.0f} s")
    for name, node in prompt.items():
        if node["class_type"] == "FairReport":
            print("\n".join(f"  {line}" for line in entry["outputs"][name]["text"][0].splitlines()))
    (process,) = psutil.Process().children()
    return seconds, peak(process)


def write_page(pixels: int, steps: int, seconds: float, held: float) -> None:
    write_section(
        "Stable Diffusion's real size",
        f"`make real-size` on ComfyUI {hosts.version()}: the workflow full-chain at SD 1.4's shape with random weights, "
        f"{pixels} x {pixels} px, {steps} steps on the CPU, through the stock loader: {seconds:.0f} s, and at most "
        f"{held:.2f} GB held by the whole server (bar: {LIMIT:g} GB).\n\n"
        "Times on a GPU are not in this page until somebody runs `make gpu-check` on one; it writes its own section.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=256)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="the embedded model at 64 px: to try the command itself")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fair-attention-") as folder:
        base = Path(folder)
        if not a.quick:
            use_host()
            (base / "models" / "checkpoints").mkdir(parents=True)
            print("Building a checkpoint of 2.1 GB")
            random_sd.save(base / "models" / "checkpoints" / CHECKPOINT)
        try:
            with running(base) as server:
                args = ("emoji-world.safetensors", 64, 2) if a.quick else (CHECKPOINT, a.pixels, a.steps)
                seconds, held = run(server, *args)
        except HostError as error:
            raise SystemExit(f"The host says:\n{error}") from None
    print(f"peak memory of the server: {held:.2f} GB (at most {LIMIT:g})")
    if not a.quick:
        write_page(a.pixels, a.steps, seconds, held)
    if held > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
