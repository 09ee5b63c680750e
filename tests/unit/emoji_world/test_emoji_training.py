"""What training the emoji model rests on: labels of cells, what a caption says, rounding for the checkpoint."""

import numpy as np
import pytest
import torch

from fair_attention.emoji_world.export import shortened
from fair_attention.emoji_world.hints import NOBODY, cell_labels, cross_entropy, named_labels
from fair_attention.emoji_world.scene import Group, Person
from fair_attention.emoji_world.world import GENDERS, OCCUPATIONS, TONES


def person(occupation: str, gender: str, tone: str) -> Person:
    return Person(occupation, gender, tone, 0, 0, 8, 0)


def test_a_cell_is_labelled_with_whom_it_shows_most():
    """16 x 16 pixels are 2 x 2 cells: the first person fills the left two, the second a quarter of the right ones."""
    people = [person("pilot", "female", "dark"), person("cook", "male", "light")]
    masks = np.zeros((2, 16, 16), np.float32)
    masks[0, :, :8] = 1
    masks[1, :4, 8:12] = 1  # a quarter of the upper right cell, below the 0.3 that counts
    labels = cell_labels(masks, people)
    assert labels[:, 0, 0].tolist() == [OCCUPATIONS.index("pilot"), GENDERS.index("female"), TONES.index("dark")]
    assert (labels[:, :, 1] == NOBODY).all()
    masks[1, :8, 8:12] = 1  # half of it
    assert cell_labels(masks, people)[0, 0, 1] == OCCUPATIONS.index("cook")


def test_a_caption_says_only_what_it_says():
    assert named_labels(Group("person", 2, None, "brown")) == (NOBODY, NOBODY, TONES.index("brown"))
    assert named_labels(Group("judge", 1, "male")) == (OCCUPATIONS.index("judge"), GENDERS.index("male"), NOBODY)


def test_silent_axes_do_not_count():
    """Flat logits cost log(size) on each labelled axis; the mean is over the axes with a label."""
    logits = torch.zeros(2, len(OCCUPATIONS) + len(GENDERS) + len(TONES))
    labels = torch.tensor([[NOBODY, 1, NOBODY], [NOBODY, 0, 2]])
    assert float(cross_entropy(logits, labels)) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert float(cross_entropy(logits, torch.full((2, 3), NOBODY))) == 0


def test_rounding_keeps_six_bits_and_is_never_far():
    values = torch.randn(4000, generator=torch.Generator().manual_seed(0))
    short = shortened(values)
    assert short.dtype == torch.float16
    assert ((short.view(torch.int16) & 0b1111) == 0).all()
    within = 2.0**-7 + 2.0**-11  # half a unit of six bits, and half a one of the ten before
    assert ((short.float() - values).abs() <= values.abs() * within + 1e-6).all()
    assert shortened(torch.tensor([1.999]))[0] == 2.0  # the carry
    assert torch.equal(shortened(torch.arange(3)), torch.arange(3))
