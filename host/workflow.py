"""A workflow as the front end saves it (version 0.4), turned into the prompt the host executes.

What `Export (API)` does in the browser, for workflows without subgraphs. The widgets of a node are saved by position,
so their names come from the host's own /object_info. Random choices in text (`{a|b}`) are left as they are.
"""

import json
from pathlib import Path
from typing import Any

NEVER, BYPASS = 2, 4
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
NOTES = {"Note", "MarkdownNote"}
VIRTUAL = {"Reroute", "PrimitiveNode"}


def read_prompt(path: Path, object_info: dict) -> dict[str, dict]:
    """The prompt of a workflow file. Raises ValueError as `to_prompt` does, with the file's name."""
    try:
        return to_prompt(json.loads(path.read_text(encoding="utf-8")), object_info)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def to_prompt(workflow: dict, object_info: dict) -> dict[str, dict]:
    """The prompt of a workflow: {node id: {class_type, inputs, _meta}}.

    Raises ValueError for a node the host does not know, for more widget values than the node has widgets, and for
    subgraphs.
    """
    if workflow.get("definitions", {}).get("subgraphs"):
        raise ValueError("subgraphs are not supported: unpack them in the front end and save again")
    nodes = {node["id"]: node for node in workflow["nodes"]}
    links = {link[0]: link for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        kind = node["type"]
        if kind in NOTES | VIRTUAL or node.get("mode") in (NEVER, BYPASS):
            continue
        if kind not in object_info:
            raise ValueError(f"node {node['id']} is a {kind}, which this host does not have")
        inputs = widget_values(node, object_info[kind])
        for entry in node.get("inputs", []):
            source = resolve(entry.get("link"), entry["type"], nodes, links)
            if source is not None:
                inputs[entry["name"]] = source
        title = node.get("title") or object_info[kind].get("display_name") or kind
        prompt[str(node["id"])] = {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}
    return prompt


def widget_values(node: dict, info: dict) -> dict[str, Any]:
    """Name and value of each widget, from the positions of `widgets_values`; defaults where the list ends early."""
    values = list(node.get("widgets_values") or [])
    named, uploads = {}, 0
    for name, kind, options in widgets(info):
        if values:
            named[name] = values.pop(0)
        elif "default" in options or isinstance(kind, list) and kind:
            named[name] = options.get("default", kind[0])
        if values and controlled(name, kind, options):
            values.pop(0)
        uploads += any(key.endswith("_upload") and options[key] for key in options)
    if len(values) > uploads:  # an upload button is saved as one more value, at the end
        raise ValueError(
            f"node {node['id']} ({node['type']}) has {len(values)} more widget values than widgets: {values}; "
            "it was saved with another version of the node"
        )
    return named


def widgets(info: dict) -> list[tuple[str, Any, dict]]:
    """Name, type and options of the inputs that the front end draws as widgets, in its order."""
    found = []
    for group in ("required", "optional"):
        for name, spec in info["input"].get(group, {}).items():
            kind, options = spec[0], spec[1] if len(spec) > 1 else {}
            if (isinstance(kind, list) or kind in WIDGETS) and not options.get("forceInput"):
                found.append((name, kind, options))
    return found


def controlled(name: str, kind: Any, options: dict) -> bool:
    """Whether a second value, "fixed" or "randomize" and so on, is saved after the widget's own."""
    return bool(options.get("control_after_generate", kind == "INT" and name in ("seed", "noise_seed")))


def resolve(link_id: int | None, kind: str, nodes: dict, links: dict) -> Any:
    """What feeds an input of type `kind`: [node id, slot], a primitive's value, or None where nothing does.

    Goes through reroutes, and through bypassed nodes by type; stops at muted ones.
    """
    while link_id in links:
        _, origin, slot, *_ = links[link_id]
        node = nodes[origin]
        if node.get("mode") == NEVER:
            return None
        if node.get("mode") == BYPASS:
            entry = passage(node, slot, kind)
            link_id, kind = (entry.get("link"), entry["type"]) if entry else (None, kind)
        elif node["type"] == "PrimitiveNode":
            return node["widgets_values"][0]
        elif node["type"] == "Reroute":
            link_id = node["inputs"][0].get("link")
        else:
            return [str(origin), slot]
    return None


def passage(node: dict, slot: int, kind: str) -> dict | None:
    """The input that a bypassed node hands on at output `slot`: the opposite one, else the first of that type."""
    inputs = node.get("inputs", [])
    output = node["outputs"][slot]["type"]
    if kind == "*":
        return inputs[slot if slot < len(inputs) else 0] if inputs else None
    if slot < len(inputs) and connects(inputs[slot]["type"], output) and connects(inputs[slot]["type"], kind):
        return inputs[slot]
    exact = (entry for entry in inputs if entry["type"] == kind)
    valid = (e for e in inputs if connects(e["type"], output) and connects(e["type"], kind))
    return next(exact, None) or next(valid, None)


def connects(one: str, other: str) -> bool:
    """Whether the front end would let two sockets be linked: a common type, or a wildcard on either side."""
    first, second = (set(kind.upper().split(",")) for kind in (one, other))
    return "*" in first | second or bool(first & second)
