"""Counts that outlive a run: who was given which attribute in all pictures since ComfyUI started.

Only for targets that ask for it. Counting happens when a run samples, not when a node executes: a node that ComfyUI
takes from its cache, with the picture it made before, neither counts again nor stops later pictures from counting.
"""

from collections import Counter
from collections.abc import Iterable
from threading import Lock

from .quota_cost import RunningCounts
from .target import TargetDistribution


class Tally:
    """The standing of each shared quota. One for the whole process (TALLY); any thread may ask and add."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._standing: dict[tuple, RunningCounts] = {}

    def standing(self, target: TargetDistribution) -> RunningCounts | None:
        """The counts so far; None where nothing was counted yet, or the target counts run by run."""
        with self._lock:
            return self._standing.get(_key(target)) if target.quota is not None else None

    def add(self, target: TargetDistribution, after: RunningCounts, given: Iterable[int]) -> str:
        """Count the people of a finished run; `after` is where its quota began, if it is the first. Returns the standing.

        Added to what stands now, not to what stood when the run began: two runs at once are both counted.
        """
        if target.quota is None:
            return ""
        new = Counter(given)
        counts = tuple(new[k] for k in range(len(target.attributes)))
        with self._lock:
            before = self._standing.get(_key(target), RunningCounts((0,) * len(counts), after.start))
            now = self._standing[_key(target)] = before.plus(counts)
        listed = ", ".join(f"{a.name} {count}" for a, count in zip(target.attributes, now.counts, strict=True))
        return f"quota{f' {target.quota!r}' if target.quota else ''} of all runs since ComfyUI started: {listed}"


def _key(target: TargetDistribution) -> tuple:
    """The seed is not part of it: it may change with every picture, while the people are to be counted on."""
    return target.quota, target.axis, tuple((a.name, round(a.share, 9)) for a in target.attributes)


TALLY = Tally()
