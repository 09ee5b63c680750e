"""People to edit, on the viewer: what is pressed becomes text, the page shows what the next run draws, and it is kept."""

import json
import random

import numpy as np
import pytest
import torch

from fair_attention.guidance.fair.edit_people import cells, edit_people, polygon
from fair_attention.guidance.fair.edits import parse_edits
from fair_attention.guidance.run_record import Person, Status
from fair_attention.scripts.browser import OPEN
from fair_attention.scripts.draw import to_workflow
from fair_attention.scripts.graph_parts import CLIP, MODEL, decoded, graph, loaded, node, sampled, seen, target
from fair_attention.tests.browser.page import DRAWN_BY, READY, RENDERERS, VIEWER, keep, run
from fair_attention.tests.browser.test_explore import HOSTILE
from fair_attention.tests.browser.test_front_end import HOSTS_OWN, SAYS

PROMPT = "a photo of two pilots next to a red car"
FAIR = "window.app.graph.nodes.find(n => n.type === 'FairInference')"
EDITS = f"() => {FAIR}.widgets.find(w => w.name === 'edits').value"
PANEL = f"{VIEWER}.people"
ROWS = "() => [...document.querySelectorAll('.fair-maps ol:not([hidden]) li button')].map(e => e.textContent)"
STATE = f"() => ({{people: {PANEL}.crowd.people.map(p => ({{...p, inside: [...p.inside]}})), pending: {PANEL}.crowd.pending}})"
NAMED = f"() => {PANEL}.crowd.people.every(p => p.name)"
DRAWN = f"() => !{PANEL}.crowd.pending"  # the run's pictures have been read, and show what was edited
# A place in shares of the picture, on the screen.
AT = f"""([x, y]) => {{
    const v = {VIEWER}, c = v.parts.canvas, f = c.getBoundingClientRect(), b = v.boxes[0]
    return [f.x + (b.x + x * b.width) * f.width / c.width, f.y + (b.y + y * b.height) * f.height / c.height]
}}"""
SPOTS = f"""async () => {{
    const {{spot}} = await import('/extensions/fair-attention/js/maps/edits.js'), c = {PANEL}.crowd
    return c.people.map(p => spot(p.inside, c.size))
}}"""


def peopled(info: dict) -> dict:
    nodes = {
        **loaded(2),
        "7": node("FairLinguisticAlignment", clip=CLIP, prompt=PROMPT),
        "8": node("FairBlockVoting", tokens=["7", 0]),
        **target("9", "gender"),
        "10": node("FairInference", model=MODEL, clip=CLIP, target=["9", 0], regions=["8", 0]),
        **sampled(["10", 0], ["7", 1], steps=10),
        **decoded(),
        **seen("12", "FairExploreMaps", ["10", 1]),
        **seen("13", "FairReport", ["10", 1]),
    }
    columns = [["1", "2", "3"], ["7", "8", "9", "10"], ["4", "5", "6"], ["12"], ["13"]]
    return to_workflow(graph("people", "", nodes, columns, {"all": ["1", "2", "3"]}), info, "0.0.0")


@pytest.fixture(scope="module")
def workflow(object_info):
    return peopled(object_info)


@pytest.fixture(params=RENDERERS)
def drawn(request, page):
    """The people of the first picture, as found, in a renderer."""
    page.evaluate(DRAWN_BY, request.param)
    page.wait_for_function(READY)
    page.evaluate(f"() => {{ const w = {FAIR}.widgets.find(w => w.name === 'edits'); w.value = '' }}")
    page.mouse.move(*page.evaluate(AT, [0.5, 0.5]))
    page.evaluate(f"() => {{ {VIEWER}.image = 0; {VIEWER}.picture(); {VIEWER}.people.set('', false) }}")
    page.get_by_label("what is shown").select_option("people")
    page.wait_for_timeout(500)
    yield request.param.replace(" ", "-")
    page.evaluate(DRAWN_BY, "classic")


def press(page, name: str) -> None:
    page.get_by_role("group", name="edit people").get_by_role("button", name=name, exact=True).click()
    page.wait_for_timeout(200)


def report(page) -> str:
    return page.evaluate(SAYS, "FairReport")


def test_whom_the_run_has_found_is_listed_with_what_each_got(page, drawn):
    rows = page.evaluate(ROWS)
    said = [line.strip() for line in report(page).split("image 2:")[0].splitlines() if line.startswith("  ")]
    assert len(rows) == len(said) == 2
    for row, line in zip(rows, said, strict=True):
        number, label, name = row.replace(":", "").split()
        assert line.startswith(f"{number} {label}: {name}, ")
    keep(page, f"people-{drawn}")


def test_who_is_given_an_attribute_gets_it_in_the_next_run_and_nobody_else_changes(page, drawn, served):
    run(page, served)
    page.wait_for_function(NAMED)
    before = report(page).splitlines()
    second = page.evaluate(STATE)["people"][1]
    other = {"female": "male", "male": "female"}[second["name"]]
    page.mouse.click(*page.evaluate(AT, page.evaluate(SPOTS)[1]))
    page.get_by_label("what they are given").select_option(other)
    page.wait_for_timeout(200)
    (line,) = json.loads(page.evaluate(EDITS))
    assert (line["edit"], line["seed"], line["image"], line["name"]) == ("give", "0", 0, other)
    shown = page.evaluate(STATE)
    assert shown["pending"] and shown["people"][1]["name"] == other
    keep(page, f"people-given-{drawn}")
    run(page, served)
    after = report(page).splitlines()
    assert f"2 {second['label']}: {other}, chosen by hand" in after[2] and "image 1: as edited by hand, give" in after
    assert [a.split(";")[0] for a in after[1:2] + after[4:6]] == [b.split(";")[0] for b in before[1:2] + before[4:6]]
    page.wait_for_function(DRAWN)
    keep(page, f"people-given-drawn-{drawn}")


def test_an_edit_survives_saving_and_loading(page, drawn, served):
    page.mouse.click(*page.evaluate(AT, page.evaluate(SPOTS)[0]))
    press(page, "drop")
    saved = json.loads(page.evaluate("() => JSON.stringify(window.app.graph.serialize())"))
    text = page.evaluate(EDITS)
    assert json.loads(text)[0]["edit"] == "drop"
    page.evaluate(OPEN, saved)
    page.wait_for_function(READY)
    prompt = page.evaluate("async () => (await window.app.graphToPrompt()).output")
    (fair,) = [n for n in prompt.values() if n["class_type"] == "FairInference"]
    assert fair["inputs"]["edits"] == text
    page.get_by_label("what is shown").select_option("people")
    page.wait_for_timeout(400)
    assert "dropped" in page.evaluate(ROWS)[0]
    keep(page, f"people-dropped-{drawn}")
    run(page, served)
    page.wait_for_function(DRAWN)
    assert "left alone, dropped by hand" in report(page).splitlines()[1]


def test_people_are_split_merged_and_drawn_and_all_is_taken_back(page, drawn):
    found = page.evaluate(STATE)["people"]
    page.get_by_role("list", name="people in this picture").get_by_role("button").nth(0).click()
    press(page, "split")
    assert len(page.evaluate(ROWS)) == 3
    for j in (0, 1):
        page.get_by_role("list", name="people in this picture").get_by_role("button").nth(j).click()
    press(page, "merge")
    merged = page.evaluate(STATE)["people"]
    assert [p["inside"] for p in merged] == [p["inside"] for p in found]
    press(page, "draw")
    x, y = page.evaluate(AT, [0.42, 0.05])
    wide, tall = (b - a for a, b in zip((x, y), page.evaluate(AT, [0.58, 0.25]), strict=True))
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((1, 0), (1, 1), (0, 1)):
        page.mouse.move(x + dx * wide, y + dy * tall, steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)
    drawn_by_hand = page.evaluate(STATE)["people"]
    assert len(drawn_by_hand) == 3 and abs(sum(drawn_by_hand[2]["inside"]) - 0.16 * 0.2 * 64 * 64) < 25
    keep(page, f"people-drawn-{drawn}")
    assert [one["edit"] for one in json.loads(page.evaluate(EDITS))] == ["split", "merge", "draw"]
    press(page, "undo")
    assert len(page.evaluate(ROWS)) == 2
    press(page, "as found")
    assert page.evaluate(EDITS) == "" and [p["inside"] for p in page.evaluate(STATE)["people"]] == [
        p["inside"] for p in found
    ]


def test_somebody_is_drawn_and_chosen_by_keys(page, drawn):
    canvas = page.get_by_role("application")
    canvas.focus()
    press(page, "draw")
    canvas.focus()
    for key in ("Enter", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    press(page, "done")
    assert len(page.evaluate(ROWS)) == 3
    press(page, "draw")
    canvas.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.evaluate(f"() => {PANEL}.corners") is None and len(page.evaluate(ROWS)) == 3
    press(page, "undo")


def test_the_page_knows_the_rules_of_the_next_run(page):
    """Two hundred pictures of people who overlap, touch and lie apart, six edits each: who is where, cell by cell."""
    rng = random.Random(5)
    size, cases = (48, 64), []
    for _ in range(200):
        place = lambda: [rng.random(), rng.random()]  # noqa: E731
        corners = [[place() for _ in range(rng.randint(3, 6))] for _ in range(rng.randint(0, 4))]
        counts = {"drop": 1, "give": 1, "merge": 2, "split": 3, "draw": 4}
        edits = [
            {
                "edit": kind,
                "seed": "7",
                "image": 0,
                "at": [place() for _ in range(counts[kind])],
                "name": rng.choice(["female", "doctor", "old"]),
            }
            for kind in rng.choices(list(counts), k=6)
        ]
        cases.append({"corners": corners, "edits": edits})
    found = page.evaluate("""async ([cases, size]) => {
        const {edited, polygon} = await import('/extensions/fair-attention/js/maps/edits.js')
        return cases.map(({corners, edits}) => {
            const people = corners.map(c => ({label: 'doctor', status: 'open', name: '', why: '', inside: polygon(c, size)}))
            return edited(people, edits, ['female', 'male'], ['doctor'], size).people.map(p => [p.status, p.name, p.inside.join('')])
        })
    }""", [cases, {"height": size[0], "width": size[1]}])  # fmt: skip
    assert len(found) == 200 and sum(map(len, found)) > 400
    for case, shown in zip(cases, found, strict=True):
        people = [Person(0, "doctor", torch.from_numpy(polygon(c, size)).float()) for c in case["corners"]]
        edits = parse_edits(json.dumps(case["edits"]), "test")
        wanted, _ = edit_people(people, edits, ["female", "male"], lambda noun, mask: Person(0, noun, mask), size)
        assert [
            [p.status.value, p.name, "".join(map(str, cells(p.mask).ravel().astype(np.uint8)))] for p in wanted
        ] == shown
        assert all(p.status in (Status.OPEN, Status.CHOSEN, Status.DROPPED) for p in wanted)


def test_hostile_labels_are_text(page, drawn):
    made = page.evaluate(f"""names => {{
        const {{told}} = {PANEL}.crowd
        const people = told.found[0].map((p, i) => ({{...p, label: names[i], why: names[i]}}))
        {PANEL}.show({{...told, found: [people, people], now: [people, people], nouns: names, names}})
        const made = {VIEWER}.element.querySelectorAll('img, script').length
        const shown = [...{VIEWER}.parts.crowd.children].map(e => e.textContent)
        {PANEL}.show(told)
        return [made, window.hurt ?? 0, shown]
    }}""", HOSTILE)  # fmt: skip
    assert made[:2] == [0, 0] and HOSTILE[0] in made[2][0] and len(made[2][1]) <= 60


def test_no_error_of_the_console_comes_from_the_panel(page_and_errors):
    assert [e for e in page_and_errors[1] if "fair" in e.lower() and not any(own in e for own in HOSTS_OWN)] == []
