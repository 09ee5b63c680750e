"""The emoji reader's certificate: people counted as they are, and the shipped one is of the shipped reader."""

import hashlib

from fair_attention.emoji_world.certify import count, settings
from fair_attention.emoji_world.reader import AXES, CERTIFICATE, WEIGHTS, EmojiReader
from fair_attention.emoji_world.scene import Person
from fair_attention.metrics.readers import Reading
from fair_attention.metrics.readers.certificate import load_certificate


def test_people_are_counted_as_who_they_are_and_as_whom_they_were_read():
    people = [Person("doctor", "male", "dark", x, 40, 40, 0) for x in (0, 50, 90)]
    one = Reading((2, 40, 42, 80), {"occupation": "doctor", "gender": "female", "skin tone": None})
    other = Reading((50, 42, 90, 82), {"occupation": "doctor", "gender": "male", "skin tone": "dark"})
    axes, missed = count([[one, other], []], [people, []])
    assert missed == 1  # nobody was read at the third
    assert axes["gender"].classes == ("male", "female") and axes["gender"].counts == ((1, 1, 0), (0, 0, 0))
    assert axes["skin tone"].counts[AXES["skin tone"].index("dark")] == (0, 0, 0, 1, 1)
    assert axes["occupation"].counts[AXES["occupation"].index("doctor")][0:1] == (2,) and axes["occupation"].people == 2


def test_the_shipped_certificate_is_of_the_shipped_reader():
    found = load_certificate(CERTIFICATE)
    assert EmojiReader().certificate == found
    assert found.reader == settings() and hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:12] in found.reader
    assert {axis: c.classes for axis, c in found.axes.items()} == dict(AXES)
    people = {c.people for c in found.axes.values()}
    assert len(people) == 1 and min(people) > 500  # everybody found is counted on every axis
