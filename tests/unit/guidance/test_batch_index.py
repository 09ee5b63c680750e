"""Which image of its seed each image of a batch is, and predictions of a batch that is asked for in parts."""

from types import SimpleNamespace

import torch

from fair_attention.guidance.batch_index import Parts, image_numbers, images_of


def drawn(count: int, seed: int = 5) -> torch.Tensor:
    """The noise of the first images of a seed, drawn one after the other."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(4, 4, 4, generator=generator) for _ in range(count)])


def test_an_image_is_known_by_its_noise_wherever_it_stands():
    noise = drawn(5)
    assert image_numbers(noise, 5) == (0, 1, 2, 3, 4)
    assert image_numbers(noise[[3, 1]], 5) == (3, 1)
    assert image_numbers(noise[[2, 2]], 5) == (2, 2)
    assert image_numbers(noise[[4]].half(), 5) == (4,)


def test_noise_of_another_make_is_numbered_by_its_place():
    assert image_numbers(drawn(2, seed=6)[[1, 0]], 5) == (0, 1)
    assert image_numbers(torch.zeros(3, 4, 4, 4), 5) == (0, 1, 2)


def test_the_rows_of_a_window_are_its_images():
    assert images_of({}, 3, 3) == [0, 1, 2]
    window = SimpleNamespace(dim=0, index_list=[4, 5], causal_anchor_index=None)
    assert images_of({"context_window": window}, 2, 6) == [4, 5]
    window.causal_anchor_index = 3  # an image before the window rides along
    assert images_of({"context_window": window}, 3, 6) == [3, 4, 5]
    window.causal_anchor_index = -1
    assert images_of({"context_window": window}, 2, 6) == [4, 5]
    assert images_of({"context_window": SimpleNamespace(dim=0, index_list=[4, 5])}, 2, 6) == [4, 5]
    assert images_of({"ad_params": {"sub_idxs": [1, 2]}}, 2, 6) == [1, 2]


def test_rows_that_nobody_says_anything_of_are_nobody_s():
    assert images_of({}, 2, 6) is None
    assert images_of({"context_window": SimpleNamespace(dim=0, index_list=[4, 6])}, 2, 6) is None
    assert images_of({"context_window": SimpleNamespace(dim=2, index_list=[0, 1])}, 2, 6) is None  # of a video's frames
    assert images_of({"ad_params": {"sub_idxs": [1, 2]}}, 3, 6) is None


def test_where_parts_overlap_an_image_is_their_mean():
    parts = Parts(3)
    ones = torch.ones(2, 1, 2, 2)
    assert not parts.lacks(None) and parts.lacks([0, 1])
    assert parts.add([0, 1], {"base": ones}) == {}
    assert not parts.lacks([0, 1]) and parts.lacks([1, 2])
    whole = parts.add([1, 2], {"base": 3 * ones})
    assert whole["base"].shape == (3, 1, 2, 2)
    assert whole["base"].amax((1, 2, 3)).tolist() == whole["base"].amin((1, 2, 3)).tolist() == [1, 2, 3]


def test_a_batch_that_is_whole_is_handed_on_as_it_is():
    predicted = torch.rand(2, 1, 2, 2)
    assert Parts(2).add([0, 1], {"base": predicted})["base"] is predicted
