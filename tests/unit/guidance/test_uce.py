"""UCE's closed form against an independent solution, both published targets by hand, the loop's rounds."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fair_attention.guidance.baselines import uce, uce_loop
from fair_attention.guidance.baselines.concepts import Concept, check_preserved, parse_concepts, write_concepts
from fair_attention.guidance.baselines.occupations import OCCUPATIONS
from fair_attention.guidance.baselines.uce import PAPER, REWRITE, VARIANTS, Edit

BOTH = pytest.mark.parametrize("name", [REWRITE, PAPER])
NAMES, GENDERS = ("female", "male"), ("female", "male")


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def case(name: str, rows: int = 3) -> tuple[Tensor, list[Edit], list[Tensor]]:
    n = rows if VARIANTS[name].to_the_end else 1
    edits = [
        Edit(randn(n, 6, seed=i), (randn(n, 6, seed=i + 10), randn(n, 6, seed=i + 20)), (0.4, -0.3)) for i in (1, 2)
    ]
    return randn(5, 6, seed=0), edits, [randn(4, 6, seed=30), randn(4, 6, seed=31)]


def direct(weight: Tensor, edits: list[Edit], preserved: list[Tensor], variant: uce.Variant) -> Tensor:
    """The published sum of outer products, row by row, and the inverse; the rewrite's shapes."""
    left = variant.lam * weight
    right = variant.lam * torch.eye(6, dtype=torch.float64)
    for edit in edits:
        for value, c in zip(uce.target(weight, edit, variant.to_the_end), edit.concept, strict=True):
            left = left + variant.edit * torch.outer(value, c)
            right = right + variant.edit * torch.outer(c, c)
    for c in (c for rows in preserved for c in rows):
        left = left + variant.preserve * torch.outer(weight @ c, c)
        right = right + variant.preserve * torch.outer(c, c)
    return left @ torch.inverse(right)


@BOTH
def test_closed_form_is_the_published_one(name: str) -> None:
    weight, edits, preserved = case(name)
    variant = VARIANTS[name]
    matrix = uce.normal_matrix([e.concept for e in edits], preserved, variant)
    edited = weight + uce.change(weight, edits, matrix, variant)
    assert torch.allclose(edited, direct(weight, edits, preserved, variant), atol=1e-10)
    assert uce.residual(edited, weight, edits, matrix, variant) < 1e-12
    assert uce.residual(edited.float(), weight, edits, matrix, variant) < 1e-6
    assert uce.residual(weight, weight, edits, matrix, variant) > 1e-2  # unedited it is not met


@BOTH
def test_it_is_the_least_of_the_energy(name: str) -> None:
    weight, edits, preserved = case(name)
    variant = VARIANTS[name]
    targets = [uce.target(weight, e, variant.to_the_end) for e in edits]

    def energy(w: Tensor) -> Tensor:
        fit = sum(((e.concept @ w.T - v) ** 2).sum() for e, v in zip(edits, targets, strict=True))
        kept = sum((((w - weight) @ c.T) ** 2).sum() for c in preserved)
        return variant.edit * fit + variant.preserve * kept + variant.lam * ((w - weight) ** 2).sum()

    matrix = uce.normal_matrix([e.concept for e in edits], preserved, variant)
    edited = (weight + uce.change(weight, edits, matrix, variant)).requires_grad_()
    (slope,) = torch.autograd.grad(energy(edited), edited)
    assert slope.abs().max() < 1e-9


@BOTH
def test_weights_of_zero_change_nothing_at_all(name: str) -> None:
    weight, edits, preserved = case(name)
    edits = [Edit(e.concept, e.attributes, (0.0, 0.0)) for e in edits]
    matrix = uce.normal_matrix([e.concept for e in edits], preserved, VARIANTS[name])
    assert not uce.change(weight, edits, matrix, VARIANTS[name]).any()


def test_targets_by_hand() -> None:
    """W is the identity, so a value is its row. Two attributes, one after the other in the paper era."""
    eye = torch.eye(2, dtype=torch.float64)
    edit = Edit(
        torch.tensor([[3.0, 4.0]]).double(),
        (torch.tensor([[2.0, 0.0]]).double(), torch.tensor([[0.0, 5.0]]).double()),
        (0.5, -0.2),
    )
    assert uce.target(eye, edit, False).tolist() == [[3 + 0.5 * 2, 4 - 0.2 * 5]]
    first = torch.tensor([3 + 0.5 * 5, 4.0]).double()  # |v| = 5, then |v| of what that has made
    wanted = first - 0.2 * first.norm() * torch.tensor([0.0, 1.0])
    assert torch.allclose(uce.target(eye, edit, True)[0], wanted)


def test_rows() -> None:
    texts = [torch.arange(7.0)[:, None], 10 + torch.arange(7.0)[:, None]]
    assert [r.flatten().tolist() for r in uce.rows_of(texts, [2, 4], False)] == [[2], [14]]
    assert [r.flatten().tolist() for r in uce.rows_of(texts, [2, 4], True)] == [[2, 3, 4], [14, 15, 16]]


@settings(deadline=None, max_examples=30)
@given(st.floats(0.0, 100.0))
def test_more_preservation_moves_a_preserved_concept_less(scale: float) -> None:
    weight, edits, preserved = case(REWRITE)
    moved = []
    for p in (scale, scale + 1.0):
        variant = uce.Variant("", p, ("{}",), False)
        matrix = uce.normal_matrix([e.concept for e in edits], preserved, variant)
        change = uce.change(weight, edits, matrix, variant)
        moved.append(float(sum((change @ c.T).norm() ** 2 for c in preserved)))
    assert moved[1] <= moved[0] * (1 + 1e-9)


def test_concepts_as_people_write_them() -> None:
    text = "doctor | female 0.4, male -.4\nphoto of [nurse]|male 1\n\n  \ndoctor"
    rounds = parse_concepts(text, NAMES, GENDERS, VARIANTS[REWRITE])
    assert rounds == (
        (Concept("doctor", GENDERS, (0.4, -0.4)), Concept("photo of nurse", ("photo of female", "photo of male"), (0.0, 1.0))),
        (Concept("doctor", GENDERS, None),),
    )  # fmt: skip
    (five,) = parse_concepts("doctor | female 0.4", NAMES, GENDERS, VARIANTS[PAPER])
    assert [c.text for c in five] == [
        "image of doctor",
        "photo of doctor",
        "portrait of doctor",
        "picture of doctor",
        "doctor",
    ]
    assert five[0].attributes == ("image of female", "image of male")
    written = write_concepts([[("photo of [doctor]", (0.25, -0.25))], [("nurse", (0.1, 0.0))]], NAMES)
    assert written == "photo of [doctor] | female 0.25, male -0.25\n\nnurse | female 0.1, male 0"
    assert parse_concepts(written, NAMES, GENDERS, VARIANTS[REWRITE])[0][0].weights == (0.25, -0.25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  \n", "there is no concept"),
        ("| female 1", "names no concept"),
        ("doctor | tall 1", "no attribute of the target with a number: write some of female, male"),
        ("doctor | female", "no attribute of the target with a number"),
        ("doctor | female 1, Female 2", "occurs twice in 'doctor"),
        ("doctor\nDoctor", "occurs twice in one round"),
        ("Female | male 1", "one of the attributes themselves"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        parse_concepts(text, NAMES, GENDERS, VARIANTS[REWRITE])


def test_edited_and_preserved_is_refused() -> None:
    rounds = parse_concepts("doctor | female 1", NAMES, GENDERS, VARIANTS[REWRITE])
    check_preserved(rounds, ["nurse"])
    with pytest.raises(ValueError, match="'Doctor' is both edited and preserved"):
        check_preserved(rounds, ["Doctor"])


def test_occupations_are_told_apart() -> None:
    assert len(set(OCCUPATIONS)) == len(OCCUPATIONS) >= 100 and all(o == o.strip() and o for o in OCCUPATIONS)


def test_when_a_share_is_met() -> None:
    """Of ten pictures five; of fifty 23 to 27."""
    assert [n for n in range(11) if uce_loop.is_met((0.5, 0.5), (n / 10, 1 - n / 10))] == [5]
    assert [n for n in range(51) if uce_loop.is_met((0.5, 0.5), (n / 50, 1 - n / 50))] == [23, 24, 25, 26, 27]


def test_rounds_of_the_rewrite_add_up() -> None:
    one = uce_loop.next_round(REWRITE, [], (0.5, 0.5), {"doctor": (0.1, 0.9), "nurse": (0.5, 0.5)})
    assert one == uce_loop.Round({"doctor": (0.4, -0.4), "nurse": (0.0, 0.0)})
    two = uce_loop.next_round(REWRITE, [one], (0.5, 0.5), {"doctor": (0.7, 0.3), "nurse": (0.3, 0.7)})
    assert two.weights["doctor"] == pytest.approx((0.2, -0.2)) and two.weights["nurse"] == pytest.approx((0.2, -0.2))
    assert uce_loop.next_round(REWRITE, [two], (0.5, 0.5), {"doctor": (0.5, 0.5), "nurse": (0.5, 0.5)}) is None


def test_rounds_of_the_paper_era_stand_alone() -> None:
    seen = {"doctor": (0.1, 0.9), "nurse": (0.48, 0.52)}
    one = uce_loop.next_round(PAPER, [], (0.5, 0.5), seen)
    assert (
        one.weights["doctor"] == pytest.approx((0.04, -0.04))
        and one.weights["nurse"] == (0, 0)
        and one.met == ("nurse",)
    )
    two = uce_loop.next_round(PAPER, [one], (0.5, 0.5), {"doctor": (0.3, 0.7), "nurse": (0.48, 0.52)})
    assert two.weights["doctor"] == pytest.approx((0.02, -0.02)) and two.met == ("nurse",)
