"""The energy's gradient out of the sampler's own prediction, which then needs no second forward.

In the batch that the sampler asks for, the branch's rows go through the model by themselves, with gradients up to the
last block in use, and all other rows as ever; the predictions are put together in the order asked for. Rows computed in
two calls instead of one, and the branch's by PyTorch's attention, differ from the plain prediction by rounding only.

Only what is sure to give the same picture is shared. A patch that may compare rows of a batch (Normalized Attention
Guidance sets the positive's attention against the negative's) or that knows a batch by its shape (step caches) has to
see it whole; patches of the U-Net's blocks, such as FreeU, treat each image alone. Whatever else is not plain is left to
separate_pass.py: several conditionings, areas and masks, another attention kernel, too little memory for all images.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import comfy.ldm.modules.attention as attention
import torch
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ...guidance.batch_rows import has_rows_only, part, transformer_options
from ..sampling.observe import PREDICTS
from .gradient import EnergyGradient, Found, images_at_once, with_backward
from .separate_pass import KEY, OURS

OF_BLOCKS = {"input_block_patch", "input_block_patch_after_skip", "output_block_patch"}
CALLERS = ("context_handler", "model_function_wrapper", "multigpu_clones")  # they ask the model in their own way


class SharedForward:
    """One prediction of the sampler. conds: of the branch. found: what it gave beside; None: nothing was shared."""

    def __init__(self, gradient: EnergyGradient, conds: list[dict], x: Tensor):
        self.gradient, self.x = gradient, x
        self.cond = conds[0] if len(conds) == 1 and not {"area", "mask"} & conds[0].keys() else None
        self.found: Found | None = None
        self.tried = False  # guidances may ask the model again, for other things, within one prediction

    @contextmanager
    def beside(self, options: dict) -> Iterator[None]:
        """While open, the sampler's options for this prediction ask for it.

        These very options are changed, and put back: other packs keep what they remember of the steps before in them.
        """
        if self.cond is None or any(options.get(name) for name in CALLERS):
            yield
            return
        own = {WrappersMP.APPLY_MODEL: self.apply_model, WrappersMP.DIFFUSION_MODEL: self.gradient.forward}
        wrappers = options.setdefault("transformer_options", {}).setdefault("wrappers", {})
        for kind, wrapper in own.items():
            wrappers.setdefault(kind, {}).setdefault(KEY, []).append(wrapper)
        try:
            yield
        finally:
            for kind, wrapper in own.items():
                wrappers[kind][KEY].remove(wrapper)
                if not wrappers[kind][KEY]:
                    del wrappers[kind][KEY]

    def apply_model(self, executor, *args, **kwargs) -> Tensor:
        """The model's prediction of all rows of args[0] [R,C,h,w]; with it `found`, if the branch is among them."""
        options = transformer_options(args, kwargs) or {}
        uuids = options.get("uuids", [])
        if self.tried or self.cond["uuid"] not in uuids:
            return executor(*args, **kwargs)
        self.tried = True
        images, place = self.x.shape[0], uuids.index(self.cond["uuid"])
        rows = range(place * images, (place + 1) * images)
        if not (self._is_asked_here(args[0], uuids, rows) and self._may_be_split(executor, args, kwargs, options)):
            return executor(*args, **kwargs)
        others = [row for row in range(args[0].shape[0]) if row not in rows]
        predictions = []
        if others:
            own, named = part(args, kwargs, others, images)
            predictions = list(executor(*own, **named).split(images))
        with torch.inference_mode(False), torch.no_grad():
            args, kwargs = [tracked(a) for a in args], {name: tracked(a) for name, a in kwargs.items()}
            prediction, self.found = self.gradient.of_rows(executor, args, kwargs, rows, images, stop=False)
        predictions.insert(place, prediction)
        return torch.cat(predictions)

    def _is_asked_here(self, x: Tensor, uuids: list, rows: range) -> bool:
        """Whether this is the sampler's question: each conditioning once, and the branch at the latent to correct."""
        once = len(set(uuids)) == len(uuids) and x.shape[0] == len(uuids) * len(rows)
        return once and torch.equal(x[rows.start : rows.stop], self.x)

    def _may_be_split(self, executor, args: tuple, kwargs: dict, options: dict) -> bool:
        x = args[0]
        wrappers = options.get("wrappers", {}).get(WrappersMP.DIFFUSION_MODEL, {})
        patched = {name for name, patches in options.get("patches", {}).items() if patches} - OF_BLOCKS
        return (
            not torch.is_grad_enabled()  # another guidance's gradient goes through this call
            and not any(listed and not str(key).startswith(OURS) for key, listed in wrappers.items())
            and not patched
            and not any(options.get("patches_replace", {}).values())
            and options.get("optimized_attention_override") is None
            and attention.optimized_attention is not attention.attention_sage  # of low precision, for all rows or none
            and has_rows_only([*args, kwargs], x.shape[0])
            and images_at_once(executor.class_obj, x) >= self.x.shape[0]
        )


def tracked(value):
    """The host's options as the branch's rows need them; everything else as it is."""
    if not isinstance(value, dict) or "uuids" not in value:
        return value
    return {**value, "optimized_attention_override": with_backward(None), PREDICTS: True}
