"""At which steps people were steered, and what a strength comes to, in words."""

import pytest

from fair_attention.guidance.fair.outcome import ALONE, Progress, distilled, settings


@pytest.mark.parametrize(
    ("at", "said"),
    [([0.5, 0.25], "steered at steps 3 to 4 of 4"), ([0.25], "steered at step 4 of 4"),
     ([0.75, 0.6, 0.5], "steered at steps 2 to 3 of 4")],  # a second-order sampler looks between two steps
)  # fmt: skip
def test_the_steps_that_were_steered(at, said):
    progress = Progress(levels=[1.0, 0.75, 0.5, 0.25])
    for sigma in at:
        progress.steer(sigma)
    assert progress.in_words() == said and progress.steered == len(at)


def test_a_distilled_model_multiplies_the_strength_by_its_guidance():
    assert "strength 2 pushes about as 7 would elsewhere (7 there is 2 here)" in distilled(2.0, 3.5)


def test_settings_are_said_where_they_are_not_as_set():
    assert settings(alone=False, strength=2.0, guidance=None) == ""
    assert settings(alone=True, strength=2.0, guidance=None) == ALONE
    assert settings(alone=True, strength=2.0, guidance=3.5) == f"{ALONE}\n{distilled(2.0, 3.5)}"
