"""The demo: a shipped workflow on the embedded model in a real ComfyUI, plain and fair, with the same seeds."""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..emoji_world.reader import EmojiReader
from ..emoji_world.world import CHECKPOINT
from ..guidance.target import PRESETS
from . import demo_report, hosts
from .server import HostError, Server, running, say
from .workflow import read_prompt

WORKFLOW = hosts.ROOT / "workflows" / "fair-inference-gender.json"
OUT = Path("output/demo")
BATCH = 16  # pictures a queue run


@dataclass
class Method:
    """What one method drew. pictures [H,W,3] uint8 in seed order; labelled, outlined: the same, drawn on by the nodes."""

    name: str
    pictures: list[Image.Image] = field(default_factory=list)
    labelled: list[Image.Image] = field(default_factory=list)
    outlined: list[Image.Image] = field(default_factory=list)
    heatmaps: list[Image.Image] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def tensor(self) -> Tensor:
        return torch.stack([torch.from_numpy(np.array(p)) for p in self.pictures]).float() / 255


def find(prompt: dict, kind: str, **inputs) -> str:
    """The id of the node of that class with these inputs."""
    return next(
        n for n, node in prompt.items()
        if node["class_type"] == kind and all(node["inputs"].get(k) == v for k, v in inputs.items())
    )  # fmt: skip


def prepare(prompt: dict, text: str, attributes: str) -> dict:
    """Set the user's prompt and attributes in the workflow's prompt; its other values stay as shipped."""
    prompt[find(prompt, "FairLinguisticAlignment")]["inputs"]["prompt"] = text
    target = prompt[find(prompt, "FairTargetDistribution")]["inputs"]
    target.update(preset=attributes if attributes in PRESETS else "own list", attributes=attributes.replace(",", "\n"))
    if attributes in EmojiReader.axes:
        prompt[find(prompt, "FairBiasMetrics")]["inputs"]["axis"] = attributes
    return prompt


def run(server: Server, prompt: dict, method: Method, strength: float, seeds: int) -> None:
    """Queue the prompt until `seeds` pictures are there; append what comes back to `method`."""
    sampler, latent = find(prompt, "KSampler"), find(prompt, "EmptyLatentImage")
    prompt[find(prompt, "FairInference")]["inputs"]["strength"] = strength
    for start in range(0, seeds, BATCH):
        prompt[latent]["inputs"]["batch_size"] = min(BATCH, seeds - start)
        prompt[sampler]["inputs"]["seed"] = start
        clock = Stopwatch("KSampler")
        entry = server.queue(prompt, clock)
        method.seconds += clock.seconds
        method.pictures += server.images(entry, find(prompt, "SaveImage", filename_prefix="fair"))
        method.labelled += server.images(entry, find(prompt, "FairReadAttributes"))
        report = find(prompt, "FairReport")
        method.outlined += server.images(entry, report)
        method.reports += entry["outputs"][report]["text"]
        method.heatmaps += server.images(entry, find(prompt, "FairAttentionHeatmaps"))


class Stopwatch:
    """Seconds that one node class takes, from the host's progress messages; passes them on to be shown."""

    def __init__(self, kind: str):
        self.kind, self.seconds, self.since = kind, 0.0, None

    def __call__(self, text: str) -> None:
        say(text)
        if " " in text:
            return
        if self.since is not None:
            self.seconds += time.monotonic() - self.since
        self.since = time.monotonic() if text == self.kind else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompt", default="a photo of three pilots")
    parser.add_argument("--seeds", type=int, default=16, help="how many pictures")
    parser.add_argument(
        "--attributes", default="gender", help=f"{', '.join(PRESETS)}, or a list such as female 3, male 1"
    )
    a = parser.parse_args()
    if a.seeds < 1:
        parser.error(f"--seeds {a.seeds}: ask for at least one picture")
    OUT.mkdir(parents=True, exist_ok=True)
    plain, fair = Method("plain"), Method("fair inference")
    print(f"Starting ComfyUI {hosts.version()} headless; its log is {OUT}/host/server.log")
    try:
        with running(OUT / "host") as server:
            prompt = prepare(read_prompt(WORKFLOW, server.object_info()), a.prompt, a.attributes)
            shipped = prompt[find(prompt, "FairInference")]["inputs"]["strength"]
            print(f"Plain: {a.seeds} pictures of {a.prompt!r} as the model draws them by itself")
            run(server, prompt, plain, 0.0, a.seeds)
            print("Fair: the same seeds, each person given an attribute")
            run(server, prompt, fair, shipped, a.seeds)
    except HostError as error:
        raise SystemExit(f"The host says:\n{error}") from None
    facts = {"prompt": a.prompt, "seeds": a.seeds, "host": hosts.version(), "checkpoint": CHECKPOINT.name}
    demo_report.write(OUT, facts, plain, fair)


if __name__ == "__main__":
    main()
