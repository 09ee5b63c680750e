"""When in a run guidance acts: one window and one "every so many steps" for every technique.

Noise levels fall from step to step. A share p of the sampling is the level that the host gives for it
(`percent_to_sigma`): 0 lies above all levels, 1 at the end of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

ROUNDING = 1e-5  # a level may have been rounded, in half precision: so near to another it is the same
USUAL = 20  # steps of a run that computes as often as it is told
ENOUGH = 14  # as often as a run of so many steps is often enough for a longer one (`stretched`)


class Window(NamedTuple):
    """The predictions from `start_percent` up to, not including, `end_percent`: sigma_start >= sigma > sigma_end.

    The start belongs to it, the end does not. So windows that follow one another share no step and leave none out (what
    Fair Inference watches to find the people, and what it steers), 0 to 1 holds every step, and one that ends where it
    starts holds none. Our decision, as guiders of diffusers have it.
    """

    start: float  # noise levels: start > end
    end: float

    @classmethod
    def of(cls, sampling: Any, start_percent: float, end_percent: float) -> "Window":
        """sampling: the host's model_sampling, which knows the noise level of each share."""
        return cls(*(float(sampling.percent_to_sigma(percent)) for percent in (start_percent, end_percent)))

    def holds(self, sigma: float) -> bool:
        """Whether a prediction at this noise level belongs to it. A level that equals an end but for rounding is that end."""
        return self.has_begun(sigma) and not self.is_over(sigma)

    def has_begun(self, sigma: float) -> bool:
        """Whether a prediction at this noise level lies in it or after it."""
        return sigma <= self.start * (1 + ROUNDING)

    def is_over(self, sigma: float) -> bool:
        """Whether a prediction at this noise level lies after it."""
        return sigma <= self.end * (1 + ROUNDING)


@dataclass
class Every:
    """What is computed at one step lasts for the steps after it, `steps` together.

    Within its own step it is computed anew, since a sampler that asks twice there asks about two pictures; so it is when
    the loop has gone back.
    """

    steps: int
    taken: int | None = None  # the step it was last computed at

    def lasts(self, step: int) -> bool:
        """Whether what was computed last is to be used once more at this step."""
        return self.taken is not None and self.taken < step < self.taken + self.steps


def stretched(every: int, steps: int) -> int:
    """For how many steps of a run of `steps` is to last what is to last `every`: of a run of more than USUAL, for the share of
    the way that it is of ENOUGH. One: "at every step" is meant. Our decision.

    The way from noise to picture is the same in however many steps a sampler goes it; what changes slowly along it need
    not be asked for more often because the steps are finer. Measured on the emoji world, 50 steps, every second of 20 or of 14,
    352 people given a skin tone: 277 and 275 are read as it, Bias-W .114 and .120, gone 2 and 3.
    """
    return every if every == 1 or steps <= USUAL else every * steps // ENOUGH


def step_of(sigma: float, schedule: Tensor | None, otherwise: int) -> int:
    """The step of the schedule (noise levels, falling) that a prediction at this level lies in; `otherwise` without one.

    A level between two of the schedule, as second-order samplers visit, belongs to the step before it; one above all of
    them to the first. Rounding in half precision does not make it another step.
    """
    if not torch.is_tensor(schedule):
        return otherwise
    return max(0, int((schedule >= sigma * (1 - ROUNDING)).sum()) - 1)


def check_window(start: float, end: float, node: str) -> None:
    """ValueError for a window that holds no step, whatever is sampled."""
    if end <= start:
        raise ValueError(f"{node}: end_percent {end:g} must lie after start_percent {start:g}")


def no_step_in_window(sampling: Any, sigmas: Sequence[float], start: float, end: float) -> str:
    """Of a schedule (noise levels, falling, the last one is not predicted at): no prediction between start and end."""
    at = [f"{percent_of(sampling, sigma):.0%}" for sigma in sigmas]
    listed = ", ".join(at if len(at) <= 6 else [*at[:3], "...", *at[-2:]])
    steps = (
        f"the {len(at)} steps of this sampling begin at {listed}"
        if len(at) > 1
        else f"its only step begins at {listed}"
    )
    return (
        f"no step lies between start_percent {start:g} and end_percent {end:g}: {steps} of the noise schedule. Widen the "
        "window, or sample with more steps"
    )


def percent_of(sampling: Any, sigma: float) -> float:
    """The share of the host's noise schedule at which a noise level lies: percent_to_sigma, turned round by halving."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if sampling.percent_to_sigma(middle) > sigma else (low, middle)
    return (low + high) / 2
