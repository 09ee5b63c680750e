"""The subgraph blueprints: as the command writes them, links at both ends, offered by the host."""

import json

import pytest

from fair_attention.host import hosts
from fair_attention.host.workflow import widgets
from fair_attention.scripts import blueprints

FILES = sorted(blueprints.FOLDER.glob("*.json"), key=lambda path: path.stem)
every_file = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def box_and_graph(file) -> tuple[dict, dict]:
    workflow = json.loads(file.read_text(encoding="utf-8"))
    (box,), (graph,) = workflow["nodes"], workflow["definitions"]["subgraphs"]
    return box, graph


def test_one_file_for_every_blueprint():
    assert sorted(blueprints.BLUEPRINTS) == [path.stem for path in FILES]


@pytest.mark.skipif(hosts.version() != hosts.NEWEST, reason="files are drawn on the newest host")
@every_file
def test_file_is_what_the_command_writes(object_info, file):
    wanted = blueprints.content(file.stem, object_info)
    assert file.read_text(encoding="utf-8") == wanted, (
        "run `make workflows` (python -m fair_attention.scripts.blueprints)"
    )


@every_file
def test_the_box_is_its_graph_seen_from_outside(file):
    box, graph = box_and_graph(file)
    assert box["type"] == graph["id"] and box["title"] == graph["name"] == file.stem
    for side in ("inputs", "outputs"):
        assert [(s["name"], s["type"]) for s in box[side]] == [(s["name"], s["type"]) for s in graph[side]]
    promoted = [name for owner, name in box["properties"]["proxyWidgets"] if owner == "-1"]
    assert promoted == [entry["name"] for entry in box["inputs"] if "widget" in entry]
    assert len(promoted) == len(box["widgets_values"]) and len(graph["description"]) > 60


@every_file
def test_links_agree_with_both_ends(object_info, file):
    _, graph = box_and_graph(file)
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert {node["type"] for node in nodes.values()} <= set(object_info)
    ends = {}
    for link in graph["links"]:
        inside, outside = link["origin_id"] == blueprints.INSIDE, link["target_id"] == blueprints.OUTSIDE
        origin = graph["inputs"] if inside else nodes[link["origin_id"]]["outputs"]
        target = graph["outputs"] if outside else nodes[link["target_id"]]["inputs"]
        source, entry = origin[link["origin_slot"]], target[link["target_slot"]]
        assert link["id"] in source["linkIds" if inside else "links"]
        assert link["id"] in entry["linkIds"] if outside else entry["link"] == link["id"]
        assert source["type"] == link["type"] == entry["type"] or "COMBO" in (entry["type"], link["type"])
        ends[link["id"]] = link
    assert len(ends) == len(graph["links"]) == graph["state"]["lastLinkId"]
    for node in nodes.values():
        required = object_info[node["type"]]["input"].get("required", {})
        drawn = {name for name, _, _ in widgets(object_info[node["type"]])}
        linked = {entry["name"] for entry in node["inputs"] if entry["link"] is not None}
        assert set(required) - drawn <= linked, node["type"]


def test_the_host_offers_them(served):
    offered = json.loads(served.get("/global_subgraphs"))
    ours = {e["name"] for e in offered.values() if e["info"]["node_pack"] == "custom_nodes.fair-attention"}
    assert ours == set(blueprints.BLUEPRINTS)
