"""A prompt laid out as a workflow the front end opens: the inverse of `workflow.to_prompt`.

A graph is a prompt in API format plus a place for every node: columns from left to right, each a list of node ids.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .workflow import controlled, widgets

GAP_X, GAP_Y, TITLE = 60, 50, 30
CORE_VERSION = "0.3.75"
WIDTHS = {"CLIPTextEncode": 400, "FairLinguisticAlignment": 400, "FairReport": 380, "FairReadAttributes": 380}
TALL = {"SaveImage": 300, "PreviewImage": 300, "FairReport": 420, "FairReadAttributes": 360, "FairBiasMetrics": 360}
TALL |= {"FairAttentionHeatmaps": 380, "FairLocateRegions": 380, "FairConceptEntanglement": 380}


@dataclass(frozen=True)
class Graph:
    """prompt: node id -> {class_type, inputs}. groups: title -> columns it frames. note: what to look at."""

    title: str
    note: str
    prompt: dict[str, dict]
    columns: Sequence[Sequence[str]]
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)
    models: dict[str, list[dict]] = field(default_factory=dict)  # node id -> properties.models


def to_workflow(graph: Graph, object_info: dict, version: str) -> dict:
    """The workflow file's content (version 0.4). version: of this pack, stored with its nodes."""
    links: list[list] = []
    nodes = [_node(graph, name, object_info, version, order) for order, name in enumerate(_ids(graph))]
    by_id = {str(node["id"]): node for node in nodes}
    for name in _ids(graph):
        for slot, entry in enumerate(by_id[name]["inputs"]):
            source = graph.prompt[name]["inputs"].get(entry["name"])
            if isinstance(source, list):
                origin = by_id[source[0]]
                link = [len(links) + 1, origin["id"], source[1], int(name), slot, origin["outputs"][source[1]]["type"]]
                links.append(link)
                entry["link"] = link[0]
                origin["outputs"][source[1]]["links"].append(link[0])
    spans = _place(graph, by_id)
    note = _note(graph, max(int(n) for n in by_id) + 1, min(y for y, _ in spans.values()))
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, "fair-attention/" + graph.title)),
        "revision": 0,
        "last_node_id": note["id"],
        "last_link_id": len(links),
        "nodes": [*nodes, note],
        "links": links,
        "groups": _groups(graph, by_id),
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _ids(graph: Graph) -> list[str]:
    return [name for column in graph.columns for name in column]


def _node(graph: Graph, name: str, object_info: dict, version: str, order: int) -> dict:
    kind, given = graph.prompt[name]["class_type"], graph.prompt[name]["inputs"]
    info = object_info[kind]
    drawn = {n for n, _, _ in widgets(info)}
    values: list[Any] = []
    inputs = []
    for group in ("required", "optional"):
        for entry, spec in info["input"].get(group, {}).items():
            if entry not in drawn:
                inputs.append({"name": entry, "type": spec[0], "link": None})
            elif isinstance(given.get(entry), list):
                socket = "COMBO" if isinstance(spec[0], list) else spec[0]
                inputs.append({"name": entry, "type": socket, "widget": {"name": entry}, "link": None})
    for entry, spec, options in widgets(info):
        value = given.get(entry)
        default = options.get("default", spec[0] if isinstance(spec, list) and spec else None)
        values.append(default if value is None or isinstance(value, list) else value)
        if controlled(entry, spec, options):
            values.append("fixed")
    outputs = [{"name": n, "type": t, "links": [], "slot_index": i}
               for i, (n, t) in enumerate(zip(info["output_name"], info["output"], strict=True))]  # fmt: skip
    ours = info["python_module"].startswith("custom_nodes")
    properties = {"Node name for S&R": kind, "cnr_id": "fair-attention" if ours else "comfy-core",
                  "ver": version if ours else CORE_VERSION}  # fmt: skip
    if name in graph.models:
        properties["models"] = graph.models[name]
    lines = sum(3 if options.get("multiline") else 1 for _, _, options in widgets(info)) + len(values) - len(drawn)
    height = 40 + 22 * (max(len(inputs), len(outputs)) + lines) + TALL.get(kind, 0)
    return {
        "id": int(name), "type": kind, "pos": [0, 0], "size": [WIDTHS.get(kind, 320), height], "flags": {}, "order": order,
        "mode": 0, "inputs": inputs, "outputs": outputs, "properties": properties, "widgets_values": values,
    }  # fmt: skip


def _place(graph: Graph, by_id: dict[str, dict]) -> dict[int, tuple[float, float]]:
    """Set positions column by column; returns each column's (top, bottom)."""
    x, spans = 0.0, {}
    for number, column in enumerate(graph.columns):
        y = 0.0
        for name in column:
            by_id[name]["pos"] = [x, y]
            y += by_id[name]["size"][1] + TITLE + GAP_Y
        spans[number] = (-TITLE, y)
        x += max((by_id[name]["size"][0] for name in column), default=0) + GAP_X
    return spans


def _note(graph: Graph, number: int, top: float) -> dict:
    height = 60 + 24 * (graph.note.count("\n") + len(graph.note) // 60 + 1)
    return {
        "id": number, "type": "MarkdownNote", "pos": [0, top - height - 110], "size": [640, height], "flags": {},
        "order": number, "mode": 0, "inputs": [], "outputs": [], "properties": {}, "title": graph.title,
        "widgets_values": [graph.note],
    }  # fmt: skip


def _groups(graph: Graph, by_id: dict[str, dict]) -> list[dict]:
    found = []
    for number, (title, (first, last)) in enumerate(graph.groups.items(), 1):
        inside = [by_id[name] for column in graph.columns[first : last + 1] for name in column]
        left = min(n["pos"][0] for n in inside) - 15
        right = max(n["pos"][0] + n["size"][0] for n in inside) + 15
        bottom = max(n["pos"][1] + n["size"][1] for n in inside) + 15
        bounding = [left, -85, right - left, bottom + 85]
        found.append(
            {"id": number, "title": title, "bounding": bounding, "color": "#3f789e", "font_size": 24, "flags": {}}
        )
    return found
