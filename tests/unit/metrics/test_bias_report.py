"""The report prints each number with its definition, its floor and the faces it rests on."""

from fair_attention.metrics.bias import measure_bias
from fair_attention.metrics.bias_report import format_report

GENDERS = ("female", "male")


def test_report_of_a_small_run() -> None:
    # Bias-W |.6 - .4| = .2, floor of five people .2; Bias-P (1/3 + 1 + 1) / 3 = .778, the same floor
    text = format_report(measure_bias([[0, 0, 1], [1], [], [0, None]], GENDERS, axis="gender"))
    lines = text.splitlines()
    assert lines[0] == "gender (perceived): female 0.600 (target 0.500), male 0.400 (target 0.500)"
    assert "rests on 5 readable faces (1 unreadable, left out) in 3 of 4 images" in lines[1]
    assert "25 % of images hold two or more; faces per image: 0 in 1, 1 in 2, 3 in 1" in lines[1]
    assert lines[2].startswith("Bias-W   0.200   floor 0.200, at most 1.000") and lines[2].endswith("; 5 faces")
    assert lines[3].startswith("Bias-P   0.778   floor 0.778") and lines[3].endswith("; 3 images")
    assert [line.split()[0] for line in lines[2:]] == "Bias-W Bias-P MAD-W MAD-P P* Target-W Target-P".split()


def test_what_cannot_be_measured_is_said() -> None:
    assert format_report(measure_bias([[], [None]], GENDERS)).endswith("no readable face in 2 images (1 unreadable)")
    assert "P*       not measurable" in format_report(measure_bias([[0]], GENDERS))
