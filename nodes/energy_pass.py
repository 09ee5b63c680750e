"""A forward for the energy's gradient alone, beside the host's sampling: where the sampler's own call cannot carry it.

One forward of the chosen branch, stopped after the last block in use, through the host's own batching of
conditionings; then one backward. What the model would have predicted is replaced by the gradient, so that the host
blends the gradients of several conditionings, and of areas and masks, exactly as it blends their predictions.
"""

import comfy.samplers
import torch
from comfy.model_patcher import create_model_options_clone
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from torch import Tensor

from ..guidance.differentiable import ordinary
from ..guidance.energy import Energy
from .energy_gradient import EnergyGradient, EnergyTerms, images_at_once, with_backward
from .energy_rows import ranges

KEY = "fair_attention.energy_pass"


class EnergyPass:
    """One run's passes."""

    def __init__(self, terms: EnergyTerms):
        self.gradient = EnergyGradient(terms)

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
        # The pass is no prediction: whoever watches or caches predictions, or shares them, must not see it.
        wrappers = inner.setdefault("wrappers", {})
        wrappers.pop(WrappersMP.CALC_COND_BATCH, None)
        for kind in (WrappersMP.APPLY_MODEL, WrappersMP.DIFFUSION_MODEL):
            wrappers.get(kind, {}).pop(KEY, None)
        inner["optimized_attention_override"] = with_backward(inner.get("optimized_attention_override"))

        def apply_model(executor, *args, **kwargs):
            return self._apply_model(executor, args, kwargs, x.shape[0], measured)

        add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, KEY, self.gradient.forward, options, is_model_options=True)
        add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, apply_model, options, is_model_options=True)
        with torch.inference_mode(False), torch.no_grad():  # a ControlNet, say, needs no gradient: see EnergyGradient
            (gradient,) = comfy.samplers.calc_cond_batch(model, [conds], ordinary(x), ordinary(sigma), options)
        return gradient, mean_energy(measured, x.shape[0]) if measured else None

    def _apply_model(self, executor, args: tuple, kwargs: dict, images: int, measured: list) -> Tensor:
        """In place of the prediction of x = args[0] [R,C,h,w], R rows of `images` each: dE/dx."""
        x = args[0]
        gradient = torch.zeros_like(x)
        for rows in ranges(x.shape[0], images, images_at_once(executor.class_obj, x)):
            _, found = self.gradient.of_rows(executor, args, kwargs, rows, images, stop=True)
            if found is not None:
                gradient[rows.start : rows.stop] = found.gradient
                measured.append((slice(rows.start % images, (rows.stop - 1) % images + 1), found.energy))
        return gradient


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
