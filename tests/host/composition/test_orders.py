"""Our own nodes on one model, in every order, doubled, beside wrappers that hand on a copy of the host's options.

What each of them sees must not depend on its place: Fair Inference gives the U-Net other options and more rows than the
sampler asked for, and a node that stands before it in the graph is called outside of it.
"""

from functools import lru_cache
from itertools import permutations

import pytest
import torch
from comfy.patcher_extension import WrappersMP

from fair_attention.tests.host.composition import community
from fair_attention.tests.host.composition.case import CAPTURE, FAIR, SOFTIOU, plainly
from fair_attention.tests.host.composition.ours import PROMPT, STRENGTH, node
from fair_attention.tests.host.conditions import halves
from fair_attention.tests.host.oracle import Expectation, Oracle, expected_maps, largest_difference

ORDERS = [order for length in (2, 3) for order in permutations((CAPTURE, FAIR, SOFTIOU), length)]
DOUBLED = [(CAPTURE, CAPTURE), (FAIR, FAIR), (CAPTURE, FAIR, CAPTURE), (FAIR, CAPTURE, FAIR), (SOFTIOU, SOFTIOU)]
COPIES = {"alone": (False, False), "between copies": (True, True)}


def named(order) -> str:
    return "".join(kind[0] for kind in order)


def chained(bench, order, tokens, copies=(False, False)):
    """(model, [(kind, attention)])"""
    model, seen = community.copying(bench, bench.model) if copies[0] else bench.model, []
    for kind in order:
        model, attention = node(bench, kind, tokens, STRENGTH[kind])(model)
        seen.append((kind, attention))
    return community.copying(bench, model) if copies[1] else model, seen


def test_there_are_twelve_orders():
    assert len(ORDERS) == len(set(ORDERS)) == 12


@pytest.fixture(scope="module")
def uncaptured(bench):
    """(order, copies) -> the latent of that order without its captures; once for all orders that are then the same."""

    @lru_cache
    def sampled(order, copies):
        tokens, positive = bench.align(PROMPT)
        return plainly(bench, chained(bench, order, tokens, copies)[0], positive)

    return lambda order, copies: sampled(tuple(kind for kind in order if kind != CAPTURE), copies)


@pytest.mark.parametrize("copies", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("order", [*ORDERS, *DOUBLED], ids=named)
def test_every_order_records_the_prompt_s_own_rows_and_steers_and_capture_changes_no_picture(
    bench, uncaptured, order, copies
):
    tokens, positive = bench.align(PROMPT)
    model, seen = chained(bench, order, tokens, copies)
    with Oracle(bench.model.model.diffusion_model) as oracle:
        latent = plainly(bench, model, positive)
    assert latent.isfinite().all()
    assert CAPTURE not in order or torch.equal(latent, uncaptured(order, copies))
    words = [w.positions for group in tokens.words for w in group]
    for kind, attention in seen:
        run = attention.runs[-1]
        assert run.notes == []
        if kind == CAPTURE:
            expected = expected_maps(oracle, words, run.store.latent_size, Expectation(text=tokens.context))
            assert largest_difference(run.store, expected) < 1e-6
        elif kind == FAIR:
            assert sorted(p.attribute for p in run.people[0]) == [0, 1]
        else:
            assert any("guided" in step.outcome for step in run.energy)


def test_people_are_found_behind_a_capture_as_without_it(bench):
    tokens, positive = bench.align(PROMPT)
    regions = bench.regions(tokens)
    found = []
    for before in (False, True):
        model = chained(bench, (CAPTURE,), tokens)[0] if before else bench.model
        model, attention = bench.fair(bench.target(), model=model, regions=regions, start_percent=0.4, end_percent=1.0)
        found.append((plainly(bench, model, positive), attention.runs[-1].people[0]))
    assert torch.equal(found[0][0], found[1][0]) and len(found[0][1]) == len(found[1][1]) > 0
    assert all(torch.equal(a.mask, b.mask) for a, b in zip(found[0][1], found[1][1], strict=True))


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("warm_up", [False, True], ids=["guided", "warming up"])
def test_prompts_that_another_pack_appends_keep_their_numbers(bench, place, warm_up):
    """It puts two negatives of its own behind the sampler's: one that bore the positive's number would be drawn."""
    tokens, positive = bench.align(PROMPT)
    seen = []

    def appending(model):
        model = model.clone()

        def calc(executor, calc_model, conds, *args, **kwargs):
            more = [[{**c, "uuid": name} for c in conds[1]] for name in ("first", "second")]
            first = len(conds)
            seen.append((first, {}))
            return executor(calc_model, [*conds, *more], *args, **kwargs)[:first]

        def look(executor, x, *args, **kwargs):
            options = kwargs.get("transformer_options") or next(a for a in args if isinstance(a, dict) and "uuids" in a)
            seen[-1][1].update(zip(options["uuids"], options["cond_or_uncond"], strict=True))
            return executor(x, *args, **kwargs)

        model.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, "theirs", calc)
        model.add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, "theirs", look)
        return model

    given = {"regions": bench.regions(tokens), "masks": halves(), "every": 1, "end_percent": 1.0}
    given["start_percent"] = 0.99 if warm_up else 0.0
    model = bench.model if place == "after" else appending(bench.model)
    model, _ = bench.fair(bench.target(), model=model, **given)
    plainly(bench, appending(model) if place == "after" else model, positive)
    assert len(seen) == 3 and all((call["first"], call["second"]) == (n, n + 1) for n, call in seen)
