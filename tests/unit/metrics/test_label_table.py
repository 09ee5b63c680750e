"""Label tables: what a user writes, what a model's labels mean by it, and what is said of a table that does not fit."""

import math

import pytest
import torch

from fair_attention.metrics.readers.label_presets import PRESETS
from fair_attention.metrics.readers.label_table import parse_table, write_table
from fair_attention.metrics.readers.labels import heads_of, plain, preset_table, probabilities, table_for

RACES = ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
TABLE = """
# two axes of one model
templates = a photo of {}
[gender]
female = Female
male = Male
unreadable = no face
[ignore]
labels = Hat | Blurry
"""


def test_a_table_is_read_as_it_was_written():
    table = parse_table(TABLE)
    assert table.axes == {"gender": {"female": ("Female",), "male": ("Male",), "unreadable": ("no face",)}}
    assert table.values == {"gender": ("female", "male")} and table.ignored == ("Hat", "Blurry")
    assert parse_table(write_table(table)) == table


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no axis"),
        ("female = Female", "the axis is missing"),
        ("[gender]\nfemale", "write value = label"),
        ("[gender]\nfemale = A\nfemale = B", "is on gender already"),
        ("[gender]\na = A\nb = B\n[gender]\na = A", "name each axis once"),
        ("[gender]\nfemale = A", "fewer than two values"),
        ("templates = a photo\n[gender]\na = A\nb = B", "holds no {}"),
    ],
)
def test_a_table_that_is_none_says_where_and_what(text, why):
    with pytest.raises(ValueError, match=why):
        parse_table(text)


def test_spellings_of_one_label_are_one_label_and_ages_stay_apart():
    assert plain("Latino_Hispanic") == plain("latino hispanic") == plain("Latino-Hispanic")
    assert len({plain(age) for age in (*AGES, "70+", "02", "39")}) == len(AGES) + 3


@pytest.mark.parametrize("labels", [RACES, AGES, ("Female", "Male"), (*RACES, "Male", "Female", *AGES)])
def test_fairfaces_label_sets_fit_by_themselves(labels):
    name, table = table_for(labels, False)
    assert name.startswith("FairFace") and heads_of(table, labels)


def test_seven_groups_become_the_papers_four_by_adding_up():
    """Logits log(1 ... 7): probabilities n / 28. WMELH is White 1, Latino 3, Middle Eastern 7: 11 / 28."""
    name, table = table_for(RACES, False)
    logits = torch.tensor([[math.log(n) for n in range(1, 8)]])
    read = probabilities(logits, heads_of(table, RACES), False)["race"]
    assert name == "FairFace: race, the paper's 4" and table.values == {"race": ("WMELH", "Black", "Indian", "Asian")}
    assert read[0].tolist() == pytest.approx([11 / 28, 2 / 28, 6 / 28, 9 / 28, 0])


def test_several_axes_of_one_model_are_several_softmaxes():
    table = parse_table("[gender]\nf = F\nm = M\n[age]\nyoung = Y\nold = O")
    read = probabilities(torch.tensor([[0.0, math.log(3), 5.0, 5.0]]), heads_of(table, "FMYO"), False)
    assert read["gender"][0].tolist() == pytest.approx([0.25, 0.75, 0])
    assert read["age"][0].tolist() == pytest.approx([0.5, 0.5, 0])


def test_what_means_unreadable_takes_its_share():
    table = parse_table("[gender]\nf = F\nm = M\nunreadable = N")
    read = probabilities(torch.tensor([[0.0, 0.0, math.log(2)]]), heads_of(table, "FMN"), False)["gender"]
    assert read[0].tolist() == pytest.approx([0.25, 0.25, 0.5])


def test_yes_or_no_attributes_have_complements():
    """CelebA: one logit says Male; not Male is its complement. sigmoid(log 3) = 3 / 4."""
    labels = ("Male", "Young", "Eyeglasses", "Smiling", "Bald")
    name, table = table_for(labels, True)
    read = probabilities(torch.tensor([[math.log(3), 0.0, 0.0, 0.0, 9.0]]), heads_of(table, labels, True), True)
    assert name.startswith("CelebA") and list(read) == ["gender", "age", "eyeglasses", "smiling"]
    assert read["gender"][0].tolist() == pytest.approx([0.25, 0.75, 0])


def test_labels_that_name_their_axis_need_no_table():
    name, table = table_for(("hat: yes", "hat: no", "hair: long", "hair: short"), False)
    assert name == "the model's own labels" and table.values == {"hat": ("yes", "no"), "hair": ("long", "short")}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[gender]\nf = Femal\nm = Male", "'Femal', which the model has not; it has 'Female', 'Male', 'Other'"),
        ("[gender]\nf = Female\nm = Male", "does not say what 'Other' mean"),
        ("[gender]\nf = not Male\nm = Male", "none has a complement"),
    ],
)
def test_a_table_and_a_model_that_do_not_fit(text, why):
    with pytest.raises(ValueError, match=why):
        heads_of(parse_table(text), ("Female", "Male", "Other"))


def test_what_nothing_fits_is_refused():
    with pytest.raises(ValueError, match="nothing is known about its labels 'cat', 'dog'"):
        table_for(("cat", "dog"), False)
    with pytest.raises(ValueError, match="does not fit: no label of the model means gender 'female'"):
        preset_table("FairFace: gender", ("cat", "Male"))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_tables(name):
    assert parse_table(PRESETS[name]).values
