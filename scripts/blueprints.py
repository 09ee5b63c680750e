"""Write the subgraph blueprints this pack ships, several nodes in one box: `python -m fair_attention.scripts.blueprints`.

The host offers every file of `subgraphs/` in its node menu. Inner nodes are laid out as workflows are (draw.py); what people
change is linked from the box to the nodes inside.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..host import hosts
from ..host.server import running
from ..host.workflow import widget_values
from .draw import WIDTH, Graph, extent, to_workflow
from .graph_parts import CFG, node

FOLDER = hosts.ROOT / "subgraphs"
SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "fair-attention/subgraphs")
INSIDE, OUTSIDE = -10, -20  # ids of the box's own sides
CATEGORY = "fair attention"
LINK = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


@dataclass(frozen=True)
class Blueprint:
    """prompt, columns: as a Graph's. inputs: name on the box -> (node, input) it feeds, each. outputs: (name, node, slot)."""

    about: str
    prompt: dict[str, dict]
    columns: list[list[str]]
    inputs: dict[str, list[tuple[str, str]]]
    outputs: list[tuple[str, str, int]]


def fair_people() -> Blueprint:
    nodes = {
        "1": node("FairLinguisticAlignment", prompt="a photo of two doctors"),
        "2": node("FairBlockVoting", tokens=["1", 0]),
        "3": node("FairTargetDistribution", preset="gender"),
        "4": node("FairInference", target=["3", 0], regions=["2", 0]),
    }
    inputs = {
        "model": [("4", "model")], "clip": [("1", "clip"), ("4", "clip")], "prompt": [("1", "prompt")],
        "preset": [("3", "preset")], "attributes": [("3", "attributes")], "seed": [("3", "seed")],
        "strength": [("4", "strength")],
    }  # fmt: skip
    return Blueprint(
        "Every person the prompt names is given an attribute, in the shares you ask for: alignment, voting, target and Fair Inference "
        "in one box. Sample with its model and positive.",
        nodes, [["1", "2"], ["3"], ["4"]], inputs, [("model", "4", 0), ("positive", "1", 1), ("attention", "4", 1)],
    )  # fmt: skip


def measure_bias() -> Blueprint:
    nodes = {"1": node("FairReadAttributes"), "2": node("FairBiasMetrics", attributes=["1", 0])}
    return Blueprint(
        "How unequal the people of a batch of pictures are: who is in them as a reader perceives it, then Bias-W and Bias-P with "
        "intervals and a test.",
        nodes, [["1"], ["2"]], {"image": [("1", "image")], "reader": [("1", "reader")], "axis": [("2", "axis")]},
        [("bias_w", "2", 0), ("bias_p", "2", 1), ("report", "2", 3), ("chart", "2", 4), ("people", "1", 1)],
    )  # fmt: skip


def see_attention() -> Blueprint:
    nodes = {
        "1": node("PrimitiveStringMultiline", value="a photo of two doctors next to trees"),
        "2": node("CLIPTextEncode", text=["1", 0]),
        "3": node("FairAttentionCapture", prompt=["1", 0]),
        "4": node("KSampler", model=["3", 0], positive=["2", 0], seed=0, steps=25, cfg=CFG, sampler_name="euler",
                  scheduler="normal", denoise=1.0),
        "5": node("VAEDecode", samples=["4", 0]),
        "6": node("FairAttentionHeatmaps", attention=["3", 1], latent=["4", 0], image=["5", 0]),
    }  # fmt: skip
    inputs = {
        "model": [("3", "model")], "clip": [("2", "clip"), ("3", "clip")], "vae": [("5", "vae")],
        "negative": [("4", "negative")], "latent_image": [("4", "latent_image")], "prompt": [("1", "value")],
        "words": [("3", "words")], "seed": [("4", "seed")], "steps": [("4", "steps")], "cfg": [("4", "cfg")],
    }  # fmt: skip
    return Blueprint(
        "Samples a prompt and shows where the model looked for each word: the pictures, the maps over them, and the maps as masks.",
        nodes, [["1", "2"], ["3"], ["4", "5"], ["6"]], inputs, [("image", "5", 0), ("overlays", "6", 0), ("maps", "6", 1)],
    )  # fmt: skip


BLUEPRINTS = {"Fair people": fair_people, "Measure bias": measure_bias, "See attention": see_attention}


def to_blueprint(name: str, blueprint: Blueprint, info: dict, release: str) -> dict:
    """The file's content: a workflow of one box, which holds the graph."""
    drawn = to_workflow(Graph(name, "", blueprint.prompt, blueprint.columns), info, release)
    nodes = {str(n["id"]): n for n in drawn["nodes"] if n["type"] != "MarkdownNote"}
    left, top, right, bottom = extent(list(nodes.values()))
    links = [dict(zip(LINK, link, strict=True)) for link in drawn["links"]]
    box_inputs, entries, values = [], [], []
    for slot, (title, fed) in enumerate(blueprint.inputs.items()):
        kind, value, is_widget = described(nodes, fed[0], info)
        numbers = [linked(nodes[n], entry, kind, slot, links, is_widget) for n, entry in fed]
        box_inputs.append(socket(f"{name}/in/{title}", title, kind, numbers, [left - 60, top + 20 * slot]))
        entries.append(
            {"name": title, "type": kind, **({"widget": {"name": title}} if is_widget else {}), "link": None}
        )
        values += [value] if is_widget else []
    box_outputs = []
    for slot, (title, origin, out) in enumerate(blueprint.outputs):
        output = nodes[origin]["outputs"][out]
        number = connect(links, int(origin), out, OUTSIDE, slot, output["type"])
        output["links"].append(number)
        box_outputs.append(
            socket(f"{name}/out/{title}", title, output["type"], [number], [right + 60, top + 20 * slot])
        )
    kind = str(uuid.uuid5(SPACE, name))
    state = {"lastGroupId": 0, "lastNodeId": max(map(int, nodes)), "lastLinkId": len(links), "lastRerouteId": 0}
    subgraph = {
        "id": kind, "version": 1, "state": state, "revision": 0, "config": {}, "name": name,
        "inputNode": {"id": INSIDE, "bounding": [left - 180, top, 120, 20 * len(box_inputs) + 20]},
        "outputNode": {"id": OUTSIDE, "bounding": [right + 60, top, 120, 20 * len(box_outputs) + 20]},
        "inputs": box_inputs, "outputs": box_outputs, "widgets": [], "nodes": list(nodes.values()), "groups": [],
        "links": links, "extra": {}, "category": CATEGORY, "description": blueprint.about,
    }  # fmt: skip
    promoted = [["-1", e["name"]] for e in entries if "widget" in e]
    outputs = [{"name": o["name"], "type": o["type"], "links": None} for o in box_outputs]
    box = {
        "id": 1, "type": kind, "pos": [0, 0], "size": [WIDTH, 60 + 24 * len(entries)], "flags": {}, "order": 0, "mode": 0,
        "inputs": entries, "outputs": outputs, "title": name, "widgets_values": values,
        "properties": {"proxyWidgets": promoted, "cnr_id": "fair-attention", "ver": release},
    }  # fmt: skip
    return {"revision": 0, "last_node_id": 1, "last_link_id": 0, "nodes": [box], "links": [], "version": 0.4,
            "definitions": {"subgraphs": [subgraph]}, "extra": {"BlueprintDescription": blueprint.about}}  # fmt: skip


def described(nodes: dict[str, dict], end: tuple[str, str], info: dict) -> tuple[str, Any, bool]:
    """An input's type, the value it is drawn with, and whether it is a widget."""
    number, name = end
    kind = info[nodes[number]["type"]]
    spec = {**kind["input"].get("required", {}), **kind["input"].get("optional", {})}[name][0]
    values = widget_values(nodes[number], kind)
    return ("COMBO" if isinstance(spec, list) else spec), values.get(name), name in values


def socket(seed: str, name: str, kind: str, links: list[int], place: list[int]) -> dict:
    """An input or output on the inner side of the box."""
    return {"id": str(uuid.uuid5(SPACE, seed)), "name": name, "type": kind, "linkIds": links, "pos": place}


def connect(links: list[dict], origin: int, out: int, target: int, into: int, kind: str) -> int:
    """Add a link; its number."""
    number = len(links) + 1
    links.append(dict(zip(LINK, (number, origin, out, target, into, kind), strict=True)))
    return number


def linked(inner: dict, name: str, kind: str, slot: int, links: list[dict], is_widget: bool) -> int:
    """Link the box's input `slot` to an input of an inner node; the link's number."""
    found = [i for i, entry in enumerate(inner["inputs"]) if entry["name"] == name]
    if not found:
        inner["inputs"].append({"name": name, "type": kind, **({"widget": {"name": name}} if is_widget else {})})
    at = found[0] if found else len(inner["inputs"]) - 1
    number = inner["inputs"][at]["link"] = connect(links, INSIDE, slot, inner["id"], at, kind)
    return number


def content(name: str, info: dict) -> str:
    saved = to_blueprint(name, BLUEPRINTS[name](), info, hosts.pack_version())
    return json.dumps(saved, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with running(Path("output/draw")) as server:
        info = server.object_info()
    for name in BLUEPRINTS:
        (FOLDER / f"{name}.json").write_text(content(name, info), encoding="utf-8")
        print(f"wrote subgraphs/{name}.json")


if __name__ == "__main__":
    main()
