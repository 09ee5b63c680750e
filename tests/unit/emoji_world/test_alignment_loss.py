"""Distribution alignment: whom the balanced deal makes what, and what a picture is charged for."""

from itertools import permutations, product

import numpy as np
import pytest
import torch

from fair_attention.emoji_world import alignment_loss
from fair_attention.emoji_world.alignment_loss import (
    WEIGHTS,
    Bank,
    Eyes,
    charged,
    expected_targets,
    gradient_inside,
    targets,
)
from fair_attention.emoji_world.scene import Group, compose, render


def by_brute_force(probabilities: torch.Tensor) -> torch.Tensor:
    """Every draw of classes, each dealt in the order that costs least."""
    people, classes = probabilities.shape
    dealt = torch.zeros(people, classes)
    for draw in product(range(classes), repeat=people):
        least = min(
            permutations(draw),
            key=lambda order: sum(
                float((probabilities[i] - torch.eye(classes)[k]).square().sum()) for i, k in enumerate(order)
            ),
        )
        for i, k in enumerate(least):
            dealt[i, k] += 1 / classes**people
    return dealt


@pytest.mark.parametrize(("people", "classes"), [(1, 2), (4, 2), (5, 2), (3, 3), (3, 4)])
def test_the_deal_is_balanced_and_costs_least(people, classes):
    probabilities = torch.rand(people, classes, generator=torch.Generator().manual_seed(people)).softmax(1)
    dealt = expected_targets(probabilities)
    torch.testing.assert_close(dealt, by_brute_force(probabilities), atol=1e-5, rtol=0)
    torch.testing.assert_close(dealt.sum(0), torch.full((classes,), people / classes))
    torch.testing.assert_close(dealt.sum(1), torch.ones(people))


def test_those_in_doubt_are_asked_for_nothing():
    """Of eight fair coins at least 1, 2, 3 are heads with .996, .965, .855, at least 4 with .637 only."""
    male = torch.tensor([0.99, 0.95, 0.97, 0.9, 0.6, 0.8, 0.85, 0.7])
    assert targets(torch.stack([male, 1 - male], 1)).tolist() == [0, 0, 0, -1, 1, 1, -1, 1]
    assert targets(torch.tensor([[0.9, 0.1]])).tolist() == [-1]  # alone, nobody says which


def test_the_gradient_is_scaled_inside_boxes_and_the_picture_is_the_same():
    pictures = torch.rand(2, 3, 8, 8, requires_grad=True)
    out = gradient_inside(pictures, [(1, (-2.0, 2.0, 4.0, 6.0))], 0.25)
    torch.testing.assert_close(out, pictures)
    out.sum().backward()
    wanted = torch.ones(2, 3, 8, 8)
    wanted[1, :, 2:6, :4] = 0.25
    torch.testing.assert_close(pictures.grad, wanted)


def test_the_nearest_rendered_person_is_one_of_the_target_s_class():
    bank = Bank(torch.eye(3), torch.tensor([0, 0, 1]))
    person = torch.tensor([[0.8, 0.0, 0.6]])
    near = [float(bank.nearest(person, torch.tensor([target]))) for target in (0, 1, -1)]
    assert near == pytest.approx([0.8, 0.6, 0.8])


def scenes(genders: list[str]) -> torch.Tensor:
    rng = np.random.default_rng(3)
    drawn = [render(compose(rng, (Group("pilot", 1, gender, "light"),), None)).image for gender in genders]
    return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255


def test_six_men_are_charged_until_half_of_them_are_women():
    eyes = Eyes("gender")
    bank = Bank(torch.eye(96), torch.arange(96) % 2)
    men, mixed = scenes(["male"] * 6).requires_grad_(), scenes(["male", "female"] * 3)
    loss, said = charged(eyes, WEIGHTS["gender"], bank, men, men.detach())
    assert (
        said["people"] == 6
        and said["first"] == 1
        and said["changing"] == 2
        and said["image"] == pytest.approx(0, abs=1e-4)
    )
    loss.backward()
    assert men.grad.isfinite().all() and float(men.grad.abs().sum()) > 0
    after, fair = charged(eyes, WEIGHTS["gender"], bank, mixed, mixed)
    assert fair["align"] < 0.2 < said["align"] and float(after) < float(loss.detach())


class Colours:
    """Eyes that see two men, wherever they look, and of a picture its mean colour."""

    def find(self, pictures):
        return [(i, (30.0, 30.0, 90.0, 90.0)) for i in range(2)]

    def look(self, crops):
        return torch.tensor([[9.0, 0.0]] * len(crops)), torch.nn.functional.normalize(crops.mean((2, 3)), dim=1)


@pytest.mark.parametrize(
    ("wanted", "d"), [((-1, -1), (1, 1)), ((0, 0), (1, 1)), ((1, -1), (0.2, 1)), ((1, 1), (0.2, 0.2))]
)
def test_where_somebody_is_to_change_the_picture_counts_less(monkeypatch, wanted, d):
    """d is factor1 in a picture of somebody who is to change; without a target, or with the class there was, it is 1."""
    monkeypatch.setattr(alignment_loss, "targets", lambda probabilities: torch.tensor(wanted))
    originals = torch.tensor([[1.0, 0, 0], [0, 1, 0]])[:, :, None, None].expand(-1, -1, 128, 128)
    pictures = torch.tensor([[0.6, 0.8, 0], [0, 0, 1]])[:, :, None, None].expand(-1, -1, 128, 128)
    said = charged(Colours(), WEIGHTS["gender"], Bank(torch.eye(3), torch.tensor([0, 1, 1])), pictures, originals)[1]
    assert said["image"] == pytest.approx((d[0] * (1 - 0.6) + d[1] * (1 - 0)) / 2, abs=1e-4)
