"""Joint attention's maths, against an explicit softmax and by hand."""

import math

import pytest
import torch

from fair_attention.attention.joint import SIDE, Joint, additive, by_heads, fused, rotated


def looked(seed=0, rows=2, heads=3, picture=12, text=5, width=4):
    """q, k [R,H,N,d] of a sequence of text and picture."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(rows, heads, text + picture, width, generator=generator) for _ in "qk")


def by_hand(q, k, mask=None):
    """[R,N,L] in double precision: softmax over all keys, mean over heads."""
    logits = q.double() @ k.double().transpose(2, 3) / math.sqrt(q.shape[-1])
    return (logits if mask is None else logits + mask.double()).softmax(-1).mean(1)


both_ways = pytest.mark.parametrize("joint_maps", [by_heads, fused])  # on a CPU; on a GPU


@both_ways
def test_two_equal_keys_share_the_attention(joint_maps):
    """One text key and one of the picture, both alike: half of it each; a text key that is masked away has none."""
    q, k = torch.ones(1, 1, 1, 2), torch.ones(1, 1, 2, 2)
    assert joint_maps(q, k, torch.tensor([[1.0]]), None).item() == pytest.approx(0.5)
    assert joint_maps(q, k, torch.tensor([[1.0]]), torch.tensor([[[[-math.inf, 0.0]]]])).item() == 0


@both_ways
@pytest.mark.parametrize("chunk_bytes", [1, 1000, 2**30])
@pytest.mark.parametrize("heads", [1, 3])
def test_maps_are_an_explicit_softmax_s(joint_maps, chunk_bytes, heads):
    """Of masks for all heads, and for each."""
    q, k = looked()
    columns = torch.tensor([[0, 0.5], [1, 0], [0, 0.5], [0, 0], [0, 0]])
    mask = torch.randn(2, heads, 17, 17, generator=torch.Generator().manual_seed(1))
    found = joint_maps(q, k, columns, mask, chunk_bytes)
    expected = by_hand(q, k, mask)[..., :5] @ columns.double()
    assert torch.allclose(found.double(), expected.transpose(1, 2), atol=1e-6)


@both_ways
def test_more_words_than_a_head_is_wide(joint_maps):
    q, k = looked(width=4)
    columns = torch.eye(5)
    found = joint_maps(q, k, torch.cat([columns, columns], 1), None)
    assert found.shape == (2, 10, 17)
    expected = by_hand(q, k)[..., :5].transpose(1, 2)
    assert torch.allclose(found.double(), torch.cat([expected, expected], 1), atol=1e-6)


@both_ways
def test_half_precision_stays_near(joint_maps):
    """Sums are in full precision, so that only the rounding of queries, keys and result is seen."""
    q, k = looked(width=16)
    found = joint_maps(q.bfloat16(), k.bfloat16(), torch.eye(5), None)
    assert found.dtype == torch.float32
    expected = by_hand(q.bfloat16(), k.bfloat16())[..., :5].transpose(1, 2)
    assert ((found - expected) / expected).abs().max() < 0.03


def test_rotary_embedding_turns_pairs():
    """A quarter turn: (1, 0) becomes (0, 1), (0, 1) becomes (-1, 0)."""
    x = torch.tensor([1.0, 0, 0, 1]).expand(1, 1, 3, 4)
    turn = torch.tensor([[0.0, -1], [1, 0]]).expand(1, 1, 3, 2, 2, 2)
    assert torch.equal(rotated(x, turn)[0, 0, 0], torch.tensor([0.0, 1, -1, 0]))
    assert rotated(x.half(), turn).dtype == torch.float16


@pytest.mark.parametrize("heads", [None, (0, 2)])
def test_rows_and_heads_of_a_block(heads):
    q, k = looked(rows=4)
    pe = torch.randn(1, 1, 17, 2, 2, 2, generator=torch.Generator().manual_seed(2))
    columns = torch.eye(5)
    joint = Joint(q, k, pe, None, 5, (3, 4))
    turned = [rotated(t, pe)[1:3] if heads is None else rotated(t, pe)[1:3, list(heads)] for t in (q, k)]
    expected = by_hand(*turned)[:, 5:, :5].transpose(1, 2)
    assert joint.grid == (3, 4)
    assert torch.allclose(joint.maps(slice(1, 3), columns, heads).double(), expected, atol=1e-6)


def test_of_a_fine_grid_every_second_cell_is_asked():
    height, width = SIDE + 2, SIDE + 9
    q, k = looked(rows=1, heads=1, picture=height * width)
    mask = torch.randn(1, 1, 5 + height * width, 5 + height * width, generator=torch.Generator().manual_seed(3))
    joint = Joint(q, k, None, mask, 5, (height, width))
    assert joint.grid == (13, 17)
    every = by_hand(q, k, mask)[0, 5:, :5].T.unflatten(-1, (height, width))
    found = joint.maps(slice(0, 1), torch.eye(5), None)[0].unflatten(-1, joint.grid)
    assert torch.allclose(found.double(), every[:, ::2, ::2], atol=1e-6)


def test_masks_of_every_shape_the_host_takes():
    true = torch.tensor([[True, False]])
    assert torch.equal(additive(true, 1), torch.tensor([[[[0.0, -math.inf]]]]))
    assert additive(torch.zeros(7, 9), 7).shape == (1, 1, 7, 9)
    assert additive(torch.zeros(2, 7, 9), 7).shape == (2, 1, 7, 9)
    assert additive(torch.zeros(2, 3, 7, 9).half(), 7).dtype == torch.float32
