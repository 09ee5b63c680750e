"""The demo: a shipped workflow on the embedded model in a real ComfyUI, plain and fair, with the same seeds."""

import json
import time
from pathlib import Path
from typing import Any

from safetensors import safe_open

from ..emoji_world.reader import EmojiReader
from ..emoji_world.world import CHECKPOINT
from ..guidance.fair.target import PRESETS
from ..host import hosts
from ..host.server import HostError, Server, running, say
from ..host.workflow import read_prompt
from . import demo_report
from .demo_report import Method
from .demo_request import BATCH, Request, parse, unknown_words

WORKFLOW = hosts.ROOT / "workflows" / "fair-inference-gender.json"
PEOPLE = "demo/people"  # what the host saves of whom it found, in its output folder


def find(prompt: dict, kind: str, **inputs) -> str:
    """The id of the node of that class with these inputs."""
    return next(
        n for n, node in prompt.items()
        if node["class_type"] == kind and all(node["inputs"].get(k) == v for k, v in inputs.items())
    )  # fmt: skip


def without(prompt: dict, kind: str) -> dict:
    """The prompt without the nodes of a class and all that depends on them."""
    gone = {n for n, node in prompt.items() if node["class_type"] == kind}
    while True:
        kept = {n: node for n, node in prompt.items() if n not in gone}
        more = {
            n for n, node in kept.items() if any(isinstance(v, list) and v[0] in gone for v in node["inputs"].values())
        }
        if not more:
            return kept
        gone |= more


def prepare(prompt: dict, text: str, attributes: str) -> dict:
    """Set the user's prompt and attributes in the workflow's prompt.

    The plain pictures are a run of their own here, so *soft* serves, and the unedited ones beside are left out; all
    other values stay as shipped.
    """
    prompt = without(prompt, "FairUneditedLatent")
    prompt[find(prompt, "FairInference")]["inputs"]["preservation"] = "soft"
    prompt[find(prompt, "FairLinguisticAlignment")]["inputs"]["prompt"] = text
    target = prompt[find(prompt, "FairTargetDistribution")]["inputs"]
    target.update(preset=attributes if attributes in PRESETS else "own list", attributes=attributes.replace(",", "\n"))
    if attributes in EmojiReader.axes:
        prompt[find(prompt, "FairBiasMetrics")]["inputs"]["axis"] = attributes
    return prompt


def keep_people(prompt: dict) -> dict:
    """Have the run save whom it found, too: the report is text for people to read."""
    report = prompt[find(prompt, "FairReport")]["inputs"]
    inputs = {"attention": report["attention"], "latent": report["latent"], "filename_prefix": PEOPLE}
    return {**prompt, "people": {"class_type": "FairAttentionSave", "inputs": inputs}}


def saved_people(folder: Path, images: int) -> list[list[dict[str, Any]]]:
    """The people of the file that a run has saved, image by image; the file is taken away."""
    path = max(folder.glob("people*.safetensors"), key=lambda file: file.stat().st_mtime)
    with safe_open(path, framework="pt") as file:
        found = json.loads(file.metadata()["people"])
        masks = iter(file.get_tensor("people") if "people" in file.keys() else ())  # noqa: SIM118
    path.unlink()
    return [[{**person, "mask": next(masks)} for person in people] for people in found] or [[] for _ in range(images)]


def run(server: Server, prompt: dict, method: Method, strength: float, pictures: int, output: Path) -> None:
    """Queue the prompt until there are that many pictures; append what comes back to `method`. output: the host's folder."""
    sampler, latent = find(prompt, "KSampler"), find(prompt, "EmptyLatentImage")
    prompt[find(prompt, "FairInference")]["inputs"]["strength"] = strength
    for start in range(0, pictures, BATCH):
        prompt[latent]["inputs"]["batch_size"] = min(BATCH, pictures - start)
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
        method.people += saved_people(output / Path(PEOPLE).parent, min(BATCH, pictures - start))


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
    asked = parse()
    host = asked.out / "host"
    host.mkdir(parents=True, exist_ok=True)
    plain, fair = Method("plain"), Method("fair inference")
    if unknown := unknown_words(asked.prompt):
        print(f"The embedded model has not learned {', '.join(unknown)}: what it draws for that says nothing")
    print(f"Starting ComfyUI {hosts.version()} headless; its log is {host}/server.log")
    try:
        with running(host) as server:
            prompt = keep_people(prepare(read_prompt(WORKFLOW, server.object_info()), asked.prompt, asked.attributes))
            shipped = prompt[find(prompt, "FairInference")]["inputs"]["strength"]
            print(f"Plain: {asked.pictures} pictures of {asked.prompt!r} as the model draws them by itself")
            run(server, prompt, plain, 0.0, asked.pictures, host / "output")
            print("Fair: the same noise, each person given an attribute")
            run(server, prompt, fair, shipped, asked.pictures, host / "output")
    except HostError as error:
        raise SystemExit(f"The host says:\n{error}") from None
    demo_report.write(asked.out, facts(prompt, asked), asked.wanted, plain, fair)


def facts(prompt: dict, asked: Request) -> dict[str, Any]:
    """Everything that is needed to draw the same again. noise: of each picture the sampler's seed and its place in the batch."""
    sampler, fair = (prompt[find(prompt, kind)]["inputs"] for kind in ("KSampler", "FairInference"))
    target = prompt[find(prompt, "FairTargetDistribution")]["inputs"]
    total = sum(a.share for a in asked.wanted)
    return {
        "prompt": asked.prompt,
        "pictures": asked.pictures,
        "noise": [{"seed": i // BATCH * BATCH, "batch_index": i % BATCH} for i in range(asked.pictures)],
        "host": hosts.version(),
        "checkpoint": CHECKPOINT.name,
        "commit": hosts.pack_commit(),
        "target": {a.name: a.share / total for a in asked.wanted},
        "assignment": target["assignment"],
        "target_seed": target["seed"],
        **{name: sampler[name] for name in ("steps", "cfg", "sampler_name", "scheduler", "denoise")},
        "fair_inference": {name: value for name, value in fair.items() if not isinstance(value, list)},
    }


if __name__ == "__main__":
    main()
