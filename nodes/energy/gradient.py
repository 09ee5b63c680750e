"""The gradient of an energy of attribution maps with respect to the latent, taken on the way through the U-Net.

As soon as the last block in use has asked its queries, the energy is differentiated and the graph let go; nothing after
that block is tracked. So a forward may be ended there (separate_pass.py), or go on to its prediction (shared_pass.py),
and needs the same memory either way.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy.model_management import get_free_memory
from torch import Tensor, nn

from ...attention.capture import selection, word_maps
from ...attention.maps import resize, sum_size
from ...attention.trace import Block, cross_attention_blocks, trace, uncompiled
from ...guidance.autograd.copy_on_write import MESSAGE, may_be_written
from ...guidance.autograd.inference_weights import INFERENCE, OrdinaryTensors, differentiable
from ...guidance.autograd.offloaded_weights import handed_bytes, own_copies
from ...guidance.batch_rows import part
from ...guidance.energy.energy import Energy, energy
from ...guidance.energy.plan import EnergyTerms
from ...guidance.own_keys import keys_as_the_prompt_s

LOSS_SCALE = 1024.0  # half precision would round the gradient of a mean over 4096 pixels to zero; exact, a power of two
# What is done from now on where autograd has refused something that other code does inside the forward; none is free.
REMEDIES: dict[str, Callable[[], AbstractContextManager]] = {MESSAGE: may_be_written, INFERENCE: OrdinaryTensors}
KEPT = 400  # activations of the first block's size that a pass holds per image; SD 1.x keeps 295 for its backward


class Found(NamedTuple):
    """dE/dx [R,C,h,w] of some rows, and their energy."""

    gradient: Tensor
    energy: Energy


class EnergyGradient:
    """One run's gradients. Keys of the attribution prompt do not depend on the step and are projected once."""

    def __init__(self, terms: EnergyTerms):
        self.terms = terms
        self.keys: dict[Block, Tensor] = {}
        self.columns: Tensor | None = None
        self.needed: list[Callable[[], AbstractContextManager]] = []  # of REMEDIES
        self.stop = True  # end the forward after the last block in use
        self.x: Tensor | None = None  # of the forward that is running, a leaf; None: nothing is to be taken
        self.found: Found | None = None

    def of_rows(
        self, executor, args: tuple, kwargs: dict, rows: range, images: int, stop: bool
    ) -> tuple[Tensor | None, Found | None]:
        """One forward of these rows of x = args[0], all of one conditioning: the prediction (None with stop), and dE/dx.

        executor: the rest of the host's apply_model, in which `forward` is a wrapper of the U-Net. No Found: the forward
        was skipped by another patch, or ran without gradients.
        """
        self.stop = stop
        # Not the caller's: another pack may have put a forward of its own under inference mode.
        with torch.inference_mode(False), torch.no_grad():
            own, named = part(args, kwargs, rows, images)
            try:
                with ExitStack() as open_while:
                    for remedy in self.needed:
                        open_while.enter_context(remedy())
                    return self._run(executor, own, named)
            except RuntimeError as error:
                missing = [remedy for message, remedy in REMEDIES.items() if message in str(error)]
                if not missing or missing[0] in self.needed:
                    raise
        self.needed += missing  # out here, because the error holds all that the first attempt has kept
        return self.of_rows(executor, args, kwargs, rows, images, stop)

    def _run(self, executor, args: list, kwargs: dict) -> tuple[Tensor | None, Found | None]:
        unet = executor.class_obj.diffusion_model
        with torch.enable_grad(), differentiable(unet), own_copies(unet, args[0].device):
            self.x = args[0].detach().clone().requires_grad_()
            try:
                prediction = executor(self.x, *args[1:], **kwargs).detach()
            finally:
                found, self.found, self.x = self.found, None, None
        return None if self.stop else prediction, found

    def forward(self, executor, *args, **kwargs):
        """The U-Net's forward, its queries taken on the way."""
        if self.x is None or not args[0].requires_grad:  # another pack's own forward inside this one, of something else
            return executor(*args, **kwargs)
        unet = executor.class_obj
        last = [block for block, _ in cross_attention_blocks(unet) if block in self.terms.blocks][-1]
        maps: list[Tensor] = []  # [R,words,h,w] for each block, with gradient

        def take(block: Block, module: nn.Module, q: Tensor, _: Tensor, options: Mapping) -> None:
            if q.shape[0] == args[0].shape[0]:  # otherwise another patch changed the attention batch
                keys = self._keys(block, module, q, options)
                if len(keys) != q.shape[0]:
                    return
                columns = self._columns(keys.shape[1], q.device)
                found = word_maps(q, keys, module.n_heads, columns) * module.n_heads
                grid = tuple(options["activations_shape"][-2:])
                maps.append(resize(found.unflatten(-1, grid), sum_size(tuple(args[0].shape[-2:]))))
            if block == last:
                self.found = self._differentiate(maps)
                maps.clear()
                torch.set_grad_enabled(False)  # for the rest of this forward; `_run` leaves it as it was

        out = args[0].new_zeros(args[0].shape[0], unet.out_channels, *args[0].shape[2:])  # of a forward that was ended
        with trace(unet, self.terms.blocks, take, last if self.stop else None):
            out = uncompiled(executor, *args, **kwargs)
        return out

    def _differentiate(self, maps: list[Tensor]) -> Found | None:
        """Images are independent, so that the gradient of their summed energies holds each image's own."""
        if not maps or not maps[-1].requires_grad:
            return None
        attribution = torch.stack(maps).sum(0)
        pairs = [(attribution[:, a], attribution[:, b]) for a, b in self.terms.pairs]
        found = energy(pairs, self.terms.soft_mask, self.terms.stop_at_chance)
        (gradient,) = torch.autograd.grad(found.total.sum() * LOSS_SCALE, self.x)
        return Found(gradient / LOSS_SCALE, Energy(found.total.detach(), found.overlap, found.chance))

    def _columns(self, length: int, device: torch.device) -> Tensor:
        if self.columns is None or self.columns.shape[0] != length or self.columns.device != device:
            own = min(self.terms.context.shape[1], length)  # a patch may have halved, or repeated, the tokens
            self.columns = selection(self.terms.words, own, length).to(device)
        return self.columns

    def _keys(self, block: Block, module: nn.Module, q: Tensor, options) -> Tensor:
        with torch.no_grad():
            return keys_as_the_prompt_s(self.keys, block, module, self.terms.context, q, options)


def with_backward(theirs: Callable | None) -> Callable:
    """What is set as `optimized_attention_override`, here such that gradients come through.

    PyTorch's own attention needs no [N,N] matrix for its backward, and other kernels may have no backward at all: it
    takes the place of the host's, and of theirs where their output has lost the gradient.
    """

    def override(_: Callable, *args, **kwargs) -> Tensor:
        if theirs is not None:
            out = theirs(attention_pytorch, *args, **kwargs)
            if out.requires_grad or not any(torch.is_tensor(a) and a.requires_grad for a in args):
                return out
        return attention_pytorch(*args, **kwargs)

    return override


def images_at_once(model, x: Tensor) -> int:
    """How many images' activations fit into the memory that is free, by a rough upper bound; at least 1.

    model: the host's BaseModel, which computes in its own precision or, where that one is only kept in, in another.
    """
    unet, precision = model.diffusion_model, model.manual_cast_dtype or model.get_dtype()
    per_image = KEPT * precision.itemsize * getattr(unet, "model_channels", 320) * x.shape[-2] * x.shape[-1]
    return max(1, int((get_free_memory(x.device) - handed_bytes(unet, x.device)) // per_image))
