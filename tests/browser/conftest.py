"""A headless Chromium on the host's own front end. Skipped by name where Chromium or Playwright is missing, unless
FAIR_ATTENTION_BROWSER=required (`make test-browser`): then what is missing is an error.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fair_attention.scripts import hosts

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
READY = "() => window.app?.graph && window.app.extensionManager && document.querySelector('canvas')"
PATIENCE = 180_000  # milliseconds; the page loads 600 files, and CI's machine is slow


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def missing() -> str | None:
    """Why no browser test can run here; None if all can."""
    if hosts.version() != hosts.NEWEST and not os.environ.get("COMFYUI_PATH"):
        return f"browser tests are written for the front end of ComfyUI {hosts.NEWEST}"
    if not chromium():
        return "no Chromium (on Debian: apt-get install chromium; elsewhere set CHROMIUM to its path)"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright in this environment (run `make setup`)"
    return None


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items:
        if reason and Path(__file__).parent in item.path.parents:
            if os.environ.get("FAIR_ATTENTION_BROWSER") == "required":
                raise pytest.UsageError(reason)
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser():
    """One Chromium a module: while Playwright runs, nothing else in this process may start an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def open_page(browser) -> Callable:
    """(url) -> (page, errors): a page with the front end ready, and the console's errors, added as they come."""

    def open_page(url: str):
        page, errors = browser.new_page(viewport={"width": 1600, "height": 1000}), []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: errors.append(told(m.text, m.location, url)) if m.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(f"exception: {error}"))
        page.goto(url)
        page.wait_for_function(READY)
        page.get_by_role("dialog").get_by_text("No templates found").wait_for()  # opens by itself on a first start
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(3000)  # the last of the host's own complaints
        return page, errors

    return open_page


def told(text: str, location: dict, url: str) -> str:
    """An error's first line and its place, without the address of this server."""
    return f"{text.splitlines()[0]} {location.get('url', '')}".replace(url, "")
