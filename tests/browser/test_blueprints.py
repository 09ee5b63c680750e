"""The blueprints in the front end: found by search, put into a graph as one box, and run as what they hold."""

import json

import pytest

from fair_attention.scripts import blueprints
from fair_attention.scripts.browser import OPEN
from fair_attention.tests.browser.page import DRAWN_BY, FAILED, RENDERERS, keep, run_and_wait
from fair_attention.tests.browser.test_front_end import HOSTS_OWN, search, searched

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
# All that PREPARE makes, at once: the front end's own Fit View glides there, and not at all while no frame is drawn.
IN_VIEW = "() => { const d = window.app.canvas.ds; d.scale = 0.5; d.offset[0] = 1000; d.offset[1] = 400 }"
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


BOXES = "() => window.app.graph.nodes.filter(n => n.isSubgraphNode?.()).map(n => n.title)"


@pytest.fixture(scope="module")
def page_and_errors(open_page, served):
    page, errors = open_page(served.url)
    yield page, errors
    page.close()


@pytest.fixture
def drawn_by(page):
    yield lambda name: page.evaluate(DRAWN_BY, name)
    page.evaluate(DRAWN_BY, "classic")


CLASSIC, NODES_2 = RENDERERS
IN_BOTH = [*((name, CLASSIC) for name in blueprints.BLUEPRINTS), ("Fair people", NODES_2)]


@pytest.mark.parametrize(("name", "renderer"), IN_BOTH)
def test_a_blueprint_becomes_a_box_and_a_prompt(open_page, served, name, renderer):
    """The user's way, on a page just opened: search, Enter, wire."""
    page, errors = open_page(served.url)
    before = len(errors)
    try:
        page.evaluate(DRAWN_BY, renderer)
        page.evaluate("() => window.app.graph.clear()")
        search(page, name)
        page.keyboard.press("Enter")  # the first that is found
        page.wait_for_function(f"() => ({BOXES})().length")
        assert page.evaluate(BOXES) == [name]
        wanted, links, held = CASES[name]
        page.evaluate(PREPARE, [wanted, links])
        page.wait_for_timeout(500)
        keep(page, f"blueprint-placed-{name}-{renderer}".replace(" ", "-"))
        assert set(held) <= set(page.evaluate(CLASSES))
        assert [e for e in errors[before:] if not any(own in e for own in HOSTS_OWN)] == []
    finally:
        page.evaluate(DRAWN_BY, CLASSIC)
        page.close()


@pytest.mark.parametrize(
    ("name", "renderer"), [*((name, CLASSIC) for name in blueprints.BLUEPRINTS), ("Measure bias", NODES_2)]
)
def test_a_blueprint_runs_as_one_box(page_and_errors, served, drawn_by, name, renderer):
    page, errors = page_and_errors
    drawn_by(renderer)
    before = len(errors)
    wanted, links, held = CASES[name]
    page.evaluate(OPEN, json.loads((blueprints.FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    page.wait_for_timeout(1000)
    page.evaluate(PREPARE, [wanted, links])
    page.evaluate(IN_VIEW)
    shown = page.evaluate("() => window.app.graph.nodes[0].widgets.map(w => w.name)")
    assert len(shown) >= 2, shown
    run_and_wait(page, served, DONE)
    page.wait_for_timeout(500)
    keep(page, f"blueprint-{name}-{renderer}".replace(" ", "-"))
    assert page.evaluate(f"() => {FAILED}") is None
    assert [e for e in errors[before:] if not any(own in e for own in HOSTS_OWN)] == []


def test_blueprints_are_found_by_search(page):
    assert [name for name in blueprints.BLUEPRINTS if name not in searched(page, name)] == []
