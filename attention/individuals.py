"""From a region to people: one mask each, by connected components and, where people touch, by watershed."""

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
# All of these are our decisions. Lengths and areas are in pixels of a map whose longer side is SIDE.
SIDE = 64
MIN_AREA = 20.0  # the smallest person, in square pixels: half a percent of a square map
MIN_DISTANCE = 5.0  # between two people's centres
PROMINENCE = (
    1.0  # how much deeper than the bridge between them both centres must be (h-maxima of the distance transform)
)
HINTED = (1.0, 0.6, 0.3, 0.1)  # the same, tried in turn where the prompt names more people
SCORE_PROMINENCE = (0.2, 0.1, 0.05)  # the same of the score (0 ... 1), tried last: it may dip where no waist shows


def individuals(region: Mask, score: NDArray[np.float64] | None = None, count: int | None = None) -> list[Mask]:
    """region [h,w] -> one mask per person, left to right.

    Closing 3x3, 8-connected components, small ones dropped, each split at the maxima of its distance transform.
    count: how many the prompt names; splits further (by relaxing the prominence, then at the dips of the score) or keeps
    the `count` largest, but never invents a person where no map shows one: fewer may come back. score [h,w] in 0..1
    weighs "largest" by confidence.
    """
    unit = max(region.shape) / SIDE
    closed = ndimage.binary_closing(np.pad(region, 1), np.ones((3, 3)))[1:-1, 1:-1] | region
    labels, n = ndimage.label(closed, np.ones((3, 3)))
    parts = [labels == i for i in range(1, n + 1)]
    parts = [p for p in parts if p.sum() >= MIN_AREA * unit**2]
    lengths = (PROMINENCE,) if count is None else HINTED
    tries: list[tuple[NDArray[np.float64] | None, float]] = [(None, h * unit) for h in lengths]
    if count is not None and score is not None:
        smooth = ndimage.gaussian_filter(score, unit)
        tries += [(smooth, h) for h in SCORE_PROMINENCE]
    masks: list[Mask] = []
    for landscape, prominence in tries:
        split = [m for p in parts for m in split_touching(p, MIN_DISTANCE * unit, prominence, landscape)]
        split = [m for m in split if m.sum() >= MIN_AREA * unit**2]
        masks = max(masks, split, key=len)
        if count is None or len(masks) >= count:
            break
    if count is not None and len(masks) > count:
        weight = np.ones(region.shape) if score is None else score
        masks = sorted(masks, key=lambda m: -float(weight[m].sum()))[:count]
    return sorted(masks, key=lambda m: float(np.nonzero(m)[1].mean()))


def split_touching(
    part: Mask, min_distance: float, prominence: float, landscape: NDArray[np.float64] | None = None
) -> list[Mask]:
    """Watershed of one component, seeded at the prominent maxima of its distance transform or of a landscape > 0."""
    if landscape is None:
        depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    else:
        depth = np.where(part, np.maximum(landscape, 1e-6), 0)
    seeds = prominent_maxima(depth, min_distance, prominence)
    if len(seeds) < 2:
        return [part]
    basins = flood(depth, seeds)
    return [basins == i for i in range(1, len(seeds) + 1)]


def flood(depth: NDArray[np.float64], seeds: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Watershed: basins grow from the seeds over neighbours of depth > 0, deepest first; 1, 2 ... per seed, else 0.

    By height, as the word means; scipy's watershed_ift orders by differences between neighbours, and slopes of a
    distance transform have all the same.
    """
    basins = np.zeros(depth.shape, np.int64)
    queue: list[tuple[float, int, int, int]] = []  # minus depth, order of arrival, y, x
    for i, (y, x) in enumerate(seeds, 1):
        basins[y, x] = i
        queue.append((-depth[y, x], i, y, x))
    heapq.heapify(queue)
    arrival = len(queue)
    while queue:
        _, _, y, x = heapq.heappop(queue)
        for v in range(max(y - 1, 0), min(y + 2, depth.shape[0])):
            for u in range(max(x - 1, 0), min(x + 2, depth.shape[1])):
                if depth[v, u] > 0 and not basins[v, u]:
                    basins[v, u] = basins[y, x]
                    arrival += 1
                    heapq.heappush(queue, (-depth[v, u], arrival, v, u))
    return basins


def prominent_maxima(depth: NDArray[np.float64], min_distance: float, prominence: float) -> list[tuple[int, int]]:
    """Maxima that stay apart when the landscape is lowered by `prominence` (h-maxima), deepest first."""
    lowered = _reconstruct(depth - prominence, depth)  # maxima joined by a saddle less deep are one plateau now
    step = 1e-4  # below the differences of distances, and of scores that count
    labels, n = ndimage.label(lowered - _reconstruct(lowered - step, lowered) > step / 2, np.ones((3, 3)))
    peaks = [(float(depth[y, x]), y, x) for y, x in ndimage.maximum_position(depth, labels, range(1, n + 1))]
    kept: list[tuple[int, int]] = []
    for _, y, x in sorted(peaks, reverse=True):
        if all((y - v) ** 2 + (x - u) ** 2 >= min_distance**2 for v, u in kept):
            kept.append((int(y), int(x)))
    return kept


def _reconstruct(marker: NDArray[np.float64], mask: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey-scale morphological reconstruction by dilation (iterated; maps are small)."""
    current = np.minimum(marker, mask)
    while True:
        grown = np.minimum(ndimage.grey_dilation(current, size=(3, 3)), mask)
        if np.array_equal(grown, current):
            return current
        current = grown
