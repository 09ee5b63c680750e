"""Keys of a text that the sampler was not given: projected once where nobody patches them, else through every patch."""

from types import SimpleNamespace

import torch
from torch import nn

from fair_attention.attention.trace import Block
from fair_attention.guidance.own_keys import keys_as_the_prompt_s

BLOCK = Block("input", 1, 0)
TEXT = torch.tensor([[[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]])  # [1,L,d]
QUERIES = torch.zeros(2, 5, 4)  # [R,N,C]


def module() -> SimpleNamespace:
    """A block of two heads of width 2, whose keys are the text's two channels, and these once more ten times as large."""
    to_k = nn.Linear(2, 4, bias=False)
    with torch.no_grad():
        to_k.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [10.0, 0.0], [0.0, 10.0]]))
    return SimpleNamespace(attn2=SimpleNamespace(to_k=to_k, attn_precision=torch.float32), n_heads=2, d_head=2)


def test_without_patches_they_are_projected_once_and_given_to_every_row():
    known: dict = {}
    keys = keys_as_the_prompt_s(known, BLOCK, module(), TEXT, QUERIES, {})
    assert keys.shape == (2, 3, 4) and keys[1].tolist() == [[1, 0, 10, 0], [0, 2, 0, 20], [3, 3, 30, 30]]
    again = keys_as_the_prompt_s(known, BLOCK, module(), TEXT * 7, QUERIES[:1], {})
    assert torch.equal(again, keys[:1])


def test_patches_change_the_text_one_after_the_other_as_the_host_calls_them():
    told = []

    def patch(change):
        def patched(queries, keys, values, options):
            told.append((queries.shape, keys.shape, values.shape, options))
            return queries, change(keys), values

        return patched

    options = {"patches": {"attn2_patch": [patch(lambda k: k + 1), patch(lambda k: k[:, :2] * 2)]}, "block_index": 0}
    known: dict = {}
    keys = keys_as_the_prompt_s(known, BLOCK, module(), TEXT, QUERIES, options)
    assert keys.shape == (2, 2, 4) and keys[0].tolist() == [[4, 2, 40, 20], [2, 6, 20, 60]]
    assert told[0][:3] == ((2, 5, 4), (2, 3, 2), (2, 3, 2))
    assert told[0][3] == {"block_index": 0, "n_heads": 2, "dim_head": 2, "attn_precision": torch.float32}
    assert known == {}  # patches may do something else at the next step
