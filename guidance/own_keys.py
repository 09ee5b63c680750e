"""Keys of a text that the sampler was not given, projected as those of the prompt that it was given.

Patches of a cross-attention's inputs may change what a token is: NegPip's texts have two for each, one for the keys and
one for the values, which its patch takes apart; hypernetworks project them first. So such a text goes through them too.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ..attention.trace import Block
from .autograd.inference_weights import ordinary


def keys_as_the_prompt_s(
    known: dict[Block, Tensor], block: Block, module: nn.Module, context: Tensor, q: Tensor, options: Mapping
) -> Tensor:
    """The keys [R,L',C] of a text [1,L,d] for the queries q [R,N,C] of a block, which was called with these options.

    known: keys of earlier calls, which last where nobody patches them. Other than R rows: a patch has changed the batch.
    """
    attention: Any = module.attn2
    patches = options.get("patches", {}).get("attn2_patch") or ()
    if not patches and block in known:
        return known[block].expand(q.shape[0], -1, -1)
    text = ordinary(context).to(device=q.device, dtype=q.dtype)
    if not patches:
        known[block] = attention.to_k.forward(text)  # .forward: our own hooks must not see it
        return known[block].expand(q.shape[0], -1, -1)
    given = {name: value for name, value in options.items() if name not in ("patches", "patches_replace")}
    given |= {"n_heads": module.n_heads, "dim_head": module.d_head, "attn_precision": attention.attn_precision}
    queries = q.detach()  # of the shape of what the patches are given; only what becomes of the text counts
    keys = values = text.expand(q.shape[0], -1, -1)
    for patch in patches:
        queries, keys, values = patch(queries, keys, values, given)
    return attention.to_k.forward(keys)
