"""Faults put into functions: which there are, worked out by hand; and that a function that is loaded already has them."""

import random
from pathlib import Path

import pytest

from fair_attention.host.hosts import ROOT
from fair_attention.scripts.mutants import sample
from fair_attention.scripts.mutate import forked, put_in
from fair_attention.scripts.mutation_tests import TESTS

SOURCE = '''SIDE = 64


def narrow(a, b=3):
    """Below 1 and above 2."""
    if a < 1:
        return pow(a, b)
    b.side = a + 2
    for x, y in zip(a, b, strict=True):
        raise ValueError(f"{x + y} of 5")
'''
FAULTS = [
    (6, "boolean", "not a < 1"), (6, "comparison", "a <= 1"), (6, "comparison", "a >= 1"), (6, "constant", "2"),
    (7, "swapped", "pow(b, a)"),
    (8, "arithmetic", "a - 2"), (8, "constant", "3"), (8, "removed", "pass"),
    (9, "swapped", "zip(b, a, strict=True)"),
    (10, "removed", "pass"),
]  # fmt: skip


def test_every_fault_of_a_function_and_none_of_its_texts():
    found = sample(SOURCE, 99, random.Random(0))
    assert sorted((m.line, m.kind, m.after) for m in found) == FAULTS
    assert sample("def same(a):\n    return pow(a, a), iou(a, 'b')\n", 9, random.Random(0)) == []
    some = [m.after for m in sample(SOURCE, 4, random.Random(1))]
    assert some == [m.after for m in sample(SOURCE, 4, random.Random(1))] and len(some) == 4


def test_a_loaded_function_gets_the_fault(tmp_path: Path):
    path = tmp_path / "narrow.py"
    names: dict = {}
    exec(compile(SOURCE, str(path), "exec"), names)  # noqa: S102
    narrow = names["narrow"]
    swapped = next(m for m in sample(SOURCE, 99, random.Random(0)) if m.after == "pow(b, a)")
    put_in(path.name, compile(SOURCE, path.name, "exec"), compile(swapped.tree, path.name, "exec"))
    assert narrow(-2, 3) == 3**-2
    with pytest.raises(ValueError, match="no such function is loaded"):
        put_in("other.py", compile(SOURCE, "other.py", "exec"), compile(swapped.tree, "other.py", "exec"))


def test_work_in_a_fork_says_what_it_found_and_has_an_end():
    assert forked(lambda: None, 10.0)[0] is None
    assert forked(lambda: "a test", 10.0)[0] == "a test"
    assert forked(lambda: 1 / 0, 10.0)[0] == "ZeroDivisionError: division by zero"
    said, used = forked(lambda: [0 for _ in iter(int, 1)], 0.2)
    assert said == "it takes too long" and used >= 0.2


def test_every_file_and_its_tests_are_there():
    for file, tests in TESTS.items():
        assert (ROOT / file).is_file(), file
        assert tests and all((ROOT / test.partition("::")[0]).is_file() for test in tests), file
