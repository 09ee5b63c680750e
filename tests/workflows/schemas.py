"""The schemas of our nodes as saved workflows depend on them: `python -m fair_attention.tests.workflows.schemas` records.

Widgets are saved by position: an input may be appended behind all others, and nothing else. Schemas of released
versions therefore never change in `schemas.json`; rows are added at the end.
"""

import json
import tempfile
from pathlib import Path

from fair_attention.host.server import running

FILE = Path(__file__).with_name("schemas.json")
RECORDED = ("default", "min", "max", "step", "multiline", "control_after_generate")
COMMAND = "make schemas"


def ours(object_info: dict) -> dict[str, dict]:
    """Our node classes by id."""
    return {kind: info for kind, info in sorted(object_info.items()) if info["category"].startswith("fair attention")}


def inputs(info: dict) -> list[dict]:
    """A node's inputs in the order their widgets are saved in."""
    rows = []
    for group in ("required", "optional"):
        for name, spec in info["input"].get(group, {}).items():
            kind, options = spec[0], spec[1] if len(spec) > 1 else {}
            row = {"name": name, "type": "COMBO" if isinstance(kind, list) else kind, "required": group == "required"}
            row |= {key: options[key] for key in RECORDED if options.get(key) is not None}
            if row["type"] == "COMBO":
                row["options"] = kind if isinstance(kind, list) else options["options"]
            rows.append(row)
    return rows


def schemas(object_info: dict) -> dict[str, dict]:
    """Node id -> inputs and outputs."""
    return {
        kind: {
            "inputs": inputs(info),
            "outputs": [list(o) for o in zip(info["output_name"], info["output"], strict=True)],
        }
        for kind, info in ours(object_info).items()
    }


def changes(recorded: dict, found: dict) -> list[str]:
    """What differs, a line each: what breaks saved workflows, and what only has to be recorded."""
    lines = [f"{kind} is gone: node ids are forever" for kind in recorded if kind not in found]
    for kind, schema in found.items():
        if kind not in recorded:
            lines.append(f"{kind} is new: record it with `{COMMAND}`")
            continue
        for what in ("inputs", "outputs"):
            old, new = recorded[kind][what], schema[what]
            for place, (before, now) in enumerate(zip(old, new, strict=False), 1):
                if before != now:
                    lines.append(f"{kind}, {what} {place}: was {json.dumps(before)}, is {json.dumps(now)}")
            lines += [f"{kind}: {what} {json.dumps(row)} is gone" for row in old[len(new) :]]
            lines += [f"{kind}: {what} {json.dumps(row)} is new: record it with `{COMMAND}`" for row in new[len(old) :]]
    return lines


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        found = schemas(server.object_info())
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    print("\n".join(changes(known, found)) or "nothing to record")
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
