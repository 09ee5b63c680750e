"""Who gets which attribute: independent draws, a quota per image, a running quota over many images.

LAG asks for a distribution over all generated people (Bias-W) and inside each picture (Bias-P). Independent draws
meet only the first: four people drawn from two equal attributes are on average 0.375 apart in frequency. Quotas meet
both. Published work does not say how it assigns; the quotas are our re-design.

What each promises, with n people in image number i:

    independent draws   depends on (seed, i, n)
    quota per image     depends on (seed, i, n); every image within one person of its quota
    indexed quota       depends on (seed, i, n); equals the running quota while all images hold n people
    running quota       depends on (seed, i, n) and the counters, that is, on the images before it; exact over a run
    running quota per group   the same, counted apart for each group of people that the prompt names

The attributes of a crossed target (gender x skin tone) are values of several axes. `axes` says which: the quotas then
keep each axis on target as well as the combinations.

So "each image of a batch alone as in the batch" holds for the first three. It holds for the running quota only if the
image alone is given the counters that it had in the batch: `running_quota` takes and returns them, nothing is hidden.

Random numbers come from `random.Random.random`, whose sequence Python guarantees for a seed, on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from .quota_cost import Axes, RunningCounts, least_cost

PER_GROUP = "running quota per group"
ASSIGNMENTS = ("running quota", "indexed quota", "quota per image", "independent draws", PER_GROUP)

PHASES = 100  # pictures a run may pretend to have behind it; shares of a lone picture are met to 1 / PHASES


@dataclass(frozen=True)
class Allocation:
    """individuals: the attribute's index for each person, in the order of the masks. counts: people per attribute."""

    individuals: tuple[int, ...]
    counts: tuple[int, ...]


def assign(
    method: str,
    shares: Sequence[float],
    people: int,
    seed: int | str,
    image: int,
    before: RunningCounts | None = None,
    axes: Axes = (),
    others: Sequence[int] | None = None,
) -> tuple[Allocation, RunningCounts]:
    """One image (or, per group, one group of it) by one of ASSIGNMENTS -> its allocation and the counters after it.

    before: the counters after the previous image of the run; None at its start (`first_counts`). Methods other than
    the running quotas do not look at them. axes: of a crossed target. others: how many people of the picture's other
    groups have each attribute already, for the quota per group.
    """
    if before is None:
        before = first_counts(shares, people, seed, axes)
    if method in ("running quota", PER_GROUP):
        allocation = running_quota(shares, people, seed, image, before, axes=axes, others=others)
    elif method == "indexed quota":
        allocation = indexed_quota(shares, people, seed, image, axes)
    elif method == "quota per image":
        allocation = image_quota(shares, people, seed, image, axes)
    elif method == "independent draws":
        allocation = independent(shares, people, seed, image)
    else:
        raise ValueError(f"assignment {method!r} is unknown: choose one of {', '.join(ASSIGNMENTS)}")
    return allocation, before.plus(allocation.counts)


def independent(shares: Sequence[float], people: int, seed: int | str, image: int) -> Allocation:
    """a_j ~ pi for each person by itself.

    shares: pi, one per attribute, sum 1. people: n >= 0. seed: any integer. image: its number in the run, from 0.
    """
    rng = _rng("independent", seed, image, people)
    return _allocation([_draw(shares, rng.random()) for _ in range(people)], len(shares))


def image_quota(shares: Sequence[float], people: int, seed: int | str, image: int, axes: Axes = ()) -> Allocation:
    """c_k = floor(n pi_k), the people left over by randomised remainders; then dealt out in random order.

    The remainders r_k = n pi_k - floor(n pi_k) are laid end to end in random order, and the points u, u + 1, u + 2, ...
    with u ~ U(0, 1) choose (systematic sampling). So E[c_k] = n pi_k exactly and |c_k - n pi_k| < 1 always. The plain
    largest remainder would give a lone person the commonest attribute every time. Of a crossed target the counts are
    those of `running_quota` at the start of a run of this image alone, which keep each axis within one person too.
    """
    rng = _rng("image", seed, image, people)
    if axes:
        return running_quota(
            shares, people, f"{seed}/{image}", image, first_counts(shares, people, f"{seed}/{image}", axes), axes=axes
        )
    quotas = [people * share for share in shares]
    counts = [math.floor(quota + 1e-9) for quota in quotas]  # 1e-9: 3 x (1/3) people are one person
    remainders = [max(0.0, quota - count) for quota, count in zip(quotas, counts, strict=True)]
    order = _shuffled(range(len(shares)), rng)
    point, end = rng.random(), 0.0
    for k in order:
        end += remainders[k]
        if end > point + 1e-9 and sum(counts) < people:
            counts[k] += 1
            point += 1
    if sum(counts) < people:  # the last point fell into the rounding error of the sum
        counts[max(order, key=lambda k: quotas[k] - counts[k])] += 1
    return _deal(counts, rng)


def running_quota(
    shares: Sequence[float],
    people: int,
    seed: int | str,
    image: int,
    before: RunningCounts,
    balance: float = 1.0,
    axes: Axes = (),
    others: Sequence[int] | None = None,
) -> Allocation:
    """The counts c, sum c = n, that minimise, with the counters C and the start s before this image,

        sum_k (s_k + C_k + c_k - pi_k (C_tot + n))^2  +  mu sum_k (o_k + c_k - (o_tot + n) pi_k)^2,     mu = `balance`

    The first term keeps the whole run on target (Bias-W), the second each picture (Bias-P); o are the `others` of the
    picture. The cost is a sum of convex functions of one count each, so adding people one by one where the cost grows
    least is exact. Of a crossed target both terms are added once more for each axis, with AXIS_WEIGHT and the sums over
    the attributes that share a value: without them eight combinations of which four are dealt leave the axes to chance.
    The greedy answer is then improved by exchanging one person at a time. Ties are broken at random, then the
    attributes are dealt out in random order.
    """
    rng = _rng("running", seed, image, people)
    return _deal(least_cost(shares, people, before, balance, rng, axes, others), rng)


def indexed_quota(shares: Sequence[float], people: int, seed: int | str, image: int, axes: Axes = ()) -> Allocation:
    """The running quota as if every earlier image of the run had held as many people as this one.

    It needs no memory of the other images, so an image alone gets what it gets in a batch. While all images hold the
    same number of people it is the running quota; with mixed numbers each number keeps a quota of its own, met only
    in so far as its images fall evenly over the run.
    """
    before = first_counts(shares, people, seed, axes)
    for earlier in range(image):
        before = before.plus(running_quota(shares, people, seed, earlier, before, axes=axes).counts)
    return running_quota(shares, people, seed, image, before, axes=axes)


def first_counts(shares: Sequence[float], people: int, seed: int | str, axes: Axes = ()) -> RunningCounts:
    """The start of a run: no counts, and as far ahead of target as after 0 ... PHASES - 1 images of `people` people.

    From zero, a run of one person with shares 0.3 / 0.7 would always choose the second attribute, and many short runs
    would never meet the target. From a random phase each attribute comes first about as often as its share says.
    An image without people starts the run as one person does.
    """
    people = max(people, 1)
    rng = _rng("phase", seed, 0, people)
    nobody = (0,) * len(shares)
    run = RunningCounts(nobody, (0.0,) * len(shares))
    for _ in range(int(rng.random() * PHASES)):
        run = run.plus(least_cost(shares, people, run, 1.0, rng, axes))
    total = sum(run.counts)
    return RunningCounts(nobody, tuple(count - share * total for count, share in zip(run.counts, shares, strict=True)))


def _rng(purpose: str, seed: int | str, image: int, people: int) -> Random:
    return Random(f"{purpose}/{seed}/{image}/{people}")  # a text seed is hashed by SHA-512: any integers, no collisions


def _draw(shares: Sequence[float], point: float) -> int:
    end = 0.0
    for k, share in enumerate(shares):
        end += share
        if point < end:
            return k
    return max(range(len(shares)), key=lambda k: shares[k])  # the shares sum to 1 - rounding error


def _shuffled(items: Sequence[int], rng: Random) -> list[int]:
    return [item for _, item in sorted((rng.random(), item) for item in items)]


def _deal(counts: Sequence[int], rng: Random) -> Allocation:
    return _allocation(_shuffled([k for k, count in enumerate(counts) for _ in range(count)], rng), len(counts))


def _allocation(individuals: Sequence[int], attributes: int) -> Allocation:
    return Allocation(tuple(individuals), tuple(individuals.count(k) for k in range(attributes)))
