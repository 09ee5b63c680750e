"""Queries kept to ask for words afterwards: maps as recorded, memory bounded."""

import torch

from fair_attention.attention.capture import WordQuery, selection, word_maps
from fair_attention.attention.kept_queries import Kept, KeptQueries, asked, projection
from fair_attention.attention.trace import Block

BLOCK = Block("output", 3)
WHERE = ((4, 4), (4, 4), (0, 0))


def queries(step: int) -> torch.Tensor:
    """[2 images, 16 places, 8 channels] of float32: 1,024 bytes."""
    return torch.randn(2, 16, 8, generator=torch.Generator().manual_seed(step))


def kept(budget: int, steps: int) -> KeptQueries:
    found = KeptQueries(budget)
    found.heads[BLOCK] = 2
    for step in range(3, 3 + steps):
        found.add(step, Kept(BLOCK, queries(step), WHERE))
    return found


def test_what_is_asked_afterwards_is_what_a_recording_would_hold():
    to_k = torch.nn.Linear(6, 8, bias=False)
    found = kept(10_000, 3)
    found.projections[BLOCK] = projection(to_k, 6, queries(0))
    assert torch.equal(found.projections[BLOCK], to_k.weight.T)
    context, words = torch.randn(1, 5, 6), (WordQuery("hat", (2, 3)), WordQuery("nurse", (1,)))
    store = asked(found, context, words, 2, (4, 4))
    maps = [word_maps(queries(s), to_k(context).expand(2, -1, -1), 2, selection(words, 5, 5)) for s in (3, 4, 5)]
    assert store.labels == ("hat", "nurse")
    torch.testing.assert_close(store.mean(BLOCK), torch.stack(maps).mean(0).unflatten(-1, (4, 4)), atol=1e-6, rtol=0)


def test_memory_is_bounded_by_keeping_every_second_step_and_so_on():
    """Of eight steps of 1,024 bytes 3,000 bytes hold two: from 3 on every fourth."""
    found = kept(3_000, 8)
    assert sorted(found.steps) == [3, 7] and found.bytes() == 2_048 and found.every == 4
    assert sorted(kept(5_000, 8).steps) == [3, 5, 7, 9] and sorted(kept(9_000, 8).steps) == list(range(3, 11))


def test_a_step_too_large_keeps_nothing_and_says_so():
    found = kept(1_000, 3)
    assert found.steps == {} and found.bytes() == 0 and "more than 0 MB" in found.note


def test_finer_blocks_are_left_out():
    found = KeptQueries(10**9)
    assert found.wants(0, (32, 24)) and not found.wants(0, (33, 16))
