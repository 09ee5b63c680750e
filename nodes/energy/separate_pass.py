"""A forward for the energy's gradient alone, beside the host's sampling: where the sampler's own call cannot carry it.

One forward of the chosen branch, stopped after the last block in use where nobody minds, through the host's own batching of
conditionings; then one backward. What the model would have predicted is replaced by the gradient, so that the host
blends the gradients of several conditionings, and of areas and masks, exactly as it blends their predictions.
"""

import comfy.samplers
import torch
from comfy.model_patcher import create_model_options_clone
from comfy.patcher_extension import WrappersMP, add_wrapper_with_key
from torch import Tensor, nn

from ...guidance.autograd.inference_weights import ordinary
from ...guidance.batch_index import images_of
from ...guidance.batch_rows import ranges, transformer_options
from ...guidance.energy.energy import Energy
from ...guidance.energy.plan import EnergyTerms
from ...guidance.random_numbers import same_random_numbers_after
from .gradient import EnergyGradient, images_at_once, with_backward

OURS = "fair_attention."  # what the keys of this pack's wrappers begin with
KEY = OURS + "energy_pass"
SKIPPED = "another patch kept the energy from being computed"
TILES = "another patch samples the picture in parts (tiles, say), and the energy is one of the whole picture"


class EnergyPass:
    """One run's passes."""

    def __init__(self, terms: EnergyTerms):
        self.gradient = EnergyGradient(terms)
        self.why = SKIPPED  # no forward came through, if none did

    def __call__(
        self, model, conds: list[dict], x: Tensor, sigma: Tensor, options: dict
    ) -> tuple[Tensor, Energy | None]:
        """dE/dx [B,C,h,w] at the noised latent x, and E. sigma [B]. None: no forward came through.

        model: the host's BaseModel. conds: processed conditionings of one branch; E is the mean over them.
        """
        measured: list[tuple[list[int], Energy]] = []
        self.why, whole = SKIPPED, tuple(x.shape[-2:])
        sizes = {tuple(cond["area"][:2]) if cond.get("area") else whole for cond in conds}
        stop = may_be_ended(options, model.diffusion_model)
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
            given = transformer_options(args, kwargs) or {}
            rows = args[0].shape[0] // max(1, len(given.get("uuids", ())))
            numbers = images_of(given, rows, x.shape[0])
            if tuple(args[0].shape[-2:]) not in sizes or numbers is None:
                self.why = TILES
                return torch.zeros_like(args[0])
            return self._apply_model(executor, args, kwargs, numbers, measured, stop)

        add_wrapper_with_key(WrappersMP.DIFFUSION_MODEL, KEY, self.gradient.forward, options, is_model_options=True)
        add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, apply_model, options, is_model_options=True)
        # Whoever draws random numbers in a forward is to find those that the sampler's next one would have got.
        # No gradient here, which a ControlNet, say, does not need: see EnergyGradient.
        with torch.inference_mode(False), torch.no_grad(), same_random_numbers_after(x.device):
            (gradient,) = comfy.samplers.calc_cond_batch(model, [conds], ordinary(x), ordinary(sigma), options)
        return gradient, mean_energy(measured, x.shape[0]) if measured else None

    def _apply_model(
        self, executor, args: tuple, kwargs: dict, numbers: list[int], measured: list, stop: bool
    ) -> Tensor:
        """In place of the prediction of x = args[0] [R,C,h,w], a row for each of these images and conditioning: dE/dx."""
        x, images = args[0], len(numbers)
        gradient = torch.zeros_like(x)
        for rows in ranges(x.shape[0], images, images_at_once(executor.class_obj, x)):
            _, found = self.gradient.of_rows(executor, args, kwargs, rows, images, stop)
            if found is not None:
                gradient[rows.start : rows.stop] = found.gradient
                measured.append(([numbers[row % images] for row in rows], found.energy))
        return gradient


def may_be_ended(options: dict, unet: nn.Module) -> bool:
    """Whether a forward may end halfway: nobody else stands around it, who might keep one half of what belongs together.

    Step caches do, which compare the first block's output with that of the step before and then keep the last one's.
    """
    wrappers = options.get("transformer_options", {}).get("wrappers", {})
    listed = [
        pair for kind in (WrappersMP.APPLY_MODEL, WrappersMP.DIFFUSION_MODEL) for pair in wrappers.get(kind, {}).items()
    ]
    others = any(found and not str(key).startswith(OURS) for key, found in listed)
    return not others and not options.get("model_function_wrapper") and not {"forward", "_forward"} & vars(unet).keys()


def mean_energy(measured: list[tuple[list[int], Energy]], images: int) -> Energy:
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
