"""The nodes' schemas against the recorded ones, and what every node owes its users: words on everything."""

import json
import re

import pytest

from fair_attention.host import hosts
from fair_attention.tests.workflows import schemas

DOCS = hosts.ROOT / "web" / "docs"
SPEAKING = re.findall(r'^  "(Fair\w+)",$', (hosts.ROOT / "web" / "js" / "texts.js").read_text(encoding="utf-8"), re.M)
PAGES = sorted(path.stem for path in DOCS.glob("*.md"))
RULE = (
    "Saved workflows keep widgets by position. Append inputs behind all others (optional, with a default) and leave the "
    f"rest as it is; then record with `{schemas.COMMAND}`. A change on purpose, before a release: the same command."
)


def test_schemas_are_as_recorded(object_info):
    recorded = json.loads(schemas.FILE.read_text(encoding="utf-8"))
    found = schemas.changes(recorded, schemas.schemas(object_info))
    assert not found, "\n".join(["", *found, RULE])


@pytest.mark.parametrize("kind", json.loads(schemas.FILE.read_text(encoding="utf-8")))
def test_every_node_and_input_is_explained(object_info, kind):
    info = object_info[kind]
    assert len(info["description"]) > 40 and info["display_name"] != kind
    for group in ("required", "optional"):
        for name, spec in info["input"].get(group, {}).items():
            assert len(spec) > 1 and spec[1].get("tooltip"), f"{kind}, {name}: no tooltip"


@pytest.mark.parametrize("kind", json.loads(schemas.FILE.read_text(encoding="utf-8")))
def test_numbers_have_limits_and_a_step(object_info, kind):
    for row in schemas.inputs(object_info[kind]):
        if row["type"] in ("INT", "FLOAT"):
            assert {"default", "min", "max"} <= row.keys(), row
            assert row["min"] <= row["default"] <= row["max"]
            assert row["type"] == "INT" or "step" in row, row


@pytest.mark.parametrize("kind", json.loads(schemas.FILE.read_text(encoding="utf-8")))
def test_help_page_names_every_input_and_output(object_info, kind):
    page = (DOCS / f"{kind}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {object_info[kind]['display_name']}\n")
    named = set(re.findall(r"[\w-]+", page))
    for row in schemas.inputs(object_info[kind]):
        assert row["name"] in named, f"{kind}.md does not say what {row['name']} is"
    for name in object_info[kind]["output_name"]:
        assert name in page, f"{kind}.md does not say what comes out as {name}"


def test_no_help_page_is_left_over(object_info):
    assert PAGES == sorted(schemas.ours(object_info))


@pytest.mark.parametrize("page", PAGES)
def test_help_page_has_its_picture_and_says_how_to_combine_it_and_what_it_costs(page):
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert f"{page}.jpg" in shown and all((DOCS / target).is_file() for target in shown)
    assert "**Combine.**" in text and "**Cost.**" in text
    assert text.index("**In plain words.**") < text.index("**Try this first.**") < text.index("| in | |")
    assert "@" not in text
    says = page in SPEAKING
    assert ("```text\n" in text) == says, "a sample of what the node says, and only where it says something"


def test_changes_are_told_apart():
    def node(*names):
        return {"inputs": [{"name": name} for name in names], "outputs": []}

    def told(recorded, found):
        return " ".join(schemas.changes(recorded, found))

    assert told({"N": node("a", "b")}, {"N": node("a", "b")}) == ""
    assert "is new: record it" in told({"N": node("a")}, {"N": node("a", "b")})
    assert 'N, inputs 1: was {"name": "a"}' in told({"N": node("a", "b")}, {"N": node("b", "a")})
    assert "is gone" in told({"N": node("a", "b")}, {"N": node("a")})
    assert "N is gone" in told({"N": node()}, {}) and "N is new" in told({}, {"N": node()})
