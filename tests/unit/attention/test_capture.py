"""The maps against an explicit softmax in double precision, and the running sums by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from fair_attention.attention.capture import MapStore, WordQuery, selection, word_maps, word_means
from fair_attention.attention.trace import Block

BLOCK = Block("output", 3)
WORDS = (WordQuery("doctors", (2, 3)), WordQuery("cats", (5,)))


def queries_and_keys(rows=2, n=12, length=7, heads=3, width=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    q, k = (torch.randn(rows, s, heads * width, generator=generator) for s in (n, length))
    return q, k


def full_softmax(q, k, heads):
    """[R,H,N,L], head by head and in double precision."""
    width = q.shape[-1] // heads
    parts = []
    for h in range(heads):
        one = slice(h * width, (h + 1) * width)
        parts.append((q[..., one].double() @ k[..., one].double().transpose(1, 2) / width**0.5).softmax(-1))
    return torch.stack(parts, 1)


def test_word_maps_equal_the_full_softmax():
    q, k = queries_and_keys()
    full = full_softmax(q, k, 3).mean(1)
    expected = torch.stack([full[..., [2, 3]].mean(-1), full[..., 5]], 1)
    maps = word_maps(q, k, 3, selection(WORDS, 7, 7))
    assert maps.dtype == torch.float32
    assert (maps - expected).abs().max() < 1e-6


def test_some_heads_only():
    q, k = queries_and_keys()
    expected = full_softmax(q, k, 3)[:, [0, 2]].mean(1)[..., 5]
    assert (word_maps(q, k, 3, selection(WORDS, 7, 7), chosen=[0, 2])[:, 1] - expected).abs().max() < 1e-6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    q, k = (t.to(dtype) for t in queries_and_keys())
    expected = full_softmax(q, k, 3).mean(1)[..., 5]
    assert (word_maps(q, k, 3, selection(WORDS, 7, 7))[:, 1] - expected).abs().max() < 1e-6


@given(st.integers(1, 4000), st.integers(1, 3), st.integers(1, 30))
def test_chunks_do_not_matter(chunk_bytes, rows, n):
    q, k = queries_and_keys(rows=rows, n=n)
    columns = selection(WORDS, 7, 7)
    whole = word_maps(q, k, 3, columns)
    assert (word_maps(q, k, 3, columns, chunk_bytes=chunk_bytes) - whole).abs().max() < 1e-6


def test_a_repeated_context_is_folded_back():
    """Repeating all keys splits every probability evenly over the copies."""
    q, k = queries_and_keys()
    once = word_maps(q, k, 3, selection(WORDS, 7, 7))
    twice = word_maps(q, k.repeat(1, 3, 1), 3, selection(WORDS, 7, 21))
    assert (once - twice).abs().max() < 1e-6


def test_a_position_outside_the_prompt_is_refused():
    with pytest.raises(ValueError, match="token 7 of 'doctors' lies outside the prompt's 7 tokens"):
        selection((WordQuery("doctors", (7,)),), 7, 14)


def test_a_store_averages_calls_and_does_not_grow():
    store = MapStore(("doctors", "cats"), 1, (4, 4))
    first, second = torch.rand(2, 1, 2, 16)
    store.add(BLOCK, first, (4, 4), (4, 4), (0, 0))
    size = store.bytes()
    store.add(BLOCK, second, (4, 4), (4, 4), (0, 0))
    assert store.bytes() == size == 4 * (2 * 16 + 1)
    assert torch.allclose(store.mean(BLOCK), ((first + second) / 2).unflatten(-1, (4, 4)))
    assert store.blocks == [BLOCK]


def test_windows_are_averaged_where_they_lie():
    """A left half of twos twice, the whole of ones once: 5/3 on the left, 1 on the right."""
    store = MapStore(("doctors",), 1, (4, 4))
    half = torch.full((1, 1, 8), 2.0)
    store.add(BLOCK, half, (4, 2), (4, 4), (0, 0))
    store.add(BLOCK, torch.ones(1, 1, 16), (4, 4), (4, 4), (0, 0))
    store.add(BLOCK, half, (4, 2), (4, 4), (0, 0))
    mean = store.mean(BLOCK)[0, 0]
    assert torch.allclose(mean[:, :2], torch.full((4, 2), 5 / 3))
    assert torch.allclose(mean[:, 2:], torch.ones(4, 2))


def test_cells_no_window_covered_are_zero():
    store = MapStore(("doctors",), 1, (4, 4))
    store.add(BLOCK, torch.ones(1, 1, 4), (2, 2), (4, 4), (1, 2))
    mean = store.mean(BLOCK)[0, 0]
    assert mean.sum() == 4 and bool((mean[1:3, 2:] == 1).all())


def test_a_block_that_changes_its_resolution_follows_the_first():
    store = MapStore(("doctors",), 1, (4, 4))
    store.add(BLOCK, torch.ones(1, 1, 4), (2, 2), (2, 2), (0, 0))
    store.add(BLOCK, torch.full((1, 1, 16), 3.0), (4, 4), (4, 4), (0, 0))
    assert torch.equal(store.mean(BLOCK)[0, 0], torch.full((2, 2), 2.0))


def test_a_run_that_goes_on_from_another_averages_over_both_and_leaves_that_one_as_it_was():
    first, second = (MapStore(("doctors",), 1, (2, 2)) for _ in range(2))
    first.add(BLOCK, torch.ones(1, 1, 4), (2, 2), (2, 2), (0, 0))
    second.go_on_from(first)
    second.add(BLOCK, torch.full((1, 1, 4), 4.0), (2, 2), (2, 2), (0, 0))
    assert torch.equal(second.mean(BLOCK)[0, 0], torch.full((2, 2), 2.5))
    assert torch.equal(first.mean(BLOCK)[0, 0], torch.ones(2, 2))
    for other in (MapStore(("cats",), 1, (2, 2)), MapStore(("doctors",), 2, (2, 2)), MapStore(("doctors",), 1, (4, 4))):
        other.go_on_from(first)
        assert other.blocks == []


def test_tokens_that_a_patch_has_appended_are_not_the_text_s() -> None:
    """A text of 3 tokens, twice, and two of an image behind it."""
    columns = selection((WordQuery("a", (0,)), WordQuery("b", (1, 2))), 3, 8)
    assert columns[:, 0].tolist() == [1, 0, 0, 1, 0, 0, 0, 0]
    assert columns[:, 1].tolist() == [0, 0.5, 0.5, 0, 0.5, 0.5, 0, 0]


@pytest.mark.parametrize("limit", [1, 2 * 3 * 4 * 7 * 4, 10**9])
def test_no_more_probabilities_are_alive_than_asked_for(limit) -> None:
    """2 rows, 3 heads, 12 queries of 7 keys in float32: one query at a time at least, four within 672 bytes, all within a lot."""
    made: list[int] = []

    class Sizes(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if getattr(func, "__name__", "") == "softmax":
                made.append(out.shape[2])
            return out

    q, k = queries_and_keys()
    with Sizes():
        maps = word_maps(q, k, 3, selection(WORDS, 7, 7), chunk_bytes=limit)
    assert made == {1: [1] * 12, 672: [4] * 3, 10**9: [12]}[limit]
    assert torch.allclose(maps, word_maps(q, k, 3, selection(WORDS, 7, 7)), atol=1e-6)


def test_maps_of_another_resolution_follow_the_first_on_each_side() -> None:
    store = MapStore(("a",), 1, (8, 16))
    store.add(BLOCK, torch.ones(1, 1, 8), (2, 4), (2, 4), (0, 0))
    store.add(BLOCK, torch.full((1, 1, 32), 3.0), (4, 8), (4, 8), (0, 0))
    assert store.grid(BLOCK) == (2, 4) and store.mean(BLOCK).tolist() == [[[[2.0] * 4] * 2]]


def test_a_store_that_is_cleared_holds_nothing() -> None:
    store = MapStore(("a",), 1, (4, 4))
    store.add(BLOCK, torch.ones(1, 1, 16), (4, 4), (4, 4), (0, 0))
    assert store.bytes() == 4 * 16 + 4
    store.clear()
    assert store.blocks == [] and store.bytes() == 0


def test_the_mean_of_some_blocks_is_of_those_alone() -> None:
    store = MapStore(("a",), 1, (64, 64))
    for number in (3, 4):
        store.add(Block("output", number), torch.full((1, 1, 16), float(number)), (4, 4), (4, 4), (0, 0))
    means = [word_means(store, chosen).mean().item() for chosen in (None, frozenset({BLOCK}))]
    assert means == [3.5, 3.0] and word_means(store, None).shape == (1, 1, 64, 64)
