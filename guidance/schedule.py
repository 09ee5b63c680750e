"""Where in a run guidance acts: the step a prediction lies in, and the window of the noise schedule."""

from collections.abc import Sequence

import torch
from torch import Tensor


def step_of(sigma: float, schedule: Tensor | None, otherwise: int) -> int:
    """The step of the schedule (noise levels, falling) that a prediction at this level lies in; `otherwise` without one.

    A level between two of the schedule, as second-order samplers visit, belongs to the step before it; one above all of
    them to the first. Rounding in half precision does not make it another step.
    """
    if not torch.is_tensor(schedule):
        return otherwise
    return max(0, int((schedule >= sigma * (1 - 1e-5)).sum()) - 1)


def in_window(progress: float, start: float, end: float) -> bool:
    """Whether a step at `progress` lies in the window [start, end), in parts of the run, 0 ... 1.

    progress: step / steps, so 0 for the first step and below 1 for the last; a window that ends at 1 holds the last
    step, and one whose start and end are equal holds none. A warm-up of 10 of 50 steps is start = 0.2.
    Raises ValueError for a window outside 0 ... 1 or one that ends before it starts.
    """
    if not 0 <= start <= 1 or not 0 <= end <= 1:
        raise ValueError(f"window {start:g} ... {end:g} is out of range: start and end lie between 0 and 1")
    if end < start:
        raise ValueError(f"window {start:g} ... {end:g} ends before it starts: give an end of {start:g} or more")
    return start <= progress < end


def check_window(start: float, end: float, node: str) -> None:
    if end <= start:
        raise ValueError(f"{node}: end_percent {end:g} must lie after start_percent {start:g}")


def no_step_in_window(sampling, sigmas: Sequence[float], start: float, end: float) -> str:
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


def percent_of(sampling, sigma: float) -> float:
    """The share of the host's noise schedule at which a noise level lies: percent_to_sigma, turned round by halving."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if sampling.percent_to_sigma(middle) > sigma else (low, middle)
    return (low + high) / 2
