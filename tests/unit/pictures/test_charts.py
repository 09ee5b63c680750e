"""Charts: print is told from its ground, with nothing drawn over a number."""

import numpy as np
import pytest
import torch

from fair_attention.attention.capture import MapStore
from fair_attention.guidance.energy.outcomes import MEASURED
from fair_attention.guidance.run_record import EnergyStep, SampledRun
from fair_attention.metrics.bias import measure_bias
from fair_attention.pictures import plot
from fair_attention.pictures.bias_chart import chart
from fair_attention.pictures.energy_report import (
    beside_plain,
    describe_energy,
    energy_curve,
    plain_curves,
    why_not_beside,
)
from fair_attention.pictures.theme import NODES, PAPER, theme


def luminance(colour) -> float:
    """Relative luminance (WCAG 2)."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_print_is_told_from_every_theme():
    for background in NODES.values():
        found = theme(background)
        assert contrast(found.ink, found.paper) > 9 and contrast(found.faint, found.paper) > 4.5


def test_the_target_line_stays_off_the_number():
    """All people are of the first class, which is also all that is asked for: bar and line end at their furthest."""
    result = measure_bias([[0, 0], [0]], ["female", "male"], [1.0, 0.0], "gender")
    light = theme("#f5f5f5")
    pixels = np.array(chart(result, light))
    row = pixels[108:140]
    assert (row[:, 428:433] == light.ink).all(-1).any()  # the line, at 170 + 260
    assert (row[:, 433:440] == light.paper).all()
    assert (row[:, 440:] == light.ink).all(-1).any()  # the number


def test_a_batch_without_anybody_readable_has_a_chart():
    assert chart(measure_bias([[], [None]], ["female", "male"], None, "gender"), PAPER).size[0] == 520


def test_names_of_places_do_not_run_into_each_other():
    crowded = plot.line_plot("t", [("c", [0.1] * 60)], [f"place {i}" for i in range(60)], None, PAPER)
    names = np.array(crowded)[plot.HEIGHT - plot.BOTTOM + 8 :].min((0, 2)) < 255  # columns with print
    gaps = np.diff(np.flatnonzero(np.diff(names.astype(int))))[1::2]
    assert max(gaps) >= 10 and names.any() and not names[-1]


def energy_run(*overlaps: tuple[int, float], outcome: str = "guided") -> SampledRun:
    run = SampledRun(MapStore((), 2, (4, 4)), pairs=("gender ~ doctor",), seed=3)
    chance = torch.full((1, 2), 0.2)
    run.energy = [EnergyStep(step, torch.full((1, 2), value), chance, (outcome,) * 2) for step, value in overlaps]
    return run


def test_the_plain_run_is_said_and_drawn_at_the_same_steps():
    guided = energy_run((0, 0.3), (2, 0.4), (4, 0.5))
    plain = energy_run((0, 0.3), (2, 0.6), outcome=MEASURED)
    assert why_not_beside(guided, plain) == ""
    (curve,) = plain_curves(guided, plain)
    assert curve[:2] == pytest.approx([0.3, 0.6]) and np.isnan(curve[2])
    assert beside_plain(guided, plain)[1:] == ["  gender ~ doctor: 0.400, plain 0.600"]
    assert describe_energy(guided, plain).splitlines()[-2].endswith("at step 3:")
    assert beside_plain(energy_run((7, 0.1)), plain) == [
        "the plain run (strength 0, same seed) was measured at none of these steps"
    ]
    alone, both = (np.array(energy_curve(guided, PAPER, other)) for other in (None, plain))
    assert (alone != both).any() and alone.shape == both.shape


def test_what_is_no_plain_run_of_the_same_pictures_is_named():
    guided = energy_run((0, 0.3))
    other = energy_run((0, 0.3), outcome=MEASURED)
    other.pairs = ("race ~ doctor",)
    assert "give both nodes the same concept_pairs" in why_not_beside(guided, other)
    other.pairs, other.seed = guided.pairs, 4
    assert "its seed is 4, the other run's 3" in why_not_beside(guided, other)
    assert "it was guided itself" in why_not_beside(guided, guided)
    assert "nothing was measured" in why_not_beside(guided, energy_run())
