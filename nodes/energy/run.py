"""One sampling run under energy guidance: the window, the correction after CFG, and a record of both."""

from collections.abc import Callable
from typing import NamedTuple

from comfy.samplers import CFGGuider
from torch import Tensor

from ...guidance.energy.energy import energy_correction, held_gradient
from ...guidance.energy.outcomes import BROKEN, GUIDED, MEASURED, outcomes
from ...guidance.energy.plan import EnergyPlan
from ...guidance.run_record import EnergyStep, SampledRun
from ...guidance.schedule import Every, Window, no_step_in_window, step_of
from ..sampling.conditionings import conditionings
from ..sampling.session import Session
from .separate_pass import EnergyPass
from .shared_pass import SharedForward


class Taken(NamedTuple):
    """dE/dx [B,C,h,w], and at which noise level: a later step may use it again."""

    gradient: Tensor
    sigma: Tensor


class EnergyRun(Session):
    def __init__(self, plan: EnergyPlan, guider: CFGGuider, run: SampledRun):
        sampling = guider.model_patcher.get_model_object("model_sampling")
        super().__init__(run)
        self.window = Window.of(sampling, plan.start_percent, plan.end_percent)
        self.every = Every(plan.every)
        self.plan, self.apart = plan, EnergyPass(plan.terms)
        self.taken: Taken | None = None
        self.sampling = sampling
        self.levels: list[float] = []  # at which the model was asked
        run.pairs, run.settings = plan.labels, plan.settings

    def predict(self, executor: Callable, x: Tensor, timestep: Tensor, options: dict, seed) -> Tensor:
        """denoised - lambda sigma^2 dE/dx: the guider's prediction, after CFG and all post-CFG functions, corrected.

        Where the gradient comes out of that prediction, denoised is the plain one up to rounding.
        """
        sigma = float(timestep.flatten()[0])
        self.levels.append(sigma)
        if not self.window.holds(sigma):
            return executor(x, timestep, options, seed)
        step = step_of(sigma, options.get("transformer_options", {}).get("sample_sigmas"), -1)
        found = None
        if not self.plan.strength:
            return self._measured(executor, x, timestep, options, seed, step)
        if self._lasts(step, x):
            denoised = executor(x, timestep, options, seed)
            gradient = held_gradient(self.taken.gradient, self.taken.sigma, timestep)
        else:
            guider = executor.class_obj
            conds = conditionings(guider, self.plan.branch)
            shared = SharedForward(self.apart.gradient, conds, x)
            with shared.beside(options):
                denoised = executor(x, timestep, options, seed)
            gradient, found = shared.found or self.apart(guider.inner_model, conds, x, timestep, options)
            if found is None:
                self.run.note(f"{self.apart.why}; those steps were not guided")
                return denoised
            self.taken, self.every.taken = Taken(gradient, timestep), step
        correction, used = energy_correction(gradient, timestep, self.plan.strength, self.plan.rule)
        outcome = outcomes(gradient, used)
        if found is not None:
            self.run.energy.append(EnergyStep(step, found.overlap.cpu(), found.chance.cpu(), outcome))
        if BROKEN in outcome:
            self.run.note("a gradient was not finite; that image was not guided at that step (Fair Report counts them)")
        return denoised + correction.to(denoised) if GUIDED in outcome else denoised

    def _measured(self, executor: Callable, x: Tensor, timestep: Tensor, options: dict, seed, step: int) -> Tensor:
        """The plain prediction, bit for bit, and the overlap at the steps at which a run that is guided would measure it."""
        denoised = executor(x, timestep, options, seed)
        if not self.every.lasts(step):
            guider = executor.class_obj
            _, found = self.apart(guider.inner_model, conditionings(guider, self.plan.branch), x, timestep, options)
            self.every.taken = step
            if found is None:
                self.run.note(f"{self.apart.why}; those steps were not measured")
            else:
                outcome = (MEASURED,) * x.shape[0]
                self.run.energy.append(EnergyStep(step, found.overlap.cpu(), found.chance.cpu(), outcome))
        return denoised

    def finish(self, result: Tensor) -> None:
        super().finish(result)
        if not self.run.energy and not self.run.notes:
            self.run.why_plain = no_step_in_window(
                self.sampling, self.levels, self.plan.start_percent, self.plan.end_percent
            )

    def _lasts(self, step: int, x: Tensor) -> bool:
        """Whether the gradient taken last is used once more."""
        return self.taken is not None and self.taken.gradient.shape == x.shape and self.every.lasts(step)
