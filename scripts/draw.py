"""A prompt laid out as a workflow the front end opens: the inverse of `workflow.to_prompt`.

A graph is a prompt in API format plus a place for every node: columns from left to right, each a list of node ids.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..host.workflow import BYPASS, controlled, widgets

GAP_X, GAP_Y, TITLE = 24, 12, 30
FRAME, FRAME_TITLE = 8, 40  # pixels of a group around its nodes, and above them
SOCKET, WIDGET, MULTILINE = 20, 24, 54  # heights in pixels, as the front end draws them
NOTE, NOTE_WIDTH, NOTE_HEIGHT = "note", 400, 565
CORE_VERSION = "0.3.75"
WIDTH = 252  # of a column that has no note
WIDTHS = {"FairExploreMaps": 430}  # of what needs more
# Room below the widgets for the pictures (220 at least) and the texts that a node shows after a run.
PREVIEW = {
    "SaveImage": 226, "PreviewImage": 226, "MaskPreview": 226, "PreviewAny": 120, "FairReport": 310,
    "FairReadAttributes": 290, "FairAttributeReader": 64, "FairBiasMetrics": 290, "FairRecordPeople": 290,
    "FairAttentionHeatmaps": 240, "FairLocateRegions": 226,
    "FairConceptEntanglement": 290, "FairLinguisticAlignment": 64, "FairAttentionSave": 64,
    "FairEthicalIntervention": 64, "FairConceptEditing": 64, "FairExploreMaps": 420,
}  # fmt: skip
# A template is fitted to this share of the window; below LEGIBLE the front end draws no text. So a graph is at most
# LARGEST, and readable in a window of SMALLEST.
FITTED, LEGIBLE, SMALLEST = 0.75, 8 / 14, (1440, 800)
ROOM = 1.05  # how far above that zoom a graph is to open
MARGIN = 10  # that the front end leaves around a graph
LARGEST = tuple(int(FITTED * side / (LEGIBLE * ROOM)) - 2 * MARGIN for side in SMALLEST)
GROUP_COLOUR, NOTE_COLOURS = "#3f789e", {"color": "#432", "bgcolor": "#653"}


@dataclass(frozen=True)
class Graph:
    """prompt: node id -> {class_type, inputs}. note: what to look at. columns: of node ids, and NOTE where the note goes.

    groups: title -> ids of the nodes it frames, neighbours in a column or in columns beside each other. folded: nodes
    of which only the title is drawn.
    """

    title: str
    note: str
    prompt: dict[str, dict]
    columns: Sequence[Sequence[str]]
    groups: dict[str, Sequence[str]] = field(default_factory=dict)
    models: dict[str, list[dict]] = field(default_factory=dict)  # node id -> properties.models
    titles: dict[str, str] = field(default_factory=dict)  # node id -> a title of its own
    bypassed: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    heights: dict[str, int] = field(default_factory=dict)  # node id -> more room than its kind gets
    about: str = ""  # a sentence for its card in the template browser


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
    note = _note(graph, max(int(n) for n in by_id) + 1)
    _place(graph, {**by_id, NOTE: note})
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
    return [name for column in graph.columns for name in column if name != NOTE]


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
    height = 16 + SOCKET * sockets + WIDGET * (len(values) - texts) + MULTILINE * texts
    height += PREVIEW.get(kind, 0) + graph.heights.get(name, 0)
    return {
        "id": int(name), "type": kind, "pos": [0, 0], "size": [WIDTHS.get(kind, WIDTH), height],
        "flags": {"collapsed": True} if name in graph.folded else {}, "order": order,
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
    """Set positions, column by column from the top left; what stands in a column is as wide as its widest."""
    first = {nodes[0] for nodes in graph.groups.values()}
    x = 0
    for column in graph.columns:
        width, y = max(by_id[name]["size"][0] for name in column), 0
        for place, name in enumerate(column):
            y += FRAME_TITLE if place and name in first else 0
            by_id[name]["pos"] = [x, y]
            by_id[name]["size"][0] = width
            y += drawn_height(by_id[name]) + TITLE + GAP_Y
        x += width + GAP_X


def drawn_height(node: dict) -> int:
    """Below its title."""
    return 0 if node["flags"].get("collapsed") else node["size"][1]


def _note(graph: Graph, number: int) -> dict:
    """The note, which a reader of the graph begins with."""
    return {
        "id": number, "type": "MarkdownNote", "pos": [-NOTE_WIDTH - GAP_X, 0], "size": [NOTE_WIDTH, NOTE_HEIGHT], "flags": {},
        "order": number, "mode": 0, "inputs": [], "outputs": [], "properties": {}, "title": graph.title,
        "widgets_values": [graph.note], **NOTE_COLOURS,
    }  # fmt: skip


def extent(nodes: list[dict]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is drawn of the nodes, titles included."""
    return (
        min(n["pos"][0] for n in nodes),
        min(n["pos"][1] for n in nodes) - TITLE,
        max(n["pos"][0] + n["size"][0] for n in nodes),
        max(n["pos"][1] + drawn_height(n) for n in nodes),
    )


def _view(nodes: list[dict]) -> dict:
    """Scale and offset to open with where the file is not opened as a template: as that in the smallest window."""
    left, top, right, bottom = extent(nodes)
    sides = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN
    scale = min(FITTED * window / side for window, side in zip(SMALLEST, sides, strict=True))
    offset = [
        round(window / scale / 2 - (low + high) / 2)
        for window, low, high in zip(SMALLEST, (left, top), (right, bottom), strict=True)
    ]
    return {"scale": round(scale, 3), "offset": offset}


def _groups(graph: Graph, by_id: dict[str, dict]) -> list[dict]:
    found = []
    for number, (title, names) in enumerate(graph.groups.items(), 1):
        left, top, right, bottom = extent([by_id[name] for name in names])
        bounding = [left - FRAME, top - FRAME_TITLE, right - left + 2 * FRAME, bottom - top + FRAME_TITLE + FRAME]
        found.append(
            {"id": number, "title": title, "bounding": bounding, "color": GROUP_COLOUR, "font_size": 20, "flags": {}}
        )
    return found
