"""A reader's certificate: what is written is what is read, and a broken one says which file and why."""

import json

import pytest

from fair_attention.metrics.readers import Certificate, Confusion
from fair_attention.metrics.readers.certificate import load_certificate

GENDER = Confusion(("female", "male"), ((40, 5, 3), (2, 50, 0)))


def test_a_certificate_is_read_as_it_was_written(tmp_path):
    written = Certificate("a reader", {"gender": GENDER}, "100 pictures of é", missed=4)
    written.save(tmp_path / "certificate.json")
    assert load_certificate(tmp_path / "certificate.json") == written
    assert GENDER.people == 100


@pytest.mark.parametrize("counts", [((1, 2, 3),), ((1, 2), (3, 4)), ((1, 2, 3), (4, 5, -6))])
def test_a_matrix_that_is_none_is_refused(counts):
    with pytest.raises(ValueError, match="confusion matrix"):
        Confusion(("female", "male"), counts)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no json", "Expecting value"),
        ("[]", "list indices"),
        (json.dumps({"format": 2}), "format 2, this version reads 1"),
        (json.dumps({"format": 1, "reader": "r", "pictures": "", "missed": 0, "axes": {"a": {"classes": ["b"], "counts": [[1]]}}}), "1 rows of 2"),
    ],
)  # fmt: skip
def test_a_broken_file_says_which_and_why(tmp_path, content, why):
    path = tmp_path / "certificate.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=why) as error:
        load_certificate(path)
    assert str(path) in str(error.value)
