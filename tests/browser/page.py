"""What browser tests share: a run waited for, the map viewer on its node, the two ways in which the front end draws nodes."""

import json
import time
from pathlib import Path

SCREENSHOTS = Path("output/browser")
FAILED = "(window.app.lastExecutionError?.exception_message ?? null)"
NODE = "window.app.graph.nodes.find(n => n.type === 'FairExploreMaps')"
VIEWER = f"{NODE}.fairMaps"
READY = f"() => {FAILED} || ({VIEWER}?.recordings.length && {VIEWER}.boxes && !{VIEWER}.asked)"
RENDERERS = ["classic", "nodes 2.0"]
DRAWN_BY = """async name => {
    await window.app.extensionManager.setting.set('Comfy.VueNodes.Enabled', name === 'nodes 2.0')
    await new Promise(resolve => setTimeout(resolve, 1000))
    return !!LiteGraph.vueNodesMode
}"""


def keep(page, name: str) -> None:
    """A screenshot to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def run(page, served) -> None:
    page.evaluate("() => window.app.queuePrompt(0)")
    page.wait_for_timeout(500)
    until = time.monotonic() + 300
    while any(json.loads(served.get("/queue")).values()):
        assert time.monotonic() < until, "the queue is not empty"
        page.wait_for_timeout(500)  # the page goes on
    page.wait_for_function(READY)
    assert page.evaluate(f"() => {FAILED}") is None
