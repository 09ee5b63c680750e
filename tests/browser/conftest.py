"""A headless Chromium on the host's own front end. Skipped by name where Chromium or Playwright is missing, unless
FAIR_ATTENTION_BROWSER=required (`make test-browser`): then what is missing is an error.

On the oldest host's front end, 1.32.9, some of them run: what users touch (ON_THE_OLDEST).
"""

import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from fair_attention.host import hosts
from fair_attention.scripts.browser import OPEN, chromium, go_to_front_end, launch
from fair_attention.tests.browser.page import NODE, run

# Beginnings of their names.
ON_THE_OLDEST = (
    "test_explore.py::test_hovering_ranks", "test_explore.py::test_a_click_makes", "test_explore.py::test_no_error",
    "test_people.py::test_whom_the_run", "test_people.py::test_an_edit_survives", "test_people.py::test_no_error",
    "test_blueprints.py::test_a_blueprint_becomes",
)  # fmt: skip
OLDEST = hosts.version() != hosts.NEWEST and not os.environ.get("COMFYUI_PATH")


def missing() -> str | None:
    """Why no browser test can run here; None if all can."""
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
        if Path(__file__).parent not in item.path.parents:
            continue
        if reason and os.environ.get("FAIR_ATTENTION_BROWSER") == "required":
            raise pytest.UsageError(reason)
        if OLDEST and not f"{item.path.name}::{item.name}".startswith(ON_THE_OLDEST):
            item.add_marker(pytest.mark.skip(reason=f"written for the front end of ComfyUI {hosts.NEWEST}"))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser():
    """One Chromium a module: while Playwright runs, nothing else in this process may start an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture(scope="module")
def open_page(browser) -> Callable:
    """(url) -> (page, errors): a page with the front end ready, and the console's errors, added as they come.

    first: with the template browser open.
    """

    def open_page(url: str, first: bool = False):
        is_first_start(url, first)
        page, errors = browser.new_page(viewport={"width": 1600, "height": 1000}), []
        page.on("console", lambda m: errors.append(told(m.text, m.location, url)) if m.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(f"exception: {error}"))
        go_to_front_end(page, url, first)
        return page, errors

    return open_page


@pytest.fixture(scope="module")
def page_and_errors(open_page, served, workflow):
    """The test file's own `workflow`, opened and run, its map viewer in the middle of the page."""
    page, errors = open_page(served.url)
    errors.clear()
    page.evaluate(OPEN, workflow)
    page.evaluate(
        f"() => {{ const n = {NODE}, d = window.app.canvas.ds; d.scale = 1; d.offset[0] = 450 - n.pos[0]; d.offset[1] = 120 - n.pos[1] }}"
    )
    run(page, served)
    yield page, errors
    page.close()


@pytest.fixture
def page(page_and_errors):
    return page_and_errors[0]


def is_first_start(url: str, first: bool) -> None:
    """Files of tests share a host, which opens the template browser at its first page only."""
    body = {"data": b"false" if first else b"true", "headers": {"Content-Type": "application/json"}, "method": "POST"}
    urllib.request.urlopen(urllib.request.Request(f"{url}/settings/Comfy.TutorialCompleted", **body), timeout=60)


def told(text: str, location: dict, url: str) -> str:
    """An error's first line and its place, without the address of this server."""
    return f"{text.splitlines()[0]} {location.get('url', '')}".replace(url, "")
