"""Everything that has a batch's rows, cut and put in another order; by hand, for two conditionings of two images."""

from typing import NamedTuple

import pytest
import torch

from fair_attention.guidance.batch_rows import arranged, has_rows_only, part, ranges, transformer_options, with_rows

ROWS = torch.arange(4.0).reshape(4, 1)
OPTIONS = {"uuids": ["a", "b"], "cond_or_uncond": [0, 1], "sigmas": torch.tensor([7.0, 8.0]), "patches": (ROWS,)}


class Pair(NamedTuple):
    one: torch.Tensor
    other: str


CONTAINERS = {
    "tensor": (ROWS, lambda v: v),
    "dict": ({"y": ROWS}, lambda v: v["y"]),
    "list": ([ROWS, 1], lambda v: v[0]),
    "tuple": ((ROWS, None), lambda v: v[0]),
    "named tuple": (Pair(ROWS, "x"), lambda v: v.one),
    "control of a list of tuples": ({"output": [(None, ROWS)]}, lambda v: v["output"][0][1]),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_rows_are_cut_wherever_they_are(name):
    value, tensor_in = CONTAINERS[name]
    assert has_rows_only(value, 4)  # vouched for, so it has to be cut
    (_, own), named = part([ROWS, value], {"c": value}, [2, 3], 2)
    for found in (own, named["c"]):
        assert type(found) is type(value)
        assert tensor_in(found).flatten().tolist() == [2, 3]


@pytest.mark.parametrize("name", CONTAINERS)
def test_conditionings_change_places_wherever_they_are(name):
    value, tensor_in = CONTAINERS[name]
    found = arranged(value, [1, 0], 4, dict)
    assert type(found) is type(value) and tensor_in(found).flatten().tolist() == [2, 3, 0, 1]


def test_what_has_other_rows_stays():
    one, none = torch.ones(1, 5), torch.tensor(3.0)
    found = with_rows((one, none, "text"), 4, lambda tensor: tensor[:0], dict)
    assert found[0] is one and found[1] is none and found[2] == "text"
    assert has_rows_only([one, none, "text", {"y": (ROWS,)}], 4)
    assert not has_rows_only({"y": (torch.ones(3, 1),)}, 4)


def test_the_options_follow_the_conditionings_and_what_is_inside_stays():
    _, named = part([ROWS], {"transformer_options": OPTIONS}, [3], 2)
    own = named["transformer_options"]
    assert own["uuids"] == ["b"] and own["cond_or_uncond"] == [1] and own["sigmas"].tolist() == [8]
    assert own["patches"] is OPTIONS["patches"]
    assert part([ROWS], {"t": OPTIONS}, [0, 1, 2, 3], 2)[1]["t"]["sigmas"].tolist() == [7, 8]


def test_a_forward_with_gradients_is_given_ordinary_tensors():
    with torch.inference_mode():
        inside = torch.ones(4, 1), torch.ones(1, 1)
    (_, own), _ = part([ROWS, inside], {}, [0], 2)
    assert not own[0].is_inference() and not own[1].is_inference()


def test_ranges_stay_inside_a_conditioning():
    assert list(ranges(6, 3, 2)) == [range(0, 2), range(2, 3), range(3, 5), range(5, 6)]


def test_options_are_found_among_arguments_by_name_and_by_place():
    assert transformer_options((ROWS,), {"transformer_options": OPTIONS}) is OPTIONS
    assert transformer_options((ROWS, {"y": ROWS}, OPTIONS), {}) is OPTIONS
    assert transformer_options((ROWS, {"y": ROWS}), {}) is None
