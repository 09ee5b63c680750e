"""A prompt laid out as a workflow the front end opens: the inverse of `workflow.to_prompt`.

A graph is a prompt in API format plus a place for every node: columns from left to right, each a list of node ids.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .workflow import BYPASS, controlled, widgets

GAP_X, GAP_Y, TITLE = 50, 40, 30
SOCKET, WIDGET, MULTILINE = 20, 24, 80  # heights in pixels, as the front end draws them
NOTE_WIDTH = 710
CORE_VERSION = "0.3.75"
WIDTHS = {kind: 360 for kind in (
    "CLIPTextEncode", "PrimitiveStringMultiline", "FairLinguisticAlignment", "FairReport", "FairReadAttributes",
    "FairBiasMetrics", "FairAttentionHeatmaps", "FairLocateRegions", "FairConceptEntanglement", "PreviewAny",
)}  # fmt: skip
WIDTH = 300
# Room below the widgets for the pictures and texts a node shows.
PREVIEW = {
    "SaveImage": 270, "PreviewImage": 270, "MaskPreview": 200, "PreviewAny": 170, "FairReport": 340,
    "FairReadAttributes": 320, "FairBiasMetrics": 210, "FairAttentionHeatmaps": 320, "FairLocateRegions": 320,
    "FairConceptEntanglement": 290,
}  # fmt: skip
VIEW, LEGIBLE = (1480, 820), 0.6  # pixels a graph is to fit into when it opens; below that scale no text is drawn
CORNER = (95, 100)  # where its upper left corner goes: beside the side bar, below the tabs
GROUP_COLOUR, NOTE_COLOURS = "#3f789e", {"color": "#432", "bgcolor": "#653"}


@dataclass(frozen=True)
class Graph:
    """prompt: node id -> {class_type, inputs}. groups: title -> columns it frames. note: what to look at."""

    title: str
    note: str
    prompt: dict[str, dict]
    columns: Sequence[Sequence[str]]
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)
    models: dict[str, list[dict]] = field(default_factory=dict)  # node id -> properties.models
    titles: dict[str, str] = field(default_factory=dict)  # node id -> a title of its own
    bypassed: frozenset[str] = frozenset()


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
    _place(graph, by_id)
    note = _note(graph, max(int(n) for n in by_id) + 1)
    groups = _groups(graph, by_id)
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, "fair-attention/" + graph.title)),
        "revision": 0,
        "last_node_id": note["id"],
        "last_link_id": len(links),
        "nodes": [*nodes, note],
        "links": links,
        "groups": groups,
        "config": {},
        "extra": {"ds": _view([*nodes, note])},
        "version": 0.4,
    }


def _ids(graph: Graph) -> list[str]:
    return [name for column in graph.columns for name in column]


def _node(graph: Graph, name: str, object_info: dict, version: str, order: int) -> dict:
    kind, given = graph.prompt[name]["class_type"], graph.prompt[name]["inputs"]
    info = object_info[kind]
    inputs = _inputs(info, given)
    outputs = [{"name": n, "type": t, "links": [], "slot_index": i}
               for i, (n, t) in enumerate(zip(info["output_name"], info["output"], strict=True))]  # fmt: skip
    values: list[Any] = []
    for entry, spec, options in widgets(info):
        value = given.get(entry)
        values.append(_default(spec, options) if value is None or isinstance(value, list) else value)
        if controlled(entry, spec, options):
            values.append("fixed")
    ours = info["python_module"].startswith("custom_nodes")
    properties = {"Node name for S&R": kind, "cnr_id": "fair-attention" if ours else "comfy-core",
                  "ver": version if ours else CORE_VERSION}  # fmt: skip
    if name in graph.models:
        properties["models"] = graph.models[name]
    texts = sum(bool(options.get("multiline")) for _, _, options in widgets(info))
    sockets = max(len(inputs), len(outputs))
    height = 16 + SOCKET * sockets + WIDGET * (len(values) - texts) + MULTILINE * texts + PREVIEW.get(kind, 0)
    return {
        "id": int(name), "type": kind, "pos": [0, 0], "size": [WIDTHS.get(kind, WIDTH), height], "flags": {}, "order": order,
        "mode": BYPASS if name in graph.bypassed else 0, "inputs": inputs, "outputs": outputs, "properties": properties,
        "widgets_values": values, **({"title": graph.titles[name]} if name in graph.titles else {}),
    }  # fmt: skip


def _default(kind: Any, options: dict) -> Any:
    """What the front end puts into a new widget."""
    if isinstance(kind, list) or kind == "COMBO":
        choices = kind if isinstance(kind, list) else options.get("options")
        return options.get("default", next(iter(choices or []), ""))
    return options.get("default", {"STRING": "", "BOOLEAN": False}.get(kind, 0))


def _inputs(info: dict, given: dict) -> list[dict]:
    """The sockets, and the widgets that a link feeds."""
    inputs, drawn = [], {name for name, _, _ in widgets(info)}
    for group in ("required", "optional"):
        for entry, spec in info["input"].get(group, {}).items():
            if entry not in drawn:
                inputs.append({"name": entry, "type": spec[0], "link": None})
            elif isinstance(given.get(entry), list):
                socket = "COMBO" if isinstance(spec[0], list) else spec[0]
                inputs.append({"name": entry, "type": socket, "widget": {"name": entry}, "link": None})
    return inputs


def _place(graph: Graph, by_id: dict[str, dict]) -> None:
    """Set positions, column by column from the top left."""
    x = 0
    for column in graph.columns:
        y = 0
        for name in column:
            by_id[name]["pos"] = [x, y]
            y += by_id[name]["size"][1] + TITLE + GAP_Y
        x += max(by_id[name]["size"][0] for name in column) + GAP_X


def _note(graph: Graph, number: int) -> dict:
    """The note, above everything else: it is what a reader of the graph begins with."""
    lines = sum(1 + len(line) // 95 for line in graph.note.split("\n"))
    height = 30 + 16 * lines
    return {
        "id": number, "type": "MarkdownNote", "pos": [0, -height - 115], "size": [NOTE_WIDTH, height], "flags": {},
        "order": number, "mode": 0, "inputs": [], "outputs": [], "properties": {}, "title": graph.title,
        "widgets_values": [graph.note], **NOTE_COLOURS,
    }  # fmt: skip


def _view(nodes: list[dict]) -> dict:
    """Scale and offset to open with: all of the graph if it stays legible, else its upper left part."""
    left, top = (min(n["pos"][axis] for n in nodes) - margin for axis, margin in ((0, 20), (1, TITLE)))
    right, bottom = (max(n["pos"][axis] + n["size"][axis] for n in nodes) for axis in (0, 1))
    scale = min(1.0, max(LEGIBLE, min(VIEW[0] / (right - left), VIEW[1] / (bottom - top))))
    offset = [round(CORNER[0] / scale - left), round(CORNER[1] / scale - top)]
    return {"scale": round(scale, 3), "offset": offset}


def _groups(graph: Graph, by_id: dict[str, dict]) -> list[dict]:
    found = []
    for number, (title, (first, last)) in enumerate(graph.groups.items(), 1):
        inside = [by_id[name] for column in graph.columns[first : last + 1] for name in column]
        left = min(n["pos"][0] for n in inside) - 15
        right = max(n["pos"][0] + n["size"][0] for n in inside) + 15
        bottom = max(n["pos"][1] + n["size"][1] for n in inside) + 15
        bounding = [left, -85, right - left, bottom + 85]
        found.append(
            {"id": number, "title": title, "bounding": bounding, "color": GROUP_COLOUR, "font_size": 24, "flags": {}}
        )
    return found
