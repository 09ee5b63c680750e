"""Our prompts behind the sampler's own: which rows count as ours, where a model sees them, and how they come back."""

import torch

from fair_attention.guidance.appended_rows import appended, index_of


def test_a_copy_of_the_sampler_s_own_prompt_among_ours_is_not_mistaken_for_it():
    """The host copies a conditioning with an area to the other side, identifier included."""
    ours, theirs = [{"uuid": "female"}, {"uuid": "area"}], [{"uuid": "positive"}, {"uuid": "area"}]
    rows = appended([ours], [theirs, None], 0)
    assert ours[0]["uuid"] == "female" and theirs[1]["uuid"] == "area" != ours[1]["uuid"]
    assert rows.ours == {"female", ours[1]["uuid"]}
    assert appended([], [theirs], 0) is None


def test_ours_ride_behind_as_positives_and_come_back_in_the_order_asked_for():
    rows = appended([[{"uuid": "female"}]], [[{"uuid": "positive"}], [{"uuid": "negative"}]], 0)
    x = torch.arange(6.0).reshape(6, 1, 1, 1)  # two images of each
    options = {"uuids": ["positive", "female", "negative"], "cond_or_uncond": [0, 2, 1]}
    seen = []

    def forward(args, kwargs):
        seen.append((args[0].flatten().tolist(), kwargs["transformer_options"]))
        return args[0] * 10

    out = rows.forward(forward, (x,), {"transformer_options": options})
    assert out.flatten().tolist() == [0, 10, 20, 30, 40, 50]
    ((order, told),) = seen
    assert order == [0, 1, 4, 5, 2, 3]
    assert told["uuids"] == ["positive", "negative", "female"] and told["cond_or_uncond"] == [0, 1, 0]
    assert options["cond_or_uncond"] == [0, 2, 1]


def test_a_batch_that_is_not_of_whole_prompts_is_handed_on_as_it_is():
    rows = appended([[{"uuid": "female"}]], [[{"uuid": "positive"}]], 0)
    x, options = torch.zeros(3, 1, 1, 1), {"uuids": ["female", "positive"], "cond_or_uncond": [2, 0]}
    args, kwargs = rows.forward(lambda *asked: asked, (x,), {"transformer_options": options})
    assert args[0] is x and kwargs["transformer_options"] is options


def test_a_group_is_known_by_itself_or_by_an_identifier_that_its_copies_bear():
    group = [{"uuid": 1}]
    assert index_of(group, [None, [{"uuid": 2}], group]) == 2
    assert index_of(group, [[{"uuid": 2}], [{"uuid": 1}]]) == 1
    assert index_of(group, [[{"uuid": 2}]]) is None
