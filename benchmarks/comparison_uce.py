"""UCE's concepts in the comparison: what its published loop has found, kept where a row can be drawn anew without it."""

import json
from pathlib import Path

from ..guidance.baselines.uce_loop import ROUNDS, is_met
from ..scripts.edit_concepts import VARIANTS

LOOPS = Path(__file__).parent / "results" / "uce"


def concepts_file(kept: Path, variant: str, aim: tuple[str, ...]) -> Path:
    """The state of UCE's loop: beside the results where it has been run for this checkpoint, in the bench's folder otherwise.

    A loop is an hour of drawing, and its row is to be drawn anew without it.
    """
    name = f"{short(variant)} - {' x '.join(aim)}.json"
    shipped = LOOPS / kept.name / name
    return shipped if shipped.exists() else kept / f"uce - {name}"


def short(variant: str) -> str:
    """The name of a variant on the command line of `edit_concepts`."""
    return next(s for s, name in VARIANTS.items() if name == variant)


def concepts_found(kept: Path, variant: str, aim: tuple[str, ...]) -> str:
    """The lines for *concepts* that the loop has found. SystemExit, with the command, where it has not run."""
    file, axes = concepts_file(kept, variant, aim), " x ".join(aim)
    if not file.exists():
        raise SystemExit(
            f"UCE ({variant}) for {axes} has no concepts yet: run python -m "
            f"fair_attention.scripts.edit_concepts --variant {short(variant)} --attributes '{axes}' --out '{file}' "
            "--concepts 'judge; judges; ...' (the occupations of the prompts), or leave the row out by --only"
        )
    return json.loads(file.read_text(encoding="utf-8"))["lines"]


def loop_run(file: Path) -> str:
    """How far a loop had come: "8 rounds of at most 30, 3 of 12 texts met", by its last shares and for equal ones."""
    state = json.loads(file.read_text(encoding="utf-8"))
    met = [is_met([1 / len(shares)] * len(shares), shares) for shares in state["observed"].values()]
    return f"{len(state['rounds'])} rounds of at most {ROUNDS}, {sum(met)} of {len(met)} texts met"
