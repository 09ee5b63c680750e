"""Every shipped workflow file against the schemas of the host's nodes and of ours."""

import json
import re

import pytest
from PIL import Image

from fair_attention.host import hosts
from fair_attention.host.workflow import NOTES, controlled, to_prompt, widgets
from fair_attention.scripts import draw_workflows
from fair_attention.scripts.draw import LARGEST, TITLE, Graph, drawn_height, extent, to_workflow
from fair_attention.scripts.graph_parts import CHECKPOINT

FILES = sorted((hosts.ROOT / "workflows").glob("*.json"), key=lambda path: path.stem)
SOCKETS_OF_LISTS = {"COMBO", "*"}
EXAMPLE = "example.png"  # lies in the input folder of every ComfyUI that was not stripped for tests

every_file = pytest.mark.parametrize(
    "file", [f for f in FILES if draw_workflows.offered(f.stem)], ids=lambda path: path.stem
)


def load(file) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


def real_nodes(workflow: dict) -> list[dict]:
    return [node for node in workflow["nodes"] if node["type"] not in NOTES]


def test_one_file_for_every_graph():
    assert sorted(draw_workflows.GRAPHS) == [path.stem for path in FILES]


@pytest.mark.skipif(hosts.version() != hosts.NEWEST, reason="files are drawn on the newest host")
@every_file
def test_file_is_what_the_command_writes(object_info, file):
    wanted = json.loads(draw_workflows.content(file.stem, object_info))
    assert load(file) == wanted, "run `make workflows` (python -m fair_attention.scripts.draw_workflows)"


@every_file
def test_nodes_are_known_and_say_where_they_come_from(object_info, file):
    for node in real_nodes(load(file)):
        info, properties = object_info[node["type"]], node["properties"]
        ours = info["category"].startswith("fair attention")
        assert ours or info["python_module"].startswith(("nodes", "comfy_extras")), node["type"]
        assert properties["cnr_id"] == ("fair-attention" if ours else "comfy-core")
        assert re.fullmatch(r"\d+\.\d+\.\d+", properties["ver"])


@every_file
def test_widget_values_fit_the_schema(object_info, file):
    for node in real_nodes(load(file)):
        values = list(node["widgets_values"])
        for name, kind, options in widgets(object_info[node["type"]]):
            there = {model["name"] for model in node["properties"].get("models", ())} | {EXAMPLE}
            fits(values.pop(0), kind, options, f"{file.stem}, {node['type']} {node['id']}, {name}", node["mode"], there)
            if controlled(name, kind, options):
                assert values.pop(0) in ("fixed", "randomize", "increment", "decrement")
        assert not values, f"{node['type']} {node['id']}: {values} left over"


def fits(value, kind, options: dict, where: str, mode: int, offered: set[str]) -> None:
    """One saved value against its widget; what a bypassed node names need not exist, nor what the front end offers to fetch."""
    types = {"INT": int, "FLOAT": (int, float), "STRING": str, "BOOLEAN": bool}
    if isinstance(kind, str) and kind in types:
        assert isinstance(value, types[kind]) and (kind == "BOOLEAN" or not isinstance(value, bool)), where
        if kind in ("INT", "FLOAT"):
            assert options.get("min", value) <= value <= options.get("max", value), where
        return
    choices = kind if isinstance(kind, list) else options["options"]
    assert value in choices or mode or value in (CHECKPOINT, *offered), f"{where}: {value!r} is none of {choices}"


@every_file
def test_links_agree_with_both_ends(file):
    workflow = load(file)
    nodes = {node["id"]: node for node in workflow["nodes"]}
    assert len(nodes) == len(workflow["nodes"]) and workflow["last_node_id"] == max(nodes)
    assert workflow["last_link_id"] == max(link[0] for link in workflow["links"])
    for number, origin, out_slot, target, in_slot, kind in workflow["links"]:
        output, entry = nodes[origin]["outputs"][out_slot], nodes[target]["inputs"][in_slot]
        assert number in output["links"] and entry["link"] == number
        assert output["type"] == kind and (entry["type"] in SOCKETS_OF_LISTS or kind == entry["type"])
    ends = [link for node in nodes.values() for out in node["outputs"] for link in out["links"]]
    assert sorted(ends) == sorted(link[0] for link in workflow["links"])


@every_file
def test_required_inputs_are_connected(object_info, file):
    for node in real_nodes(load(file)):
        required = object_info[node["type"]]["input"].get("required", {})
        for entry in node["inputs"]:
            if entry["name"] in required and not node["mode"]:
                assert entry["link"] is not None, f"{node['type']} {node['id']}: {entry['name']} is not connected"


@every_file
def test_nothing_overlaps(file):
    nodes = load(file)["nodes"]
    for i, one in enumerate(nodes):
        for other in nodes[i + 1 :]:
            (x, y), width, height = one["pos"], one["size"][0], drawn_height(one)
            (u, v), w, h = other["pos"], other["size"][0], drawn_height(other)
            apart = x + width <= u or u + w <= x or y + height <= v - TITLE or v + h <= y - TITLE
            assert apart, f"{one['type']} {one['id']} lies on {other['type']} {other['id']}"


@every_file
def test_it_is_small_enough_to_be_read_where_it_opens(file):
    """The front end fits a template to three quarters of the window, and draws no text below a zoom of 4/7: 5 % above it."""
    left, top, right, bottom = extent(load(file)["nodes"])
    unfolded = max(node["pos"][1] + node["size"][1] for node in load(file)["nodes"])  # as Nodes 2.0 fits it
    assert right - left <= LARGEST[0] and max(bottom, unfolded) - top <= LARGEST[1]
    assert LARGEST == (1780, 980)  # 0.75 * 1440 / 0.6 - 20 and 0.75 * 800 / 0.6 - 20
    assert load(file)["extra"]["ds"]["scale"] >= 0.6


def test_the_cards_of_the_template_browser_are_what_the_command_writes():
    assert draw_workflows.CARDS.read_text(encoding="utf-8") == draw_workflows.cards()
    cards = json.loads(draw_workflows.cards())
    assert [card["name"] for card in cards][0] == "fair-inference-gender"
    assert sorted(card["name"] for card in cards) == [path.stem for path in FILES]
    for card in cards:
        assert len(card["title"]) <= 31 and 30 <= len(card["description"]) <= 60, card  # two lines of a card


@every_file
def test_it_explains_itself(file):
    workflow = load(file)
    (note,) = [node for node in workflow["nodes"] if node["type"] in NOTES]
    (text,) = note["widgets_values"]
    needs_files = file.stem in draw_workflows.NEED_FILES
    assert text.startswith("# Files first\n" if needs_files else "# Press Run\n")
    assert needs_files or ("SDXL" in text and "ine-tunes" in text and "1.5" in text)
    assert all(paragraph.startswith("#") and len(paragraph) < 420 for paragraph in text.split("\n\n"))
    assert workflow["groups"] and workflow["version"] == 0.4
    if needs_files:
        names_files(workflow)
        return
    (loader,) = [node for node in workflow["nodes"] if node["type"] == "CheckpointLoaderSimple"]
    (model,) = loader["properties"]["models"]
    assert model["name"] == "sd-v1-4.ckpt" and model["directory"] == "checkpoints"


def names_files(workflow: dict) -> None:
    """Every loader says where what it loads is to be had, and into which folder it goes."""
    loaders = [node for node in real_nodes(workflow) if "Loader" in node["type"]]
    for loader in loaders:
        models = {model["name"]: model for model in loader["properties"]["models"]}
        chosen = {value for value in loader["widgets_values"] if str(value).endswith(".safetensors")}
        assert chosen == set(models) and all(m["url"].endswith(f"/{name}") for name, m in models.items())
        assert all(m["url"].startswith("https://") and m["directory"] for m in models.values())
    assert loaders


@every_file
def test_drawing_a_prompt_and_reading_it_back_is_the_same_prompt(object_info, file):
    prompt = to_prompt(load(file), object_info)
    drawn = to_workflow(Graph("again", "", prompt, [list(prompt)]), object_info, "0.0.0")
    again = to_prompt(drawn, object_info)
    assert {n: node["inputs"] for n, node in again.items()} == {n: node["inputs"] for n, node in prompt.items()}


@every_file
def test_picture_beside_it_is_square_and_small(file):
    """The template browser shows `.jpg` of the same name, and no other."""
    picture = file.with_suffix(".jpg")
    if not picture.exists():
        pytest.skip("no picture yet: `make thumbnails` makes it")
    assert Image.open(picture).size == (512, 512) and picture.stat().st_size < 150_000
