"""Which seed and which words a picture comes from, read off the graph that drew it (a prompt in API format)."""

from collections.abc import Iterator, Mapping
from typing import Any

SEEDS = ("seed", "noise_seed")
TEXTS = ("prompt", "text", "text_g", "value", "string")
POSITIVE = ("positive", "guider", "conditioning")
Graph = Mapping[str, Mapping[str, Any]]


def seed_behind(graph: Graph, node: str, entry: str) -> int | None:
    """The seed of the sampler nearest to an input of a node; None where none is found.

    Seeds of this pack's nodes are of who gets what, never of the noise.
    """
    for name, inputs in upstream(graph, node, entry):
        if not str(graph[name].get("class_type", "")).startswith("Fair"):
            for key in SEEDS:
                found = value(graph, inputs.get(key), int)
                if found is not None:
                    return found
    return None


def text_behind(graph: Graph, node: str, entry: str) -> str:
    """The words that a picture was drawn for: the nearest text behind the sampler's positive input; "" where none is found."""
    for name, inputs in upstream(graph, node, entry):
        socket = next((s for s in POSITIVE if isinstance(inputs.get(s), list)), None)
        if socket is None:
            continue
        for _, further in upstream(graph, name, socket):
            found = next((further[key] for key in TEXTS if isinstance(further.get(key), str)), None)
            if found is not None:
                return found.strip()
    return ""


def value(graph: Graph, given: Any, kind: type) -> Any:
    """What an input holds: its own value, or that of the primitive it is linked to; None where neither is of that kind."""
    if isinstance(given, list) and len(given) == 2 and str(given[0]) in graph:
        given = graph[str(given[0])].get("inputs", {}).get("value")
    return given if isinstance(given, kind) and not isinstance(given, bool) else None


def upstream(graph: Graph, node: str, entry: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(id, inputs) of each node behind an input, nearest first."""
    ahead, seen = [graph.get(node, {}).get("inputs", {}).get(entry)], set()
    while ahead:
        source = ahead.pop(0)
        if not isinstance(source, list) or len(source) != 2 or str(source[0]) in seen or str(source[0]) not in graph:
            continue
        name = str(source[0])
        seen.add(name)
        inputs = graph[name].get("inputs", {})
        yield name, inputs
        ahead += inputs.values()
