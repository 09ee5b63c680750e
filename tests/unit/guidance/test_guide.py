"""One step's guidance from drawn predictions, by hand: the directions, the quantile, the momentum, the whole picture."""

from dataclasses import replace

import torch

from fair_attention.attention.capture import MapStore
from fair_attention.guidance.fair.cast import Cast
from fair_attention.guidance.fair.guide import Guide
from fair_attention.guidance.fair.plan import NONE, SOFT, FairPlan, axis_of, columns_of
from fair_attention.guidance.fair.target import PRESETS, TargetDistribution
from fair_attention.guidance.run_record import Person, SampledRun, Status

GENDER = PRESETS["gender"]
PLAN = FairPlan(
    TargetDistribution("gender", GENDER, "quota per image"), GENDER, (), {}, in_context=True, strength=2.0, start_percent=0.2,
    end_percent=0.9, every=1, quantile=0.0, momentum_scale=0.0, momentum_beta=0.6, preservation=SOFT,
)  # fmt: skip
LEFT = torch.tensor([[[[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]]])  # [B,n,h,w]: one person on the left half of a row
BASE, SIGMA = torch.full((1, 1, 1, 8), 2.0), torch.tensor([2.0])


def guide(**changed) -> Guide:
    """Of one person who was given the target's first attribute."""
    plan = replace(PLAN, **changed)
    cast = Cast(plan, None, SampledRun(MapStore((), 1, (1, 8)), number_images=lambda: (0,)), 0)
    cast.people = [[Person(0, "doctor", LEFT[0, 0], 0, Status.ASSIGNED, "female")]]
    return Guide(plan, cast)


def look(guidance: Guide, apart) -> list[float]:
    """gamma of a step at which the attribute's prediction lies `apart` above the prompt's, and the other's as far below."""
    apart = torch.as_tensor(apart, dtype=torch.float32).expand(1, 1, 1, 8)
    guidance.look({(0, 0): BASE + apart, (0, 1): BASE - apart}, BASE, None, SIGMA, LEFT)
    return [round(value, 4) for value in guidance.gamma.flatten().tolist()]


def test_towards_one_and_away_from_the_other_inside_the_mask():
    """d = 2 [(3 - 2) - (1 - 2)] = 4 in denoised form: -4 / sigma = -2 in eps, where the mask is 1."""
    assert look(guide(), 1.0) == [-2.0] * 4 + [0.0] * 4


def test_without_preservation_the_whole_picture_is_guided():
    assert look(guide(preservation=NONE), 1.0) == [-2.0] * 8


def test_the_quantile_leaves_the_weaker_half_out():
    """|d| = 4, 8, 12, 16 inside the mask: half of its weight lies before 12."""
    assert look(guide(quantile=0.5), [1, 2, 3, 4, 9, 9, 9, 9]) == [0.0, 0.0, -6.0, -8.0] + [0.0] * 4


def test_momentum_carries_a_share_of_what_was_done_on():
    """nu = 0.4 (-2) = -0.8; then -2 + 0.3 nu = -2.24, nu = 0.6 (-0.8) + 0.4 (-2.24) = -1.376; then -2 + 0.3 nu = -2.4128."""
    carried = guide(momentum_scale=0.3)
    assert [look(carried, 1.0)[0] for _ in range(3)] == [-2.0, -2.24, -2.4128]
    carried.forget()
    assert look(carried, 1.0) == [-2.0] * 4 + [0.0] * 4


def test_the_quantile_is_each_person_s_own():
    """Left towards the first attribute, right towards the second: of each the stronger half, with its own sign."""
    guidance = guide(quantile=0.5)
    right = LEFT.flip(-1)
    guidance.cast.people[0].append(Person(0, "doctor", right[0, 0], 1, Status.ASSIGNED, "male"))
    apart = torch.tensor([1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]).expand(1, 1, 1, 8)
    masks = torch.cat([LEFT, right], 1)
    guidance.look({(0, 0): BASE + apart, (0, 1): BASE - apart}, BASE, None, SIGMA, masks)
    assert [round(value, 4) for value in guidance.gamma.flatten().tolist()] == [0, 0, -6, -8, 0, 0, 6, 8]


def test_where_a_picture_has_fewer_people_the_places_left_are_nobody_s():
    cast = guide().cast
    pilot = Person(1, "pilot", LEFT[0, 0], 1, Status.ASSIGNED, "male")
    left_alone = Person(1, "pilot", LEFT[0, 0], None, Status.STATED)
    cast.people = [[cast.people[0][0], pilot], [left_alone, pilot]]
    assert cast.groups().tolist() == [[0, 1], [1, -1]]
    masks = cast.soft_masks((1, 8), torch.device("cpu"))
    assert masks.shape == (2, 2, 1, 8) and masks[1, 0].any() and not masks[1, 1].any()


def test_what_is_held_is_taken_out_and_asked_anew_at_every_second_look():
    """Skin tones differ by the two left cells alike: of d = 4 4 4 4 the right half is left. Later by the right ones."""
    tones = PRESETS["skin tone"]
    holding = guide(columns=(*GENDER, *tones), held=(axis_of(tones, 2),))
    steer = {(0, 0): BASE + 1, (0, 1): BASE - 1}

    def values(cells: list[float]) -> dict:
        return {(0, 2 + k): BASE + k * torch.tensor(cells) for k in range(4)}

    def gamma(predictions) -> list[float]:
        holding.look(predictions, BASE, None, SIGMA, LEFT)
        return [round(value, 4) + 0.0 for value in holding.gamma.flatten().tolist()]

    assert holding.asks_held
    assert gamma(steer | values([1, 1, 0, 0, 5, 5, 5, 5])) == [0, 0, -2, -2, 0, 0, 0, 0]
    assert not holding.asks_held and gamma(steer) == [0, 0, -2, -2, 0, 0, 0, 0]
    assert holding.asks_held and gamma(steer | values([0, 0, 1, 1, 0, 0, 0, 0])) == [-2, -2, 0, 0, 0, 0, 0, 0]
    (record,) = holding.cast.people[0][0].steered
    assert record.held and (record.axis, record.given, record.steps) == ("skin tone", "light", 0)
    assert holding.fits((1, 1, 1, 8)) and not holding.fits((1, 1, 2, 8))
    holding.forget()
    assert holding.asks_held and holding.fits((1, 1, 2, 8))
    assert len(gamma(steer | values([1, 1, 0, 0, 0, 0, 0, 0]))) == 8
    assert len(holding.cast.people[0][0].steered) == 1  # said once


def test_by_need_what_is_held_is_not_asked_again_where_nobody_changes():
    tones = PRESETS["skin tone"]
    columns, axes = columns_of(PLAN.target, by_need=True)
    holding = guide(columns=(*columns, *tones), axes=axes, held=(axis_of(tones, len(columns)),))
    for leading, again in ((0, False), (1, True)):  # the person is given the first
        holding.forget()
        holding.cast.forget()
        holding.cast.people = [[Person(0, "doctor", LEFT[0, 0], 0, Status.ASSIGNED, "female")]]
        predictions = {(0, k): BASE + (1 if k == leading else -1) for k in range(2)}
        predictions |= {(0, 2 + k): BASE + k * torch.arange(8.0) for k in range(4)}
        holding.look(predictions, BASE + 0.5, None, SIGMA, LEFT)
        del predictions[0, 2], predictions[0, 3], predictions[0, 4], predictions[0, 5]
        assert not holding.asks_held
        holding.look(predictions, BASE + 0.5, None, SIGMA, LEFT)
        assert holding.asks_held == again
