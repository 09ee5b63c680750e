"""Every row of docs/composition.md, run: each of our nodes beside something else, before it and after it."""

import pytest
import torch

from fair_attention.host import hosts
from fair_attention.tests.host.composition import table
from fair_attention.tests.host.composition.case import BROKEN, COLUMNS, UNDEFINED, Case
from fair_attention.tests.host.composition.cases import CASES
from fair_attention.tests.host.composition.ours import PROMPT, Trial, switched_off

# Place by place: the host computes patched weights anew whenever another model has been sampled in between.
TRIALS = [(case, column, place) for case in CASES for place in case.places for column in COLUMNS]


@pytest.fixture(scope="module")
def plain(bench):
    """case -> its latent without our nodes; once a case."""
    known: dict[str, torch.Tensor] = {}

    def sampled(case: Case) -> torch.Tensor:
        if case.name not in known:
            _, positive = bench.align(PROMPT)
            known[case.name] = case.sampled(bench, case.arranged(bench)[0], positive)
        return known[case.name]

    return sampled


def works(trial: Trial) -> bool:
    try:
        trial.seen()
    except Exception:  # noqa: BLE001  however it breaks
        return False
    return True


def skip_what_the_old_host_lacks(case: Case) -> None:
    if case.lacking and hosts.version() != hosts.NEWEST:
        pytest.skip(case.lacking)


@pytest.mark.parametrize(("case", "column", "place"), TRIALS, ids=[f"{c.name}-{n}-{p}" for c, n, p in TRIALS])
def test_row(bench, plain, case, column, place):
    skip_what_the_old_host_lacks(case)
    wanted = case.verdict(column, place)
    with case.around():
        trial = Trial(bench, case, column, place, plain(case))
        if wanted.kind == UNDEFINED:
            trial.finite()
        elif wanted.kind == BROKEN:
            assert not works(trial), "it works now: mend the row"
        else:
            seen = trial.seen()
            assert seen.kind == wanted.kind, f"{seen.message or 'it is right now'}: mend the row"


@pytest.mark.parametrize(
    ("case", "place"), [(c, p) for c in CASES for p in c.places], ids=lambda x: getattr(x, "name", x)
)
def test_strength_zero_is_the_plain_picture(bench, plain, case, place):
    skip_what_the_old_host_lacks(case)
    with case.around():
        assert torch.equal(switched_off(bench, case, place), plain(case))


@pytest.mark.parametrize("case", [c for c in CASES if c.visible], ids=lambda case: case.name)
def test_what_stands_beside_ours_does_something(bench, plain, case):
    skip_what_the_old_host_lacks(case)
    with case.around():
        mine = plain(case)
    nothing = plain(next(c for c in CASES if c.name == "KSampler"))
    assert mine.isfinite().all() and (mine.shape != nothing.shape or not torch.equal(mine, nothing))


def test_the_page_says_what_the_cases_say():
    assert table.PAGE.read_text(encoding="utf-8") == table.page(), "run `make composition`"


def test_every_cell_of_the_page_is_a_trial():
    """Read off the committed page, not off the cases: no row of it, and none of its columns, may be without a run."""
    lines = [
        line.strip("| ").split(" | ") for line in table.PAGE.read_text(encoding="utf-8").splitlines() if "|" in line
    ]
    heads = [cells for cells in lines if cells[0] == COLUMNS[0]]
    rows = [cells for cells in lines if cells[0] != COLUMNS[0] and set(cells[0]) != {"-"}]
    assert len(heads) >= 3 and len(rows) > 60
    run = {(table.name(case), column) for case, column, _ in TRIALS}
    for cells in rows:
        assert len(cells) == 1 + len(COLUMNS), cells
        assert {(cells[0], column) for column in COLUMNS} <= run, cells[0]
