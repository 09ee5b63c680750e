"""The page in other languages: our nodes have their names, and what they say of their inputs."""

import json

import pytest

from fair_attention.scripts.browser import OPEN
from fair_attention.tests.browser.page import keep
from fair_attention.tests.browser.test_front_end import WORKED, read
from fair_attention.tests.workflows.locales import translated

KIND = "FairInference"
NAMES = f"""() => {{
    const node = window.app.graph.nodes.find(n => n.type === '{KIND}')
    return {{inputs: Object.fromEntries(node.inputs.map(i => [i.name, i.localized_name])),
        outputs: node.outputs.map(o => o.localized_name), widgets: Object.fromEntries(node.widgets.map(w => [w.name, w.label]))}}
}}"""


@pytest.fixture(scope="module")
def page(open_page, served):
    page, _ = open_page(served.url)
    yield page
    page.evaluate("() => window.app.extensionManager.setting.set('Comfy.Locale', 'en')")
    page.wait_for_timeout(500)
    page.close()


@pytest.mark.parametrize(("language", "of_help"), [("ko", "사람"), ("zh", "人物")])
def test_nodes_speak_the_users_language(page, served, language, of_help):
    page.evaluate("language => window.app.extensionManager.setting.set('Comfy.Locale', language)", language)
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_function("() => window.app?.graph && window.app.extensionManager")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)
    page.evaluate(OPEN, read(WORKED))
    page.wait_for_timeout(1500)
    found, wanted = page.evaluate(NAMES), translated(language)
    for name, shown in found["inputs"].items():
        assert shown == wanted[f"{KIND}.inputs.{name}.name"], name
    for name, shown in found["widgets"].items():
        assert shown == wanted[f"{KIND}.inputs.{name}.name"], name
    assert found["outputs"] == [wanted[f"{KIND}.outputs.{place}.name"] for place in (0, 1)]
    keep(page, f"language-{language}")
    page.evaluate(f"() => window.app.canvas.selectNode(window.app.graph.nodes.find(n => n.type === '{KIND}'))")
    page.get_by_test_id("info-button").click()
    page.get_by_text(of_help).first.wait_for()
    page.wait_for_timeout(800)
    keep(page, f"language-{language}-help")


def test_the_host_hands_them_to_the_page(served):
    found = json.loads(served.get("/i18n"))
    assert {"de", "es", "fr", "ja", "ko", "zh"} <= set(found)
    assert found["zh"]["nodeDefs"][KIND]["display_name"] == translated("zh")[f"{KIND}.display_name"]
