"""The pack as users meet it: found by search, workflows open and run in the page, help shows."""

import json
from pathlib import Path

import pytest

from fair_attention.scripts import hosts
from fair_attention.scripts.browser import OPEN
from fair_attention.scripts.workflow import to_prompt

SCREENSHOTS = Path("output/browser")
FILES = sorted((hosts.ROOT / "workflows").glob("*.json"), key=lambda path: path.stem)
# What a host complains about without any pack: templates that are not installed, user files that are not there yet.
HOSTS_OWN = ("/templates/", "core workflow templates", "fuse options", "/userdata", "user.css")
UNPICTURED = [f"{file.stem}.jpg" for file in FILES if not file.with_suffix(".jpg").exists()]
PROMPT = "async () => (await window.app.graphToPrompt()).output"
# How many pictures a node of that class shows, loaded and drawn.
SHOWN = "kind => window.app.graph.nodes.find(n => n.type === kind).imgs?.filter(i => i.complete && i.width).length"
TYPING = "() => document.activeElement?.matches('input')"
FAILED = "(window.app.lastExecutionError?.exception_message ?? null)"
WORKED = hosts.ROOT / "workflows" / "fair-inference-gender.json"
UNKNOWN = "() => window.app.graph.nodes.filter(n => !(n.type in LiteGraph.registered_node_types)).map(n => n.type)"


@pytest.fixture(scope="module")
def page_and_errors(open_page, served):
    page, errors = open_page(served.url)
    show_templates(page)
    yield page, errors
    page.close()


@pytest.fixture
def page(page_and_errors):
    return page_and_errors[0]


def show_templates(page) -> None:
    """The template browser is open on a first start: find our workflows in it, and close it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("fair-attention", exact=True).click()
    dialog.get_by_text("fair-inference-gender", exact=True).wait_for()
    keep(page, "templates")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def keep(page, name: str) -> None:
    """A screenshot to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def open_workflow(page, workflow: dict) -> None:
    page.evaluate(OPEN, workflow)
    page.wait_for_timeout(1500)


def read(file) -> dict:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_workflow_opens(page_and_errors, object_info, file):
    page, errors = page_and_errors
    before = len(errors)
    open_workflow(page, read(file))
    keep(page, file.stem)
    assert page.evaluate(UNKNOWN) == []
    assert page.get_by_role("dialog").count() == 0, page.get_by_role("dialog").first.inner_text()
    assert [e for e in errors[before:] if not any(own in e for own in HOSTS_OWN)] == []
    drawn = page.evaluate(PROMPT)
    ours = to_prompt(read(file), object_info)
    assert {n: node["class_type"] for n, node in drawn.items()} == {n: node["class_type"] for n, node in ours.items()}
    assert {n: node["inputs"] for n, node in drawn.items()} == {n: node["inputs"] for n, node in ours.items()}


def test_no_error_of_the_console_names_this_pack(page_and_errors):
    named = [e for e in page_and_errors[1] if "fair-attention" in e]
    assert [e for e in named if not any(name in e for name in UNPICTURED)] == []


def test_workflows_are_in_the_template_browser(served):
    offered = json.loads(served.get("/api/workflow_templates"))
    assert sorted(offered["fair-attention"]) == [file.stem for file in FILES]


@pytest.mark.parametrize(
    "words, title",
    [
        ("fair inference", "Fair Inference"),
        ("DAAM", "Cross-Attention Heatmaps"),
        ("BiasMap", "SoftIoU Energy Guidance"),
    ],
)
def test_nodes_are_found_by_search(page, words, title):
    page.evaluate("() => window.app.extensionManager.command.execute('Workspace.SearchBox.Toggle')")
    page.wait_for_function(TYPING)
    page.keyboard.type(words, delay=30)
    page.get_by_text(title, exact=True).first.wait_for()
    keep(page, f"search-{words.replace(' ', '-')}")
    page.keyboard.press("Escape")
    page.wait_for_function(f"() => !({TYPING})()")


def test_help_page_shows(page):
    open_workflow(page, read(WORKED))
    page.evaluate("() => window.app.canvas.selectNode(window.app.graph.nodes.find(n => n.type === 'FairInference'))")
    page.get_by_test_id("info-button").click()
    page.get_by_text("exactly the plain picture, bit for bit").first.wait_for()
    page.wait_for_function("() => document.querySelector('img[src$=\"FairInference.jpg\"]')?.naturalWidth > 0")
    keep(page, "help")


def test_a_queued_workflow_shows_its_picture(page):
    workflow = read(WORKED)
    for node in workflow["nodes"]:  # as shipped, but with two pictures and few steps
        if node["type"] == "EmptyLatentImage":
            node["widgets_values"][2] = 2
        if node["type"] == "KSampler":
            node["widgets_values"][2] = 8
    open_workflow(page, workflow)
    page.evaluate("() => window.app.queuePrompt(0)")
    for kind, pictures in (("FairBiasMetrics", 1), ("SaveImage", 2), ("FairReport", 2)):  # each loads its own, later
        page.wait_for_function(f"() => {FAILED} || ({SHOWN})('{kind}') === {pictures}", timeout=600_000)
    keep(page, "queued")
    assert page.evaluate(f"() => {FAILED}") is None
