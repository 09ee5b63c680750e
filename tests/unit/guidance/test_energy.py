"""The energy, its gradient, the published and the corrected rule, eps form against denoised form."""

import math

import pytest
import torch

from fair_attention.guidance.energy.energy import (
    PRESETS,
    clip,
    energy,
    energy_correction,
    gradient_norm,
    held_gradient,
    skip,
)
from fair_attention.guidance.energy.soft_iou import min_max, sinkhorn_topk, soft_iou, soft_top_mask, top_threshold


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def attention(x: torch.Tensor, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Two toy attribution maps of a latent [B,4,h,w]: softmax over three tokens of a pointwise projection."""
    logits = torch.einsum("bchw,ck->bkhw", x, randn(4, 3, seed=seed))
    maps = logits.softmax(1)
    return maps[:, 0], maps[:, 1]


@pytest.mark.parametrize("stop_at_chance", [False, True])
def test_gradient_agrees_with_finite_differences_at_fixed_thresholds(stop_at_chance: bool) -> None:
    x = randn(1, 4, 6, 6)
    thresholds = [top_threshold(min_max(m)) for m in attention(x)]

    def value(latent: torch.Tensor) -> torch.Tensor:
        a, b = (soft_top_mask(min_max(m), threshold=t) for m, t in zip(attention(latent), thresholds, strict=True))
        return energy([(a, b)], lambda m: m, stop_at_chance).total.sum()

    latent = x.clone().requires_grad_()
    chosen = PRESETS["corrected"].soft_mask
    total = energy([attention(latent)], chosen, stop_at_chance).total.sum()
    (gradient,) = torch.autograd.grad(total, latent)
    direction = randn(1, 4, 6, 6, seed=1)
    step = 1e-6
    numeric = (value(x + step * direction) - value(x - step * direction)) / (2 * step)
    if stop_at_chance:  # the chance level is held fixed by autograd, as the thresholds are
        assert total.item() == 0 and gradient.abs().sum() == 0 and numeric == 0
    else:
        assert (gradient * direction).sum().item() == pytest.approx(numeric.item(), rel=1e-6)


def test_gradient_of_the_paper_preset_agrees_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(
        lambda x: energy([attention(x)], PRESETS["paper"].soft_mask, False).total, randn(1, 4, 2, 4).requires_grad_()
    )


def test_a_step_along_the_correction_lowers_the_energy() -> None:
    x = randn(2, 4, 8, 8)
    for preset in PRESETS.values():
        latent = x.clone().requires_grad_()
        before = energy([attention(latent)], preset.soft_mask, False).total
        (gradient,) = torch.autograd.grad(before.sum(), latent)
        correction, used = energy_correction(gradient, 1.0, 0.1, preset.rule)
        after = energy([attention(x + correction)], preset.soft_mask, False).total
        assert used.all() and (after < before).all()


def test_pairs_are_summed_and_chance_stops_the_push() -> None:
    a, b = torch.tensor([[[1.0, 1.0, 0.0, 0.0]]]), torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
    # identical: IoU 1, chance .25 / (1 - .25) = 1/3; disjoint: IoU 0, chance 1/3
    plain = energy([(a, a), (a, b)], lambda m: m, False)
    stopped = energy([(a, a), (a, b)], lambda m: m, True)
    assert plain.total.item() == pytest.approx(1) and plain.overlap.flatten().tolist() == pytest.approx([1, 0])
    assert stopped.total.item() == pytest.approx(1 - 1 / 3)
    assert stopped.chance.flatten().tolist() == pytest.approx([1 / 3, 1 / 3])


def test_gradient_is_exactly_zero_at_and_below_chance() -> None:
    below = (torch.tensor([[[1.0, 0.0]]], requires_grad=True), torch.tensor([[[0.0, 1.0]]]))
    (gradient,) = torch.autograd.grad(energy([below], lambda m: m, True).total.sum(), below[0])
    assert gradient.abs().sum() == 0
    above = torch.tensor([[[0.9, 0.1]]], requires_grad=True)
    other = torch.tensor([[[0.8, 0.2]]])
    stopped = torch.autograd.grad(energy([(above, other)], lambda m: m, True).total.sum(), above)[0]
    plain = torch.autograd.grad(soft_iou(above, other).sum(), above)[0]
    assert torch.equal(stopped, plain)


def test_images_of_a_batch_do_not_mix() -> None:
    x = randn(3, 4, 8, 8)
    for preset in PRESETS.values():

        def correction(latent: torch.Tensor, preset=preset) -> torch.Tensor:
            latent = latent.clone().requires_grad_()
            total = energy([attention(latent)], preset.soft_mask, preset.stop_at_chance).total.sum()
            return energy_correction(torch.autograd.grad(total, latent)[0], 2.0, 100.0, preset.rule)[0]

        together = correction(x)
        alone = torch.cat([correction(image) for image in x.split(1)])
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=0)


def test_rules_by_hand() -> None:
    norms = torch.tensor([0.0, 0.5, 1.0, 4.0, math.inf, math.nan])
    assert clip(norms).tolist() == [1, 1, 1, 0.25, 0, 0]
    assert skip(norms).tolist() == [1, 1, 0, 0, 0, 0]


def test_norm_is_that_of_the_published_latent() -> None:
    gradient = torch.tensor([[3.0, 4.0], [0.0, 1.0]]).reshape(2, 1, 1, 2)
    # 5 * sqrt(1 + 3) = 10 ; 1 * sqrt(1 + 8) = 3
    sigma = torch.tensor([3.0, 8.0]).sqrt()
    assert gradient_norm(gradient, sigma).tolist() == pytest.approx([10, 3])


@pytest.mark.parametrize("rule", [clip, skip])
@pytest.mark.parametrize("size", [0.05, 2.0])
def test_denoised_form_equals_the_published_eps_form(rule, size: float) -> None:
    strength, sigma = 100.0, 2.5
    x, eps = randn(1, 4, 6, 6), randn(1, 4, 6, 6, seed=2)

    def e(z: torch.Tensor) -> torch.Tensor:  # any function of z will do
        return size * torch.sin(z * randn(1, 4, 6, 6, seed=3)).sum()

    z = (x / math.sqrt(1 + sigma**2)).requires_grad_()
    (gradient_z,) = torch.autograd.grad(e(z), z)
    norm = gradient_z.norm()
    factor = min(1.0, 1 / norm.item()) if rule is clip else float(norm < 1)
    abar = 1 / (1 + sigma**2)
    published = eps + strength * math.sqrt(1 - abar) * factor * gradient_z

    x_ = x.clone().requires_grad_()
    (gradient_x,) = torch.autograd.grad(e(x_ / math.sqrt(1 + sigma**2)), x_)
    correction, used = energy_correction(gradient_x, sigma, strength, rule)
    torch.testing.assert_close(x - sigma * eps + correction, x - sigma * published)
    assert used.item() == (factor > 0)


def test_what_is_not_finite_is_not_used_and_spoils_no_other_image() -> None:
    gradient = torch.ones(3, 1, 2, 2)
    gradient[0, 0, 0, 0], gradient[1, 0, 1, 1] = math.nan, math.inf
    correction, used = energy_correction(gradient, torch.tensor([1.0, 1.0, 1.0]), 10.0, clip)
    assert used.tolist() == [False, False, True]
    assert correction[:2].abs().sum() == 0
    # ||dE/dz|| = sqrt(2) * 2, clipped to 1; -10 * 1 / (2 sqrt 2) = -3.5355
    assert correction[2].flatten().tolist() == pytest.approx([-3.5355339] * 4)


def test_half_precision_is_raised_inside() -> None:
    gradient = torch.full((1, 4, 64, 64), 1e-4, dtype=torch.float16)
    correction, _ = energy_correction(gradient, 10.0, 100.0, clip)
    # the norm in float32: 1e-4 * 128 = .0128, times sqrt(101) below 1: not clipped; 100 * 100 * 1e-4 = 1
    assert correction.dtype == torch.float16 and correction.mean().item() == pytest.approx(-1, abs=1e-3)
    assert energy([(gradient[:, 0], gradient[:, 1])], PRESETS["corrected"].soft_mask, True).total.dtype == torch.float32


def test_presets_are_what_their_sources_say() -> None:
    paper, corrected = PRESETS["paper"], PRESETS["corrected"]
    assert (paper.soft_mask, paper.rule, paper.stop_at_chance, paper.branch) == (
        sinkhorn_topk,
        skip,
        False,
        "unconditional",
    )
    assert (corrected.rule, corrected.stop_at_chance, corrected.branch) == (clip, True, "conditional")
    assert paper.strength == 100 and paper.window == (0, 1) and corrected.window is None
    x = randn(2, 8, 8).abs()
    torch.testing.assert_close(corrected.soft_mask(x * 40), corrected.soft_mask(x))  # no scale, unlike the paper's


def test_no_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="no concept pair"):
        energy([], sinkhorn_topk, False)


def test_a_held_gradient_has_the_same_length_in_z_at_any_noise_level() -> None:
    gradient, sigmas, now = randn(2, 4, 3, 3), torch.tensor([7.0, 1.0]), torch.tensor([1.0, 0.0])
    held = held_gradient(gradient, sigmas, now)
    assert torch.allclose(held[0], gradient[0] * 5)  # sqrt((1 + 49) / (1 + 1))
    assert torch.allclose(gradient_norm(held, now), gradient_norm(gradient, sigmas))
    assert torch.equal(held_gradient(gradient, 3.0, 3.0), gradient)
    assert held_gradient(gradient.half(), 14.0, 0.1).dtype == torch.float16


def test_one_value_that_is_not_finite_is_enough() -> None:
    gradient = torch.ones(2, 1, 2, 2)
    gradient[0, 0, 1, 1] = float("nan")
    correction, used = energy_correction(gradient, 1.0, 2.0, lambda norm: torch.ones_like(norm))
    assert used.tolist() == [False, True]
    assert correction[0].abs().max() == 0 and torch.equal(correction[1], torch.full((1, 2, 2), -2.0))


def test_the_paper_guides_all_of_the_sampling_and_ours_what_is_set() -> None:
    assert PRESETS["paper"].window == (0.0, 1.0) and PRESETS["corrected"].window is None
    assert PRESETS["paper"].strength == PRESETS["corrected"].strength == 100.0
