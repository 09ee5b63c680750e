"""Hooks on a stand-in U-Net: which blocks there are, what is seen, and that nothing stays behind."""

import pytest
import torch
from torch import Tensor, nn

from fair_attention.attention.trace import Block, Stop, block_levels, cross_attention_blocks, trace, uncompiled


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_q, self.to_k = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return x + self.to_q(x) @ self.to_k(context).transpose(1, 2) @ context


class BasicTransformerBlock(nn.Module):
    """Named as the host's, which is how blocks are told."""

    def __init__(self, cross: bool = True):
        super().__init__()
        self.attn2 = Attention() if cross else None
        self.n_heads = 2

    def forward(self, x: Tensor, context: Tensor, transformer_options: dict | None = None) -> Tensor:
        return self.attn2(x, context) if self.attn2 is not None else x


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_blocks = nn.ModuleList([nn.Identity(), nn.Sequential(BasicTransformerBlock())])
        self.middle_block = nn.Sequential(BasicTransformerBlock(cross=False), BasicTransformerBlock())
        self.output_blocks = nn.ModuleList([nn.Sequential(BasicTransformerBlock(), BasicTransformerBlock())])

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        for number, (_, block) in enumerate(cross_attention_blocks(self)):
            x = block(x, context, transformer_options={"number": number})
        return x


@pytest.fixture
def unet():
    torch.manual_seed(0)
    return UNet()


INPUTS = torch.ones(1, 3, 4), torch.ones(1, 5, 4)
BLOCKS = [Block("input", 1), Block("middle", 0), Block("output", 0), Block("output", 0, 1)]


def hooks(unet) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in unet.modules())


def test_blocks_are_numbered_in_forward_order_and_layers_counted(unet):
    assert [b for b, _ in cross_attention_blocks(unet)] == BLOCKS


def test_another_network_has_no_blocks():
    assert list(cross_attention_blocks(nn.Linear(2, 2))) == []


def test_block_names_round_trip():
    assert [str(b) for b in BLOCKS] == ["input.1", "middle.0", "output.0", "output.0.1"]
    assert [Block.parse(str(b)) for b in BLOCKS] == BLOCKS


@pytest.mark.parametrize("text", ["", "input", "input.x", "inside.1", "input.1.2.3", "input.-1"])
def test_other_names_are_refused(text):
    with pytest.raises(ValueError, match="is no cross-attention block"):
        Block.parse(text)


def test_queries_and_keys_of_the_wanted_blocks_are_seen_and_change_nothing(unet):
    seen = []
    plain = unet(*INPUTS)

    def take(block, module, q, k, options):
        seen.append((block, module.n_heads, q.shape, k.shape, options))

    with trace(unet, BLOCKS[1:3], take):
        watched = unet(*INPUTS)
    assert torch.equal(plain, watched)
    assert seen == [(b, 2, (1, 3, 4), (1, 5, 4), {"number": n}) for n, b in enumerate(BLOCKS[1:3], 1)]
    assert hooks(unet) == 0


def test_stop_ends_the_forward_after_the_last_block_wanted(unet):
    seen = []
    out = None
    with trace(unet, BLOCKS, lambda block, *_: seen.append(block), stop_after=BLOCKS[1]):
        out = unet(*INPUTS)
    assert seen == BLOCKS[:2] and out is None
    assert hooks(unet) == 0


def test_a_trace_ends_by_its_own_signal_only(unet):
    """The inner one watches the same blocks to the end; what the outer one ends, it lets through."""
    seen, after = [], []
    with trace(unet, BLOCKS, lambda *_: None, stop_after=BLOCKS[1]):
        with trace(unet, BLOCKS, lambda block, *_: seen.append(block), stop_after=BLOCKS[3]):
            unet(*INPUTS)
        after.append("the inner trace did not end it")
    assert len(seen) <= 2 and not after
    assert hooks(unet) == 0
    with pytest.raises(Stop), trace(unet, BLOCKS, lambda *_: None):
        raise Stop


def test_hooks_are_removed_after_an_error_in_one(unet):
    def fail(*_):
        raise RuntimeError("full")

    with pytest.raises(RuntimeError, match="full"), trace(unet, BLOCKS, fail):
        unet(*INPUTS)
    assert hooks(unet) == 0


def test_keys_that_another_patch_projects_are_not_taken_for_the_blocks_own(unet):
    seen = []
    with trace(unet, BLOCKS[:1], lambda block, module, q, k, options: seen.append(k)):
        unet(*INPUTS)
        unet.input_blocks[1][0].attn2.to_k(torch.zeros(1, 2, 4))
    assert [k.shape for k in seen] == [(1, 5, 4)]


class Downsample(nn.Identity):
    pass


class Upsample(nn.Identity):
    pass


def test_levels_count_the_halvings_before_a_block():
    """Input: none, a halving behind the first block's attention; middle: one; output: one, then back to none."""
    unet = UNet()
    unet.input_blocks = nn.ModuleList(
        [nn.Sequential(BasicTransformerBlock()), nn.Sequential(Downsample()), nn.Sequential(BasicTransformerBlock())]
    )
    unet.output_blocks = nn.ModuleList(
        [nn.Sequential(BasicTransformerBlock(), Upsample()), nn.Sequential(BasicTransformerBlock())]
    )
    levels = {str(block): level for block, level in block_levels(unet).items()}
    assert levels == {"input.0": 0, "input.2": 1, "middle.0": 1, "output.0": 1, "output.1": 0}


def test_half_a_unet_has_no_blocks(unet):
    del unet.output_blocks
    assert list(cross_attention_blocks(unet)) == []


def test_options_are_seen_where_they_are_given_by_place(unet):
    seen = []
    with trace(unet, BLOCKS[:1], lambda block, module, q, k, options: seen.append(options)):
        unet.input_blocks[1][0](*INPUTS, {"number": 7})
        unet.input_blocks[1][0](*INPUTS)
    assert seen == [{"number": 7}, {}]


@pytest.mark.skipif(
    not hasattr(torch.compiler, "set_stance"), reason="PyTorch before 2.6 leaves compiled parts compiled"
)
def test_what_is_looked_into_runs_as_it_was_written_whoever_has_compiled_it():
    """Compiled code need not call hooks that came later, and to compile it anew for every hook would take minutes."""
    compilations = []

    def backend(graph, inputs):
        compilations.append(1)
        return graph.forward

    module, x = nn.Linear(2, 2), torch.ones(1, 2)
    compiled, seen = torch.compile(module, backend=backend), []
    with torch.no_grad():
        expected = compiled(x)
        assert compilations == [1]
        hook = module.register_forward_hook(lambda *_: seen.append(1))
        assert torch.equal(uncompiled(compiled, x), expected)
        hook.remove()
    torch._dynamo.reset()
    assert compilations == [1] and seen == [1]
