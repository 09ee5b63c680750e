"""What is held is taken out of a direction: an explicit least-squares oracle, exact zeros, and nobody's mask in another's."""

import pytest
import torch

from fair_attention.guidance.fair.held import differences, without


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def scene(images: int = 2, people: int = 3, values: int = 4):
    """(directions, differences, masks), the masks soft."""
    masks = randn(images, people, 5, 6, seed=3).sigmoid()
    return randn(images, people, 2, 5, 6), differences(randn(images, people, values, 2, 5, 6, seed=1)), masks


def test_it_is_the_residual_of_a_weighted_least_squares() -> None:
    d, along, masks = scene()
    found = without(d, along, masks)
    for image in range(2):
        for j in range(3):
            weight = masks[image, j].sqrt().expand(2, 5, 6).reshape(-1, 1)
            columns = along[image, j].flatten(1).T
            c = torch.linalg.lstsq(weight * columns, weight * d[image, j].reshape(-1, 1), driver="gelsd").solution
            expected = d[image, j].flatten() - (columns @ c)[:, 0]
            torch.testing.assert_close(found[image, j].flatten(), expected, atol=1e-9, rtol=1e-9)


def test_nothing_of_a_held_axis_is_left_and_a_second_time_changes_nothing() -> None:
    d, along, masks = scene()
    found = without(d, along, masks)
    left = torch.einsum("bnchw,bnkchw,bnhw->bnk", found, along, masks)
    assert left.abs().max() < 1e-9 * torch.einsum("bnchw,bnkchw,bnhw->bnk", d, along, masks).abs().max()
    torch.testing.assert_close(without(found, along, masks), found)
    assert (masks.unsqueeze(2) * found**2).sum() < (masks.unsqueeze(2) * d**2).sum()


def test_a_change_of_the_held_axis_alone_vanishes_and_one_beside_it_stays() -> None:
    values = randn(1, 1, 2, 1, 4, 4, seed=1)
    tone, masks = values[:, :, 0] - values[:, :, 1], torch.ones(1, 1, 4, 4, dtype=torch.float64)
    assert without(3 * tone, differences(values), masks).abs().max() < 1e-9
    beside = without(randn(1, 1, 1, 4, 4), differences(values), masks)
    torch.testing.assert_close(without(beside + 3 * tone, differences(values), masks), beside)


def test_who_is_not_steered_stays_at_exactly_zero() -> None:
    d, along, masks = scene()
    d[0, 1] = 0
    assert not without(d, along, masks)[0, 1].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_values_that_are_all_alike_and_an_empty_mask_take_nothing(dtype) -> None:
    d, along, masks = (x.to(dtype) for x in scene())
    masks[0, 0] = 0
    found = without(d, torch.zeros_like(along), masks)
    assert found.dtype == dtype and torch.equal(found, d)
    assert torch.equal(without(d, along, masks)[0, 0], d[0, 0])


def test_a_model_that_overflows_spoils_its_own_picture_only() -> None:
    """As without holding: what is not a number stays none, and nothing is raised."""
    d, along, masks = scene()
    expected = without(d, along, masks)
    for broken in (d, along):
        broken[0] = torch.nan
    found = without(d, along, masks)
    assert found[0].isnan().all()
    torch.testing.assert_close(found[1], expected[1])


def test_people_and_pictures_do_not_mix() -> None:
    d, along, masks = scene()
    together = without(d, along, masks)
    for image in range(2):
        for j in range(3):
            alone = (x[image : image + 1, j : j + 1] for x in (d, along, masks))
            torch.testing.assert_close(without(*alone)[0, 0], together[image, j], atol=1e-12, rtol=1e-12)
