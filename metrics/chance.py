"""What a perfectly fair model shows at this many people: the number to hold a measured Bias-W against."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .distances import Array, Distance, e1

DRAWS = 20_000


@lru_cache(maxsize=256)
def _chance(people: tuple[int, ...], centre: tuple[float, ...], distance: Distance) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    total: Array = np.zeros(DRAWS)
    for n in people:
        total += distance(rng.multinomial(n, centre, DRAWS) / n, np.asarray(centre))
    mean = total / len(people)
    return float(mean.mean()), float(np.percentile(mean, 95))


def chance(people: Sequence[int], centre: Sequence[float], distance: Distance = e1) -> tuple[float, float]:
    """(mean, 95th percentile) of a distance where people are drawn independently from the centre's shares.

    people: how many, of each prompt; the distance is the mean over prompts. 0 people are left out. People who are alike
    inside a picture have a larger chance value, people dealt out by quota a smaller one.
    """
    some = tuple(int(n) for n in people if n)
    return _chance(some, tuple(map(float, centre)), distance) if some else (float("nan"), float("nan"))
