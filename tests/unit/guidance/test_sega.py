"""SEGA on the whole latent: every formula by hand, the published order of warm-up, threshold and momentum."""

import pytest
import torch
from torch import Tensor

from fair_attention.guidance.baselines.sega import (
    README,
    SCRIPT,
    Concept,
    Sega,
    away_weight,
    concept_term,
    guidance,
    is_off,
    needed,
    partial_guidance,
    pictures_terms,
)
from fair_attention.guidance.fair.directions import momentum
from fair_attention.guidance.parametrization import to_denoised, to_eps


def plane(*values: float) -> Tensor:
    return torch.tensor([[[list(values)]]], dtype=torch.float64)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_a_term_by_hand() -> None:
    concept, uncond = plane(1, 2, 3, 4, 5), plane(0, 4, 3, 4, 1)  # differences 1 -2 0 0 4, times 2: 2 -4 0 0 8
    assert concept_term(concept, uncond, 2.0, 0.0).flatten().tolist() == [2, -4, 0, 0, 8]
    assert concept_term(concept, uncond, 2.0, 0.0, decrease=True).flatten().tolist() == [-2, 4, 0, 0, -8]
    # |d| in order: 0 0 2 4 8; the quantile .75 is the fourth of the five, 4; .8 lies a fifth of the way to 8: 4.8
    assert concept_term(concept, uncond, 2.0, 0.75).flatten().tolist() == [0, -4, 0, 0, 8]
    assert concept_term(concept, uncond, 2.0, 0.8).flatten().tolist() == [0, 0, 0, 0, 8]


def test_the_threshold_is_per_picture_and_channel() -> None:
    concept = torch.stack([torch.stack([plane(1, 2)[0, 0], plane(30, 40)[0, 0]]), torch.zeros(2, 1, 2).double()])
    kept = concept_term(concept, torch.zeros_like(concept), 1.0, 0.9)
    assert kept.flatten().tolist() == [0, 2, 0, 40, 0, 0, 0, 0]


def test_sums_by_hand() -> None:
    a, b = plane(1, -2), plane(10, 20)
    assert guidance([(a, 2.0), (b, 0.5)], a).flatten().tolist() == [7, 6]
    assert guidance([(a, -2.0), (b, 0.5)], a).flatten().tolist() == [5, 10]  # a negative weight counts as 0
    assert guidance([], a).flatten().tolist() == [0, 0]
    assert partial_guidance([(a, 3.0), (b, 1.0)], a).flatten().tolist() == [0.75 * 1 + 0.25 * 10, 0.75 * -2 + 0.25 * 20]
    assert partial_guidance([(a, 0.0)], a).flatten().tolist() == [0, 0]


def test_momentum_by_hand() -> None:
    gamma, velocity = momentum(plane(2.0), plane(0.0), None, 0.5, 0.6)
    assert (gamma.item(), velocity.item()) == (2.0, pytest.approx(0.8))
    gamma, velocity = momentum(plane(1.0), velocity, None, 0.5, 0.6)
    assert gamma.item() == pytest.approx(1.4)  # 1 + .5 * .8
    assert velocity.item() == pytest.approx(0.6 * 0.8 + 0.4 * 1.4)


def test_the_published_pair() -> None:
    """Two concepts, one increased, one decreased, each with its own threshold: Fair Diffusion's example."""
    female, male, uncond = (randn(2, 4, 8, 8, seed=s) for s in (1, 2, 3))
    terms = pictures_terms({0: female, 1: male}, uncond, [0, 1], 2, README, (True, True))
    gamma = guidance(terms, uncond)
    for image, (up, down) in enumerate([(female, male), (male, female)]):
        rows = []
        for prediction, sign in ((up, 4.0), (down, -4.0)):
            d = sign * (prediction - uncond)[image]
            limit = torch.quantile(d.abs().flatten(1), 0.95, dim=1)[:, None, None]
            rows.append(torch.where(d.abs() >= limit, d, torch.zeros_like(d)))
        assert torch.allclose(gamma[image], rows[0] + rows[1], atol=1e-12)


def test_published_parameters() -> None:
    assert README == Sega(Concept(4, 0.95, 1, 0.2), Concept(4, 0.95, 1, 0.2), 0.3, 0.6)  # 10 of 50 steps
    assert SCRIPT == Sega(Concept(4, 0.95, 1, 0.1), Concept(4, 0.95, 1, 0.1), 0.5, 0.6)  # 5 of 50


def test_more_than_two_share_what_is_decreased() -> None:
    predictions = {k: plane(float(k + 1)) for k in range(4)}
    sega = Sega(Concept(1, 0.0), Concept(1, 0.0))
    gamma = guidance(pictures_terms(predictions, plane(0.0), [3], 4, sega, (True, True)), plane(0.0))
    assert gamma.item() == pytest.approx(4 - (1 + 2 + 3) / 3)
    assert [away_weight(1.0, k) for k in (1, 2, 3, 4, 5, 8)] == [0, 1, 0.5, pytest.approx(1 / 3), 0, 0]
    assert needed([3, 1, 3], 4) == (0, 1, 2, 3) and needed([5, 1, 5], 8) == (1, 5) and needed([0, 0], 1) == (0,)


def test_after_the_cool_down_a_concept_counts_no_more() -> None:
    predictions, sega = {0: plane(5.0), 1: plane(3.0)}, Sega(Concept(1, 0.0), Concept(1, 0.0))
    sums = [
        guidance(pictures_terms(predictions, plane(1.0), [0], 2, sega, acting), plane(0.0)).item()
        for acting in ((True, True), (True, False), (False, True), (False, False))
    ]
    assert sums == [4 - 2, 4, -2, 0]


def test_a_picture_alone_as_in_the_batch() -> None:
    predictions, uncond = {k: randn(3, 4, 6, 6, seed=k) for k in range(3)}, randn(3, 4, 6, 6, seed=9)
    given = [2, 0, 1]
    whole = guidance(pictures_terms(predictions, uncond, given, 3, README, (True, True)), uncond)
    for image in range(3):
        alone = {k: p[image : image + 1] for k, p in predictions.items()}
        terms = pictures_terms(alone, uncond[image : image + 1], [given[image]], 3, README, (True, True))
        assert torch.equal(guidance(terms, uncond[:1])[0], whole[image])


def test_the_denoised_form_is_the_eps_form() -> None:
    """A threshold and a sum of differences of denoised predictions are those of eps, times -sigma."""
    sigma = torch.tensor([3.0], dtype=torch.float64)
    eps, eps_u, x = (randn(1, 4, 8, 8, seed=s) for s in (1, 2, 3))
    denoised, denoised_u = x - sigma * eps, x - sigma * eps_u
    found = concept_term(denoised, denoised_u, 4.0, 0.9)
    wanted = concept_term(eps, eps_u, 4.0, 0.9)
    assert torch.allclose(to_eps(found, sigma), wanted, atol=1e-12)
    assert torch.allclose(found, to_denoised(wanted, sigma), atol=1e-12)


@pytest.mark.parametrize(
    ("towards", "away", "concepts", "off"),
    [
        (Concept(0, 0.0), Concept(0, 0.0), 2, True),
        (Concept(1, 0.0), Concept(0, 0.0), 2, False),
        (Concept(0, 0.0), Concept(1, 0.0), 2, False),
        (Concept(0, 0.0), Concept(1, 0.0), 5, True),  # among five the others have no share
        (Concept(1, 0.0, weight=0.0), Concept(1, 0.0), 5, True),
        (Concept(1, 0.0, weight=-1.0), Concept(0, 0.0), 2, True),
    ],
)
def test_settings_that_move_nothing_are_off(towards, away, concepts, off) -> None:
    assert is_off(Sega(towards, away), concepts) is off
