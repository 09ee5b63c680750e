"""Which image of its seed each image of a batch is, so that an image alone is dealt what it is dealt in the batch; which step
of the schedule a prediction belongs to."""

import torch
from torch import Tensor

FURTHEST = 64  # images tried before the noise counts as somebody else's


def image_numbers(noise: Tensor, seed: int) -> tuple[int, ...]:
    """The number of each image's noise [B,C,h,w] among those that the host draws one after the other from `seed`.

    A plain batch is 0, 1, 2, ...; Latent From Batch takes some of them, with the noise they had there. Noise of another
    make is numbered by its place in the batch.
    """
    places = tuple(range(len(noise)))
    noise, generator = noise.detach().cpu().float(), torch.Generator().manual_seed(seed)
    if torch.equal(torch.randn(noise.shape, generator=generator), noise):
        return places
    generator.manual_seed(seed)
    numbers: dict[int, int] = {}
    for number in range(FURTHEST):
        drawn = torch.randn(noise.shape[1:], generator=generator)
        numbers |= {i: number for i in places if i not in numbers and torch.equal(noise[i], drawn)}
        if len(numbers) == len(places):
            return tuple(numbers[i] for i in places)
    return places


def step_of(sigma: float, schedule: Tensor | None, otherwise: int) -> int:
    """The step of the schedule (noise levels, falling) that a prediction at this level lies in; `otherwise` without one.

    A level between two of the schedule, as second-order samplers visit, belongs to the step before it; one above all of
    them to the first. Rounding in half precision does not make it another step.
    """
    if not torch.is_tensor(schedule):
        return otherwise
    return max(0, int((schedule >= sigma * (1 - 1e-5)).sum()) - 1)
