"""One rule for every window: the step that begins at its start belongs to it, the one that begins at its end does not.

The schedule "normal" puts six steps at 0, 20, 40, 60, 80 and 100 % of the sampling, so each edge below meets a step.
"""

import pytest

from fair_attention.tests.host.conditions import PROMPT, halves
from fair_attention.tests.host.post_cfg import watched

STEPS = 6
WINDOWS = {(0.0, 0.2): [0], (0.2, 0.6): [1, 2], (0.6, 1.0): [3, 4, 5], (0.19, 0.21): [1]}


def captured(bench, setting, start, end):
    model, attention = bench.node["FairAttentionCapture"].execute(
        bench.model, bench.clip, prompt=PROMPT, start_percent=start, end_percent=end
    ).result  # fmt: skip
    bench.sample(model, setting.positive, steps=STEPS)
    return sorted(attention.runs[-1].steps)


def energy_guided(bench, setting, start, end):
    model, attention = bench.node["FairSoftIoUGuidance"].execute(
        bench.model, bench.clip, "a doctor and gender", "gender ~ doctor", start_percent=start, end_percent=end, every=1
    ).result  # fmt: skip
    bench.sample(model, setting.positive, steps=STEPS)
    return [step.step for step in attention.runs[-1].energy]


def people_steered(bench, setting, start, end):
    """Which predictions Fair Inference changes: those after its post-CFG function that differ from those before it."""
    seen = []
    base = watched(bench.model, lambda args: seen.append(args["denoised"].clone()))
    model, _ = bench.fair(
        bench.target(), model=base, masks=halves(), start_percent=start, end_percent=end, every=1, steering="in full"
    )
    model = watched(model, lambda args: seen.append(bool((args["denoised"] != seen.pop()).any())))
    bench.sample(model, setting.positive, steps=STEPS)
    return [step for step, changed in enumerate(seen) if changed]


@pytest.mark.parametrize("technique", [captured, energy_guided, people_steered])
@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w[0]:g} to {w[1]:g}")
def test_the_same_steps_belong_to_a_window_in_every_technique(bench, setting, technique, window):
    assert technique(bench, setting, *window) == WINDOWS[window]


def test_the_warm_up_ends_where_steering_begins(bench, setting):
    """Found in steps 0 and 1, steered from step 2 on: none is both, none is neither."""
    model, attention = bench.fair(
        bench.target(), regions=setting.regions, masks=halves(), start_percent=0.4, end_percent=1.0, every=1, steering="in full"
    )  # fmt: skip
    bench.sample(model, setting.positive, steps=STEPS)
    run = attention.runs[-1]
    assert sorted(run.steps) == [0, 1]
    assert {s.steps for p in run.people[0] for s in p.steered} == {4}
