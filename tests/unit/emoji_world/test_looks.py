"""How like its sprite a drawn person is: itself wholly, without its face less, also when the box is a little off."""

import numpy as np
import pytest
import torch

from fair_attention.emoji_world.looks import looks
from fair_attention.emoji_world.scene import Group, Person, Scene, render
from fair_attention.metrics.readers import Reading


def drawn(tone: str = "dark") -> torch.Tensor:
    person = Person("pilot", "female", tone, 40, 30, 56, 0)
    scene = Scene((Group("pilot", 1),), (person,), (), (247, 220, 180), (160, 120, 85), 80)
    return torch.from_numpy(np.array(render(scene).image)).float() / 255


def reading(tone: str | None = "dark", off: float = 0) -> Reading:
    box = (40 + off, 30 - off, 96 + off, 86 - off)
    return Reading(box, {"occupation": "pilot", "gender": "female", "skin tone": tone})


def test_a_sprite_is_like_itself_wherever_within_two_pixels_the_box_lies() -> None:
    """All but its soft edge, which is laid over itself."""
    assert looks(drawn(), reading()) == pytest.approx(1, abs=5e-3)
    assert looks(drawn(), reading(off=2)) == pytest.approx(1, abs=5e-3)


def test_a_face_wiped_out_is_seen() -> None:
    picture = drawn()
    whole = looks(picture, reading())
    picture[52:66, 58:80] = picture[60, 62]  # eyes and mouth
    wiped = looks(picture, reading())
    assert whole is not None and wiped is not None and wiped < whole - 0.05


def test_another_tone_is_less_like_it() -> None:
    assert looks(drawn("light"), reading("dark")) < 0.97 * looks(drawn("dark"), reading("dark"))


def test_what_cannot_be_read_has_no_looks() -> None:
    assert looks(drawn(), reading(None)) is None
