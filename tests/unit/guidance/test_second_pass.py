"""Whose people a latent's are that the user says was made from another sampling's."""

import pytest
import torch
from torch.nn.functional import interpolate

from fair_attention.attention.capture import MapStore
from fair_attention.attention.records import Watch
from fair_attention.guidance.fair.second_pass import people_named
from fair_attention.guidance.run_record import Person, Recording, SampledRun, Status

DRAWN = torch.Generator().manual_seed(0)
MADE = torch.randn(3, 4, 2, 6, generator=DRAWN)  # wider than high


def doctor(k: int, name: str) -> Person:
    return Person(0, "doctor", torch.ones(16, 48), k, Status.ASSIGNED, name)


def upscale(samples, width, height, method, crop):
    return interpolate(samples, (height, width))


def sampled(people) -> Recording:
    run = SampledRun(MapStore((), 3, (2, 6)), result=MADE, people=people)
    return Recording(Watch(()), runs=[run])


PEOPLE = [[doctor(0, "female")], [doctor(1, "male")], [doctor(1, "male"), doctor(0, "female")]]


def changed(images: torch.Tensor) -> torch.Tensor:
    """Enlarged to 4 x 12, and so much changed that it is not the same picture to the eye of `same`."""
    large = upscale(images, 12, 4, "", "")
    return large + 0.4 * torch.randn(large.shape, generator=DRAWN)


def test_a_picture_picked_out_of_a_batch_is_the_one_most_like_it():
    found = people_named(sampled(PEOPLE), changed(MADE[[2]]), "Fair Inference", upscale)
    assert found == [tuple(PEOPLE[2])]
    assert people_named(sampled(PEOPLE), changed(MADE[[1, 0]]), "Fair Inference", upscale) == [
        tuple(PEOPLE[1]),
        tuple(PEOPLE[0]),
    ]


def test_a_batch_of_as_many_images_corresponds_by_place():
    other = torch.randn(3, 4, 4, 12, generator=DRAWN)
    assert people_named(sampled(PEOPLE), other, "Fair Inference", upscale) == [tuple(p) for p in PEOPLE]


def test_a_sampling_that_gave_nobody_an_attribute_is_refused():
    with pytest.raises(ValueError, match="Fair Inference, people_of: nobody was given an attribute"):
        people_named(sampled([]), MADE[:1], "Fair Inference", upscale)
