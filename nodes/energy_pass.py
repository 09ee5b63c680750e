"""The gradient of an energy of attribution maps with respect to the latent, taken inside the host's sampling.

One forward of the chosen branch, stopped after the last block in use, through the host's own batching of
conditionings; then one backward. What the model would have predicted is replaced by the gradient, so that the host
blends the gradients of several conditionings, and of areas and masks, exactly as it blends their predictions.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import comfy.samplers
import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy.model_management import get_free_memory
from comfy.model_patcher import create_model_options_clone
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from torch import Tensor, nn

from ..attention.capture import WordQuery, selection, word_maps
from ..attention.maps import resize, sum_size
from ..attention.trace import Block, Stop, cross_attention_blocks, trace
from ..guidance.differentiable import differentiable, ordinary
from ..guidance.energy import Energy, energy
from ..guidance.written import MESSAGE, may_be_written
from .energy_rows import cut, slices
from .observe import transformer_options

KEY = "fair_attention.energy_pass"
LOSS_SCALE = 1024.0  # half precision would round the gradient of a mean over 4096 pixels to zero; exact, a power of two
KEPT = 400  # activations of the first block's size that a pass holds per image; SD 1.x keeps 295 for its backward


@dataclass(frozen=True)
class EnergyTerms:
    """What E is made of. pairs: columns of `words`, which are tokens of `context` [1,L',d], the attribution prompt."""

    words: tuple[WordQuery, ...]
    pairs: tuple[tuple[int, int], ...]
    context: Tensor
    blocks: frozenset[Block]
    soft_mask: Callable[[Tensor], Tensor]
    stop_at_chance: bool


class EnergyPass:
    """One run's passes. Keys of the attribution prompt do not depend on the step and are projected once."""

    def __init__(self, terms: EnergyTerms):
        self.terms = terms
        self.keys: dict[Block, Tensor] = {}
        self.written = False  # somebody writes into features that the backward pass needs
        self.maps: list[Tensor] = []  # of the forward that is running: [R,words,h,w] for each block, with gradient

    def __call__(
        self, model, conds: list[dict], x: Tensor, sigma: Tensor, options: dict
    ) -> tuple[Tensor, Energy | None]:
        """dE/dx [B,C,h,w] at the noised latent x, and E. sigma [B]. None: no forward came through.

        model: the host's BaseModel. conds: processed conditionings of one branch; E is the mean over them.
        """
        measured: list[tuple[slice, Energy]] = []
        options = create_model_options_clone(options)
        options.pop("multigpu_clones", None)  # whose threads run without gradients
        inner = options.setdefault("transformer_options", {})
        # The pass is no prediction: whoever watches or caches predictions must not see it.
        inner.get("wrappers", {}).pop(WrappersMP.CALC_COND_BATCH, None)
        inner["optimized_attention_override"] = with_backward(inner.get("optimized_attention_override"))

        def apply_model(executor, *args, **kwargs):
            return self._apply_model(executor, args, kwargs, x.shape[0], measured)

        add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, KEY, self._forward, options, is_model_options=True)
        add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, apply_model, options, is_model_options=True)
        with torch.inference_mode(False), torch.no_grad():  # a ControlNet, say, needs no gradient: see _differentiate
            (gradient,) = comfy.samplers.calc_cond_batch(model, [conds], ordinary(x), ordinary(sigma), options)
        return gradient, mean_energy(measured, x.shape[0]) if measured else None

    def _apply_model(self, executor, args: tuple, kwargs: dict, images: int, measured: list) -> Tensor:
        """In place of the prediction of x = args[0] [R,C,h,w], R rows of `images` each: dE/dx."""
        x = args[0]
        gradient = torch.zeros_like(x)
        for rows in slices(x.shape[0], images, images_at_once(executor.class_obj.diffusion_model, x)):
            gradient[rows], found = self._of_rows(executor, args, kwargs, rows, images)
            if found is not None:
                measured.append((slice(rows.start % images, (rows.stop - 1) % images + 1), found))
        return gradient

    def _of_rows(self, executor, args: tuple, kwargs: dict, rows: slice, images: int) -> tuple[Tensor, Energy | None]:
        x, *own = (cut(a, rows, args[0].shape[0], images) for a in args)
        named = {name: cut(a, rows, args[0].shape[0], images) for name, a in kwargs.items()}
        try:
            with may_be_written() if self.written else nullcontext():
                return self._differentiate(executor, x, own, named)
        except RuntimeError as error:
            if self.written or MESSAGE not in str(error):
                raise
        # From now on, as copying is not free. Out here, because the error holds all that the first attempt has kept.
        self.written = True
        return self._of_rows(executor, args, kwargs, rows, images)

    def _differentiate(self, executor, x: Tensor, args: list, kwargs: dict) -> tuple[Tensor, Energy | None]:
        """Images are independent, so that the gradient of their summed energies holds each image's own."""
        with torch.enable_grad(), differentiable(executor.class_obj.diffusion_model):
            x = x.detach().clone().requires_grad_()
            maps = self._maps(executor, x, args, kwargs)
            if not maps or not maps[-1].requires_grad:  # another patch skipped the forward, or runs without gradients
                return torch.zeros_like(x), None
            attribution = torch.stack(maps).sum(0)
            pairs = [(attribution[:, a], attribution[:, b]) for a, b in self.terms.pairs]
            found = energy(pairs, self.terms.soft_mask, self.terms.stop_at_chance)
            (gradient,) = torch.autograd.grad(found.total.sum() * LOSS_SCALE, x)
        return gradient / LOSS_SCALE, Energy(found.total.detach(), found.overlap, found.chance)

    def _maps(self, executor, x: Tensor, args: list, kwargs: dict) -> list[Tensor]:
        self.maps = []
        try:
            executor(x, *args, **kwargs)
        except Stop:
            pass
        finally:  # nothing may hold on to the graph, also after an error
            maps, self.maps = self.maps, []
        return maps

    def _forward(self, executor, *args, **kwargs):
        """The U-Net's forward, its queries taken on the way and ended after the last block wanted."""
        unet, options = executor.class_obj, transformer_options(args, kwargs)
        last = [block for block, _ in cross_attention_blocks(unet) if block in self.terms.blocks][-1]

        def take(block: Block, module: nn.Module, q: Tensor, _: Tensor) -> None:
            if q.shape[0] != args[0].shape[0]:
                return  # another patch changed the attention batch
            keys = self._keys(block, module, q).expand(q.shape[0], -1, -1)
            columns = selection(self.terms.words, keys.shape[1], keys.shape[1])
            maps = word_maps(q, keys, module.n_heads, columns) * module.n_heads
            grid = tuple(options["activations_shape"][-2:])
            self.maps.append(resize(maps.unflatten(-1, grid), sum_size(tuple(args[0].shape[-2:]))))

        with trace(unet, self.terms.blocks, take, last):
            return executor(*args, **kwargs)

    def _keys(self, block: Block, module: nn.Module, q: Tensor) -> Tensor:
        if block not in self.keys:
            with torch.no_grad():
                context = ordinary(self.terms.context).to(device=q.device, dtype=q.dtype)
                self.keys[block] = module.attn2.to_k.forward(context)  # .forward: our own hooks must not see it
        return self.keys[block]


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


def images_at_once(unet: nn.Module, x: Tensor) -> int:
    """How many images' activations fit into the memory that is free, by a rough upper bound in float32; at least 1."""
    per_image = KEPT * 4 * getattr(unet, "model_channels", 320) * x.shape[-2] * x.shape[-1]
    return max(1, int(get_free_memory(x.device) // per_image))


def mean_energy(measured: list[tuple[slice, Energy]], images: int) -> Energy:
    """Each image's energy, as the mean over its conditionings."""
    first = measured[0][1]
    total = first.total.new_zeros(images)
    overlap, chance = (first.overlap.new_zeros(len(first.overlap), images) for _ in range(2))
    counts = torch.zeros_like(total)
    for rows, found in measured:
        counts[rows] += 1
        total[rows] += found.total
        overlap[:, rows] += found.overlap
        chance[:, rows] += found.chance
    counts = counts.clamp_min(1)
    return Energy(total / counts, overlap / counts, chance / counts)
