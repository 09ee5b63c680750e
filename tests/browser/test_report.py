"""The report of an audit in a real browser: opened from disk, without script, in light and dark, nothing fetched, nothing against axe."""

from dataclasses import replace
from pathlib import Path

import pytest

from fair_attention.audit import __main__ as command
from fair_attention.audit.kept import keep
from fair_attention.host.fake import picture, rows
from fair_attention.metrics.study import StudyStore
from fair_attention.metrics.study.rows import loads
from fair_attention.tests.browser.page import SCREENSHOTS

CERTIFICATE = {
    "reader": "fake reader", "pictures": "100 pictures", "missed": 3,
    "axes": {"gender": {"classes": ["male", "female"], "counts": [[48, 1, 1], [2, 47, 1]]}},
}  # fmt: skip
CHECK = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(v => ['serious', 'critical'].includes(v.impact)).map(v => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Everything that a report can hold: pictures, two methods, a certificate, cells that have failed."""
    pytest.importorskip("jinja2", reason="the report needs Jinja2")
    folder = tmp_path_factory.mktemp("jobs")
    kept = keep(folder, "one.png", picture())
    with StudyStore(folder) as store:
        for method in ("plain", "fair"):
            for prompt in ("two cooks", "two pilots"):
                for seed in range(4):
                    sent = loads(rows(method, prompt, seed, 4))
                    pictures = tuple(replace(p, file=kept) for p in sent.pictures)
                    store.write(method, prompt, seed, replace(sent, pictures=pictures, certificate=CERTIFICATE))
        store.fail("fair", "two cooks", 9, "out of memory", "http://127.0.0.1:8188", "today")
        store.note(methods={"plain": "", "fair": ""}, axes=["gender"], study="format = 1", command="audit run")
    assert command.main(["report", str(folder)]) == 0
    return folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_opens_from_disk_without_script_and_fetches_nothing(browser, report, scheme):
    asked = []
    with browser.new_context(
        java_script_enabled=False, color_scheme=scheme, viewport={"width": 1280, "height": 900}
    ) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        assert page.get_by_text("Gender of plain is unequal").is_visible()
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, paper[4:-1].split(", "))) > 384) == (scheme == "light")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"report-{scheme}.png", full_page=True)
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_serious_to_say(browser, report, scheme):
    package = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
    (script,) = Path(package.__file__).parent.rglob("axe.min.js")
    with browser.new_context(bypass_csp=True, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate(script.read_text(encoding="utf-8"))
        assert page.evaluate(CHECK) == []
        assert "out of memory" in page.inner_text("main") and "was read as a column" in page.inner_text("main")
