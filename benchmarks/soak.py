"""Does a server keep its memory for hours? Five hundred prompts through every node of ours that keeps something of a run.

python -m fair_attention.benchmarks.soak [--prompts 500] [--early 50] [--pictures 1] [--steps 2] [--out output/soak]

The shipped full chain (Fair Inference, SoftIoU Energy Guidance, Read Attributes) with *Capture Cross-Attention*, its heatmaps, and
*Record People*, on the embedded model, each prompt with words and a seed of its own. The host's history is emptied after each: it holds
some 40 KB of a prompt like this, for the last ten thousand, by design. Prints a line of JSON; fails where the server's memory after
all prompts is more than 5 % above that after the early ones. Minutes; not part of CI.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

import psutil

from ..audit.client import Client
from ..emoji_world.world import OCCUPATIONS, plural
from ..host import hosts
from ..host.server import Server, running
from ..host.workflow import read_prompt
from ..scripts.demo import find

WORKFLOW = hosts.ROOT / "workflows" / "full-chain.json"
LIMIT = 1.05


def graph(object_info: dict, pictures: int, steps: int) -> dict[str, dict]:
    """The full chain, recorded: what samples goes through Capture as well."""
    prompt = read_prompt(WORKFLOW, object_info)
    sampler, tokens = find(prompt, "KSampler"), find(prompt, "FairLinguisticAlignment")
    decode, reader = find(prompt, "VAEDecode"), find(prompt, "FairReadAttributes")
    prompt[find(prompt, "EmptyLatentImage")]["inputs"]["batch_size"] = pictures
    inputs = prompt[sampler]["inputs"]
    capture = {
        "model": inputs["model"],
        "clip": prompt[tokens]["inputs"]["clip"],
        "tokens": [tokens, 0],
        "keep_queries": 20,
    }
    more = {
        "101": ("FairAttentionCapture", capture),
        "102": ("FairAttentionHeatmaps", {"attention": ["101", 1], "latent": [sampler, 0], "image": [decode, 0], "opacity": 0.6}),
        "103": ("PreviewImage", {"images": ["102", 0]}),
        "104": ("FairRecordPeople", {
            "image": [decode, 0], "attributes": [reader, 0], "study": "soak", "method": "fair", "axis": "gender", "filename_prefix": "soak/x",
            "attention": [find(prompt, "FairInference"), 1], "latent": [sampler, 0]}),
    }  # fmt: skip
    inputs["model"] = ["101", 0]
    for noise in noises(prompt):
        noise["steps"] = steps
    return prompt | {name: {"class_type": kind, "inputs": given} for name, (kind, given) in more.items()}


def noises(prompt: dict[str, dict]) -> list[dict]:
    """The inputs of the samplers: the guided one and the plain one beside it, which have the same seed and steps."""
    return [node["inputs"] for node in prompt.values() if node["class_type"] == "KSampler"]


def memory(process: psutil.Process) -> float:
    """What a process holds, in MB: its resident pages that no file is behind."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def soak(
    server: Server, process: psutil.Process, prompts: int, every: int, pictures: int, steps: int
) -> dict[int, float]:
    """Run the graph so often, with other words and another seed each time; the memory after every so many."""
    prompt = graph(server.object_info(), pictures, steps)
    words = prompt[find(prompt, "FairLinguisticAlignment")]["inputs"]
    client, seen = Client(server.url), {}
    for number in range(1, prompts + 1):
        words["prompt"] = (
            f"a photo of {'two three'.split()[number % 2]} {plural(OCCUPATIONS[number % len(OCCUPATIONS)])}"
        )
        for noise in noises(prompt):
            noise["seed"] = number
        server.queue(prompt, lambda text: None)
        client.ask("/history", {"clear": True})
        if number % every == 0:
            seen[number] = round(memory(process), 1)
            print(f"{number} prompts: {seen[number]} MB", flush=True)
    return seen


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--early", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("output/soak"))
    asked = parser.parse_args()
    shutil.rmtree(asked.out, ignore_errors=True)
    began = time.monotonic()
    with running(asked.out) as server:
        (process,) = psutil.Process().children()
        seen = soak(server, process, asked.prompts, asked.early, asked.pictures, asked.steps)
    first, last = seen[asked.early], seen[max(seen)]
    grown = last / first
    print(
        json.dumps(
            {
                "prompts": asked.prompts,
                "memory_mb": seen,
                "grown": round(grown - 1, 4),
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    return int(grown > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
