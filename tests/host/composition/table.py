"""docs/composition.md, written from the cases: `make composition`. A test holds the committed page against them."""

from collections.abc import Iterator

from fair_attention.host import hosts
from fair_attention.host.in_process import use_host

PAGE = hosts.ROOT / "docs" / "composition.md"
HEAD = """# What these nodes work with

Written by `make composition` from the table that the tests run (`tests/host/composition/cases.py`); do not edit by hand.
Every row is run on ComfyUI 0.30.0 and 0.3.75 with tiny random models, and where the other node patches the model, with
ours **before** it and **after** it.

**right** means: the other node does what it does, and
- *Capture Cross-Attention*: the latent is bit-identical to the one without it; maps of all blocks are there and finite.
- *Fair Inference*, *SoftIoU Energy Guidance*: they have an effect and the latent is finite; at strength 0 it is
  bit-identical to the one without them.

Compiled models are right too: what is recorded or differentiated runs uncompiled, all other steps compiled
(`tests/host/test_compiled.py`: capture with the whole model compiled, as *TorchCompileModel* does; Fair Inference and energy
guidance with one block compiled; in CI with the backend *eager*, once, on ComfyUI 0.30.0, with *inductor* and its generated
code: all pass). Uncompiled steps round otherwise than compiled ones (by about 1e-4 with *inductor*): there,
and only there, bit-identical means so nearly.

CLIP NegPip, whose texts have two tokens for each, is right too, for the prompt's words and for those of an attribution prompt
(`tests/host/composition/test_packs.py`, `test_packs_observed.py`).

**refused** means that a message says what was not done, and the picture is otherwise as promised; **undefined**, that it
runs and gives a finite picture, and no more is promised; **broken**, that it is known not to work yet.
"""


def page() -> str:
    from fair_attention.tests.host.composition.case import COLUMNS
    from fair_attention.tests.host.composition.cases import GROUPS

    notes: list[str] = []
    parts = [HEAD]
    for heading, cases in GROUPS.items():
        rows = [("", *COLUMNS), ("---",) * (len(COLUMNS) + 1)]
        rows += [(name(case), *(cell(case, column, notes) for column in COLUMNS)) for case in cases]
        parts.append(f"## {heading}\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n")
    if notes:
        parts.append("## Notes\n\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(notes, 1)) + "\n")
    return "\n".join(parts)


def name(case) -> str:
    return case.name + (f" ({case.lacking})" if case.lacking else "")


def cell(case, column: str, notes: list[str]) -> str:
    """The verdict, once where both places agree; reasons go to the notes."""
    found = {place: case.verdict(column, place) for place in case.places}
    if len(set(found.values())) == 1:
        return "".join(marked(next(iter(found.values())), notes))
    return "; ".join(f"ours {other(place)}: " + "".join(marked(v, notes)) for place, v in found.items())


def other(place: str) -> str:
    """Where ours stands, if the other node stands at `place`."""
    return "after" if place == "before" else "before"


def marked(verdict, notes: list[str]) -> Iterator[str]:
    yield verdict.kind
    if verdict.why:
        if verdict.why not in notes:
            notes.append(verdict.why)
        yield f" [{notes.index(verdict.why) + 1}]"


def main() -> None:
    use_host()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
