"""The people of a run steered by need: who is read with whose prompts, who is pushed, what is recorded."""

import pytest
import torch

from fair_attention.guidance.fair.need import HOLD, LENGTH
from fair_attention.guidance.fair.steering import Axis, Needs, as_held, read

GENDER = Axis("gender", (0, 1), (0, 1))
TONE = Axis("skin tone", (2, 3))
NAMES = ("female", "male", "light", "dark")


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def scene(shares: dict[int, tuple[float, float]], axes=(GENDER,), images: int = 1):
    """(prompt, predictions, groups, masks): one person a group, side by side, each a mixture of its own predictions."""
    n = len(shares)
    predictions = {(g, c): randn(images, 2, 4, 4 * n, seed=10 * g + c) for g in shares for a in axes for c in a.columns}
    prompt, masks = torch.zeros(images, 2, 4, 4 * n, dtype=torch.float64), torch.zeros(images, n, 4, 4 * n)
    for j, (g, p) in enumerate(shares.items()):
        here = slice(4 * j, 4 * j + 4)
        masks[:, j, :, here] = 1
        prompt[..., here] = (p[0] * predictions[g, 0] + p[1] * predictions[g, 1])[..., here]
    return prompt, predictions, torch.tensor([list(shares)] * images), masks


def test_each_person_is_read_by_the_prompts_of_its_own_group() -> None:
    prompt, predictions, groups, masks = scene({0: (0.3, 0.7), 2: (0.9, 0.1)}, images=2)
    readings = read((GENDER,), prompt, predictions, groups, masks)
    torch.testing.assert_close(
        readings.shares[0], torch.tensor([[[0.3, 0.7], [0.9, 0.1]]] * 2, dtype=torch.float64), atol=1e-6, rtol=0
    )
    assert readings.leaning((1, 1), (GENDER,), 0) == pytest.approx(0.9, abs=1e-6)


def test_places_without_a_person_are_read_as_anything_and_pushed_nowhere() -> None:
    prompt, predictions, groups, masks = scene({0: (0.3, 0.7), 1: (0.5, 0.5)})
    groups[0, 1], masks[0, 1] = -1, 0
    readings = read((GENDER,), prompt, predictions, groups, masks)
    needs = Needs((GENDER,), 4.0)
    needs.decide((0, 0), 0, readings, NAMES)
    assert not needs.directions(readings, masks)[0][0, 1].any()


def test_who_changes_is_pushed_and_who_has_it_gets_exactly_nothing() -> None:
    prompt, predictions, groups, masks = scene({0: (0.2, 0.8), 1: (0.9, 0.1)})
    readings = read((GENDER,), prompt, predictions, groups, masks)
    needs = Needs((GENDER,), 4.0)
    changed = needs.decide((0, 0), 0, readings, NAMES)[0]
    kept = needs.decide((0, 1), 0, readings, NAMES)[0]
    assert (changed.given, changed.changing, kept.changing) == ("female", True, False)
    (d,) = needs.directions(readings, masks)
    expected = 4.0 * 0.8 * (predictions[0, 0] - predictions[0, 1])
    torch.testing.assert_close(d[:, 0], expected, atol=1e-5, rtol=1e-5)
    assert not d[:, 1].any()  # the other leads with .9: nothing is missing
    for left, back in ((0.89, HOLD * 0.01), (0.7, 0.3)):  # it has lost a little by a neighbour; it has lost much
        less = read((GENDER,), left * predictions[1, 0] + (1 - left) * predictions[1, 1], predictions, groups, masks)
        torch.testing.assert_close(
            needs.directions(less, masks)[0][:, 1],
            4.0 * back * (predictions[1, 0] - predictions[1, 1]),
            atol=1e-5,
            rtol=1e-5,
        )


def test_what_was_done_is_recorded_step_by_step() -> None:
    prompt, predictions, groups, masks = scene({0: (0.25, 0.75)})
    readings = read((GENDER,), prompt, predictions, groups, masks)
    needs = Needs((GENDER,), 4.0)
    (record,) = needs.decide((0, 0), 0, readings, NAMES)
    needs.directions(readings, masks)
    record.step()
    record.step()  # the direction is held for a second prediction
    later = read((GENDER,), predictions[0, 0], predictions, groups, masks)  # it has become what it was given
    needs.directions(later, masks)
    record.step()
    assert record.before == pytest.approx((0.25, 0.75), abs=1e-6) and record.after == pytest.approx((1, 0), abs=1e-6)
    assert record.steps == 2 and record.push == pytest.approx(4.0 * 0.75, abs=1e-5)


def test_of_a_held_axis_is_said_what_leads() -> None:
    tone = as_held(TONE, torch.tensor([0.3, 0.7]), NAMES)
    assert (tone.axis, tone.given, tone.values, tone.held) == ("skin tone", "dark", ("light", "dark"), True)
    assert tone.before == pytest.approx((0.3, 0.7)) and not tone.after and not tone.changing
    tone.step()
    assert tone.steps == 0  # nobody is pushed along it


def test_of_three_values_the_push_leads_away_from_what_the_person_is_becoming() -> None:
    """Shares .2, .5, .3, given the first: away from the others by .5 p / .8 + .25, that is .5625 and .4375. Of that the main part."""
    axis = Axis("age", (0, 1, 2), (0, 1, 2))
    predictions = {(0, c): randn(1, 2, 4, 4, seed=c) for c in range(3)}
    prompt = 0.2 * predictions[0, 0] + 0.5 * predictions[0, 1] + 0.3 * predictions[0, 2]
    masks = torch.ones(1, 1, 4, 4)
    readings = read((axis,), prompt, predictions, torch.zeros(1, 1, dtype=torch.long), masks)
    needs = Needs((axis,), 4.0)
    needs.decide((0, 0), 0, readings, ("young", "middle-aged", "old"))
    whole = 4.0 * 0.8 * (predictions[0, 0] - 0.5625 * predictions[0, 1] - 0.4375 * predictions[0, 2])
    (d,) = needs.directions(readings, masks)
    torch.testing.assert_close(
        d[:, 0], main_part(whole[0], torch.cat(list(predictions.values())))[None], atol=1e-5, rtol=1e-5
    )


def test_each_axis_has_a_direction_of_its_own() -> None:
    """Gender's is whole, whoever is crossed with it."""
    axes = (Axis("gender", (0, 1), (0, 1, 0, 1)), Axis("age", (2, 3, 4), (0, 0, 1, 1)))
    predictions = {(0, c): randn(1, 2, 4, 4, seed=c) for c in range(5)}
    prompt, masks = 0.2 * predictions[0, 0] + 0.8 * predictions[0, 1], torch.ones(1, 1, 4, 4)
    readings = read(axes, prompt, predictions, torch.zeros(1, 1, dtype=torch.long), masks)
    needs = Needs(axes, 4.0)
    needs.decide((0, 0), 0, readings, ("female", "male", "young", "middle-aged", "old"))
    gender, age = needs.directions(readings, masks)
    expected = 4.0 * 0.8 * (predictions[0, 0] - predictions[0, 1])
    torch.testing.assert_close(gender[:, 0], expected, atol=1e-5, rtol=1e-5)
    assert age.any()


def main_part(direction: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """sum_i (s_i / s_1) v_i <v_i, d>, at most LENGTH |d| long, by a singular value decomposition.  [C,h,w], [K,C,h,w]"""
    _, sizes, along = torch.linalg.svd((values - values.mean(0)).flatten(1), full_matrices=False)
    main = along.T * (sizes / sizes[0]) @ (along @ direction.flatten())
    return (main * min(1, LENGTH * float(direction.norm() / main.norm()))).view_as(direction)
