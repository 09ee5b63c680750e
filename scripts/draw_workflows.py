"""Write the workflows this pack ships, from the graphs described here: `python -m fair_attention.scripts.draw_workflows`.

Generated so that names, order and number of every input follow the nodes' own schemas.
"""

import json
import re
from pathlib import Path
from typing import Any

from . import hosts
from .draw import Graph, to_workflow
from .server import running

FOLDER = hosts.ROOT / "workflows"
SIZE = 128  # pixels a side: the emoji world's own


def node(kind: str, **inputs: Any) -> dict:
    return {"class_type": kind, "inputs": inputs}


def fair_inference(title: str, note: str, prompt: str, targets: dict[str, dict], target: str, axis: str) -> Graph:
    """Loader, alignment, voting, target, Fair Inference, sampler, report and measurement."""
    nodes = {
        "1": node("CheckpointLoaderSimple", ckpt_name="emoji-world.safetensors"),
        "2": node("FairLinguisticAlignment", clip=["1", 1], prompt=prompt),
        "3": node("CLIPTextEncode", clip=["1", 1], text=""),
        "4": node("FairBlockVoting", tokens=["2", 0], weights="emoji world (calibrated)"),
        **targets,
        "6": node("FairInference", model=["1", 0], clip=["1", 1], target=[target, 0], regions=["4", 0]),
        "7": node("EmptyLatentImage", width=SIZE, height=SIZE, batch_size=8),
        "8": node("KSampler", model=["6", 0], positive=["2", 1], negative=["3", 0], latent_image=["7", 0], seed=0,
                  steps=25, cfg=4.0, sampler_name="euler", scheduler="normal", denoise=1.0),
        "9": node("VAEDecode", samples=["8", 0], vae=["1", 2]),
        "10": node("SaveImage", images=["9", 0], filename_prefix="fair"),
        "11": node("FairReport", attention=["6", 1], latent=["8", 0], image=["9", 0]),
        "12": node("FairReadAttributes", image=["9", 0], reader="emoji world"),
        "13": node("FairBiasMetrics", attributes=["12", 0], axis=axis),
        "14": node("FairAttentionHeatmaps", attention=["6", 1], latent=["8", 0], image=["9", 0]),
        "15": node("PreviewImage", images=["13", 4]),
        "16": node("PreviewImage", images=["14", 0]),
        "17": node("SaveImage", images=["12", 1], filename_prefix="fair_read"),
    }  # fmt: skip
    columns = [
        ["1"],
        ["2", "3"],
        ["4", *targets],
        ["6", "7"],
        ["8"],
        ["9", "10"],
        ["11"],
        ["12", "17"],
        ["13", "15"],
        ["14", "16"],
    ]
    groups = {"Who is to change": (1, 2), "Sample": (3, 5), "What was done": (6, 6), "Measure": (7, 8), "Look": (9, 9)}
    return Graph(title, note, nodes, columns, groups)


SD_HINT = (
    "\n\nRuns as it is, on the emoji world that ships with the pack. For Stable Diffusion 1.4: choose its checkpoint, set "
    "width and height to 512 and Block Voting's weights to *by resolution (SD)*; the emoji reader reads emoji only, so "
    "leave the group Measure out."
)

GRAPHS = {
    "fair-inference-gender": fair_inference(
        "Fair Inference: gender",
        "The model draws pilots as men. Every pilot found in these eight pictures is given a gender, half and half over "
        "all of them, inside that pilot's own outline.\n\nSet **strength** to 0 to see the pictures as the model draws "
        "them by itself: same seed, same places." + SD_HINT,
        "a photo of three pilots",
        {
            "5": node(
                "FairTargetDistribution",
                preset="gender",
                attributes="female 1\nmale 1",
                assignment="running quota",
                seed=0,
            )
        },
        "5",
        "gender",
    ),
}


def main() -> None:
    version = re.search(r'^version = "(.+)"', (hosts.ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)[1]
    FOLDER.mkdir(exist_ok=True)
    with running(Path("output/draw")) as server:
        info = server.object_info()
    for name, graph in GRAPHS.items():
        text = json.dumps(to_workflow(graph, info, version), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"wrote workflows/{name}.json")


if __name__ == "__main__":
    main()
