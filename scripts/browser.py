"""The host's own front end in a headless Chromium, for browser tests and for pictures of nodes."""

import os
import shutil

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
READY = "() => window.app?.graph && window.app.extensionManager && document.querySelector('canvas')"
OPEN = "async workflow => { await window.app.loadGraphData(workflow) }"
PATIENCE = 180_000  # milliseconds; the page loads 600 files, and CI's machine is slow


def chromium() -> str | None:
    """Where the browser is; None if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def launch(playwright):
    """A browser of Playwright's."""
    return playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)


def go_to_front_end(page, url: str, first: bool = True) -> None:
    """Open the front end with everything loaded; first: as on a first start, with its template browser open."""
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    page.wait_for_function(READY)
    if first:
        page.get_by_role("dialog").get_by_text("Templates", exact=True).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)  # the last of the host's own complaints
