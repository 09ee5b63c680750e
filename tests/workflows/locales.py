"""What a translation of our nodes holds: the texts of the schemas in English, by the keys that the front end asks for.

locales/<language>/nodeDefs.json: node id -> display_name, description, inputs.<name>.name and .tooltip, outputs."<place>".name and
.tooltip. Beside it glossary.tsv: an English term, and what it is called in that language, alternatives by " / ".
"""

import json

from fair_attention.host import hosts
from fair_attention.tests.workflows.schemas import ours

FOLDER = hosts.ROOT / "locales"
LANGUAGES = sorted(path.parent.name for path in FOLDER.glob("*/nodeDefs.json"))


def english(object_info: dict) -> dict[str, str]:
    """Every text of our nodes: "FairReport.inputs.latent.tooltip" -> its English."""
    found = {}
    for kind, info in ours(object_info).items():
        texts = {"display_name": info["display_name"], "description": info["description"]}
        for group in ("required", "optional"):
            for name, spec in info["input"].get(group, {}).items():
                texts |= {f"inputs.{name}.name": name, f"inputs.{name}.tooltip": spec[1].get("tooltip")}
        tooltips = info.get("output_tooltips") or [None] * len(info["output_name"])
        for place, (name, tooltip) in enumerate(zip(info["output_name"], tooltips, strict=True)):
            texts |= {f"outputs.{place}.name": name, f"outputs.{place}.tooltip": tooltip}
        found |= {f"{kind}.{key}": text for key, text in texts.items() if text}
    return found


def translated(language: str) -> dict[str, str]:
    """The same of a language's file."""
    return dict(leaves(json.loads((FOLDER / language / "nodeDefs.json").read_text(encoding="utf-8"))))


def leaves(tree: dict, before: str = ""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def glossary(language: str) -> list[tuple[list[str], list[str]]]:
    lines = (FOLDER / language / "glossary.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(side.split(" / ") for side in line.split("\t")) for line in lines]
