"""Charts: print is told from its ground, with nothing drawn over a number."""

import numpy as np

from fair_attention.metrics.bias import measure_bias
from fair_attention.pictures import plot
from fair_attention.pictures.bias_chart import chart
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
