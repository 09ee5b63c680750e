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


def wait_for_pictures(page, done: str, timeout: int = 600_000) -> None:
    """Wait until the function `done` of the page says so, in milliseconds at most.

    The front end loads a node's pictures when it draws the node, and a browser that thinks its window is hidden draws
    none: each look is by the clock, not by the next frame, and draws what is in view.
    """
    page.wait_for_function(
        f"() => {{ window.app.canvas.draw(true, true); return ({done})() }}", timeout=timeout, polling=500
    )


def run_and_wait(page, served, done: str) -> None:
    """Queue the page's graph and wait for `done`; where that does not come, the error says what the server and the page have."""
    from playwright.sync_api import TimeoutError as NotInTime

    page.bring_to_front()
    page.evaluate("() => window.app.queuePrompt(0)")
    try:
        wait_for_pictures(page, done, 300_000)
    except NotInTime:
        told = [entry.get("status") for entry in json.loads(served.get("/history?max_items=1")).values()]
        shown = page.evaluate(
            "() => window.app.graph.nodes.map(n => [n.id, n.type, n.imgs?.map(i => [i.src, i.complete, i.width]) ?? null])"
        )
        queue, outputs = json.loads(served.get("/queue")), page.evaluate("() => window.app.nodeOutputs")
        raise AssertionError(f"not in time; queue {queue}; last run {told}; outputs {outputs}; nodes {shown}") from None
