"""The blueprints in the front end: found by search, put into a graph as one box, and run as what they hold."""

import json

import pytest

from fair_attention.scripts import blueprints
from fair_attention.scripts.browser import OPEN
from fair_attention.tests.browser.page import FAILED, keep
from fair_attention.tests.browser.test_front_end import searched

# Nodes around the box, by class and widget values, and links [origin, output, target, input]; 0 is the box, names on the box.
PREPARE = """async ([wanted, links]) => {
    const graph = window.app.graph, nodes = [graph.nodes[0]]
    for (const [at, [kind, values]] of wanted.entries()) {
        const node = LiteGraph.createNode(kind)
        graph.add(node)
        node.pos = [at < 3 ? -400 : 400, 250 * (at % 3)]
        for (const [name, value] of Object.entries(values)) node.widgets.find(w => w.name === name).value = value
        nodes.push(node)
    }
    const slot = (list, name) => typeof name === 'number' ? name : list.findIndex(s => s.name === name)
    for (const [from, output, to, input] of links) {
        nodes[from].connect(slot(nodes[from].outputs, output), nodes[to], slot(nodes[to].inputs, input))
    }
}"""
CLASSES = "async () => Object.values((await window.app.graphToPrompt()).output).map(n => n.class_type)"
DONE = f"() => {FAILED} || window.app.graph.nodes.some(n => n.type === 'PreviewImage' && n.imgs?.some(i => i.complete && i.width))"
LOADER = ["CheckpointLoaderSimple", {"ckpt_name": "emoji-world.safetensors"}]
EMPTY = ["EmptyLatentImage", {"width": 128, "height": 128, "batch_size": 1}]
CASES = {
    "Fair people": (
        [LOADER, EMPTY, ["CLIPTextEncode", {}], ["KSampler", {"steps": 6, "cfg": 1.5}], ["VAEDecode", {}], ["PreviewImage", {}]],
        [[1, 0, 0, "model"], [1, 1, 0, "clip"], [1, 1, 3, "clip"], [0, "model", 4, "model"], [0, "positive", 4, "positive"],
         [3, 0, 4, "negative"], [2, 0, 4, "latent_image"], [4, 0, 5, "samples"], [1, 2, 5, "vae"], [5, 0, 6, "images"]],
        ["FairLinguisticAlignment", "FairBlockVoting", "FairTargetDistribution", "FairInference"],
    ),
    "Measure bias": (
        [["EmptyImage", {"width": 128, "height": 128}], ["PreviewImage", {}]],
        [[1, 0, 0, "image"], [0, "chart", 2, "images"]],
        ["FairReadAttributes", "FairBiasMetrics"],
    ),
    "See attention": (
        [LOADER, EMPTY, ["CLIPTextEncode", {}], ["PreviewImage", {}]],
        [[1, 0, 0, "model"], [1, 1, 0, "clip"], [1, 2, 0, "vae"], [1, 1, 3, "clip"], [3, 0, 0, "negative"],
         [2, 0, 0, "latent_image"], [0, "overlays", 4, "images"]],
        ["FairAttentionCapture", "KSampler", "FairAttentionHeatmaps"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def page_and_errors(open_page, served):
    page, errors = open_page(served.url)
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    yield page, errors
    page.close()


@pytest.mark.parametrize("name", blueprints.BLUEPRINTS)
def test_a_blueprint_runs_as_one_box(page_and_errors, name):
    page, errors = page_and_errors
    wanted, links, held = CASES[name]
    page.evaluate(OPEN, json.loads((blueprints.FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    page.wait_for_timeout(1000)
    page.evaluate(PREPARE, [wanted, links])
    page.evaluate("() => window.app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    shown = page.evaluate("() => window.app.graph.nodes[0].widgets.map(w => w.name)")
    assert len(shown) >= 2, shown
    assert set(held) <= set(page.evaluate(CLASSES))
    page.evaluate("() => window.app.queuePrompt(0)")
    page.wait_for_function(DONE, timeout=300_000)
    page.wait_for_timeout(500)
    keep(page, f"blueprint-{name.replace(' ', '-')}")
    assert page.evaluate(f"() => {FAILED}") is None
    assert [e for e in errors if ("blueprint" in e.lower() or "subgraph" in e.lower()) and "/userdata" not in e] == []


def test_blueprints_are_found_by_search(page_and_errors):
    page, _ = page_and_errors
    assert [name for name in blueprints.BLUEPRINTS if name not in searched(page, name)] == []
