"""Blended preservation: the unedited trajectory of the same seed is sampled first and laid under the edited one.

The sampler runs its loop twice, inside one sampling: first unedited, with each prediction kept; then edited. Up to the
end of warm-up the second loop is given the kept predictions and no U-Net runs: the two are one trajectory there.
After it, outside the people, every prediction is the kept one, and so is the latent the U-Net sees. Not two halves of
one batch: noise that a sampler draws on its way depends on the batch's shape, so neither half would be the picture of
its seed, while here the first loop is the plain run bit for bit, whatever the sampler. The cost is the same number of
U-Net evaluations: the steps after warm-up twice.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from comfy.samplers import CFGGuider
from torch import Tensor

from ...guidance.fair.directions import blend
from ...guidance.frames import over
from ...guidance.random_numbers import same_random_numbers_after
from .run import FairRun

OTHER_STEPS = "this sampler chose other steps for the edited picture; there it was blended at the end only"
OTHER_NOISE = "this sampler drew other noise the second time; the edited picture is not that of the unedited one"


@dataclass(frozen=True)
class Kept:
    """What the sampler asked and was told, at one call of the unedited loop; kept off the device."""

    sigma: float
    x: Tensor
    denoised: Tensor


class BlendedRun(FairRun):
    def __init__(self, *args):
        super().__init__(*args)
        self.kept: list[Kept] = []
        self.unedited = False
        self.goes_on = False  # from where another sampler has ended, with an unedited latent of its own
        self.calls = 0  # of the edited loop

    def sample(
        self, executor: Callable, guider: CFGGuider, sigmas: Tensor, extra_args: dict, callback, noise: Tensor, *rest
    ):
        if self.kept:  # another node has the whole of it run twice
            super().begin_again()
        self.kept, self.calls, self.guidance.gamma, self.unedited = [], 0, None, True
        self.progress.levels = sigmas[:-1].tolist()
        begins = self._unedited_beginning(guider, *rest)
        with same_random_numbers_after(noise.device):
            # Samplers put functions of their own into extra_args, so the first loop gets a copy.
            plain = executor(guider, sigmas, {**extra_args}, half(callback, 0), noise.clone(), *begins)
        self.unedited = False
        latent = guider.inner_model.process_latent_out(plain.to(torch.float32))
        self.run.plain = latent.detach().to("cpu", torch.float32)
        if self.goes_on or any(self.window.holds(call.sigma) for call in self.kept):
            self.cast.look_for()
        if not self.cast.active:
            return plain
        edited = super().sample(executor, guider, sigmas, extra_args, half(callback, 1), noise, *rest)
        mask = self._people_mask(plain)
        if float(sigmas[-1]) > 0:  # another sampler goes on from here, and blends at the end
            return torch.where(over(mask, plain) > 0, edited, plain)
        return blend(edited, plain, mask)

    def begin_again(self) -> None:
        """The second loop of this run comes back to where the first has begun: its people are the first one's."""

    def predict(self, executor: Callable, x: Tensor, timestep: Tensor, options: dict, seed) -> Tensor:
        sigma = float(timestep.flatten()[0])
        if self.unedited:
            self.progress.asked += 1
            denoised = executor(x, timestep, options, seed)
            self.kept.append(Kept(sigma, x.detach().cpu().clone(), denoised.detach().cpu().clone()))
            return denoised
        kept = self._kept(sigma, x.shape)
        if kept is None:
            return super().predict(executor, x, timestep, options, seed)
        plain_x, plain = kept.x.to(x), kept.denoised.to(x)
        if self.guidance.gamma is None and not self.goes_on and not self.window.holds(sigma):
            if not torch.equal(x, plain_x):
                self.run.note(OTHER_NOISE)
            elif not self._looked_into(options):
                return plain
        mask = self._people_mask(x)
        # Samplers that use more than the denoised prediction (CFG++) move x outside the people a little: undone here.
        x = torch.where(over(mask, x) > 0, x, plain_x)
        return blend(super().predict(executor, x, timestep, options, seed), plain, mask)

    def _unedited_beginning(self, guider: CFGGuider, latent: Tensor, *rest) -> tuple:
        """The sampler's latent and what follows it; the unedited one of the sampling that this one goes on from, if any."""
        part = self.cast.find.part
        self.goes_on = part is not None and part.plain is not None
        if self.goes_on:
            latent = guider.inner_model.process_latent_in(part.plain.to(latent))
        return latent, *rest

    def _kept(self, sigma: float, shape: torch.Size) -> Kept | None:
        """The unedited loop's call of the same number, if it was made at the same noise level."""
        call = self.kept[self.calls] if self.calls < len(self.kept) else None
        self.calls += 1
        if call is None or abs(call.sigma - sigma) > 1e-5 * sigma or call.x.shape != shape:
            self.run.note(OTHER_STEPS)
            return None
        return call

    def _looked_into(self, options: dict) -> bool:
        """Whether the sampler itself looks at more of a prediction than it returns (CFG++): it has to be made then."""
        seen_by, own = (o.get("sampler_post_cfg_function", []) for o in (options, self.guider.model_options))
        return len(seen_by) > len(own)

    def _people_mask(self, like: Tensor) -> Tensor:
        """[B,h,w] soft mask of everybody who is to change."""
        return self.soft_masks(like.shape).sum(1).clamp_max(1).to(like)


def half(callback: Callable | None, part: int) -> Callable | None:
    """The sampler's report of progress, as the first or second half of twice as many steps."""
    if callback is None:
        return None
    return lambda step, x0, x, total: callback(part * total + step, x0, x, 2 * total)
