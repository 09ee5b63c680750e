"""One sampling run of Fair Diffusion: each picture as a whole is moved towards the attribute it was dealt, by SEGA.

A FairRun whose one person is the picture: prompts, quota, second passes and the report are those of Fair Inference. What
differs is the guidance, and that it begins with the first step: momentum gathers in warm-up too.
"""

from comfy.samplers import CFGGuider
from torch import Tensor

from ...guidance.baselines.sega import Sega
from ...guidance.baselines.sega_guide import SegaGuide
from ...guidance.fair.plan import FairPlan
from ...guidance.fair.steering import Key
from ...guidance.fair.whom import Whom
from ...guidance.parametrization import to_denoised
from ...guidance.schedule import step_of
from ..fair.run import FairRun
from ..sampling.conditionings import variant_in_force
from ..sampling.observe import Observer

OWN_NEGATIVE = (0, -1)  # key of an empty prompt, for samplers that have no negative


class FairDiffusionRun(FairRun):
    def __init__(self, sega: Sega, plan: FairPlan, find: Whom, noise_seed: int, guider: CFGGuider,
                 observer: Observer):  # fmt: skip
        super().__init__(plan, find, noise_seed, guider, observer)
        self.guidance = SegaGuide(sega, len(self.plan.target.attributes), self.sampling)
        self.run.whole = True

    @property
    def given(self) -> list[int]:
        """Which attribute each picture was dealt."""
        return [picture.attribute for (picture,) in self.cast.people]

    def _prompts_at(self, sigma: float, schedule: Tensor | None) -> list[Key]:
        self.progress.asked += 1
        self.guidance.enter(step_of(sigma, schedule, self.progress.asked))
        if self.cast.people is None:
            self.cast.look_for()
            self.cast.active = [(0, k) for k in self.guidance.concepts_for(self.given)]
        if not self.guidance.asks(sigma):
            return []
        if not any(variant_in_force(self.guider.conds[self._name(key)], sigma) for key in self.cast.active):
            self.progress.out_of_range += self.window.holds(sigma)
            return []
        return [*self.cast.active, *([OWN_NEGATIVE] if OWN_NEGATIVE in self.plan.prompts else [])]

    def guide(self, args: dict) -> Tensor:
        """Post-CFG: denoised - sigma gamma, once the concepts are past their warm-up."""
        denoised, sigma, prediction = args["denoised"], args["sigma"], self.prediction
        is_over = not self.guidance.asks(float(sigma.flatten()[0]))
        if not prediction.found and not (is_over and self.guidance.carries_on):
            return denoised  # nothing was asked, or the prompt is not in force
        concepts = {k: d for (_, k), d in prediction.found.items() if k >= 0}
        added = self.guidance.look(concepts, self._unconditional(args), self.given, sigma)
        prediction.found, prediction.base, prediction.negative = {}, None, None
        if added is None:
            return denoised
        self.progress.steered += 1
        self.cast.step()
        return denoised + to_denoised(added, sigma).to(denoised)

    def _unconditional(self, args: dict) -> Tensor:
        """D_u: the sampler's negative; for a sampler without one, that of an empty prompt."""
        found = self.prediction.found.get(OWN_NEGATIVE, self.prediction.negative)
        return args["uncond_denoised"] if found is None else found
