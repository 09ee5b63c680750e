"""People cut out of drawn regions: discs that touch, hints, small areas, sizes."""

import numpy as np
import pytest

from fair_attention.attention.individuals import flood, individuals, prominent_maxima


def discs(shape: tuple[int, int], *circles: tuple[float, float, float]) -> np.ndarray:
    """Boolean region of circles (y, x, radius)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.any([(y - cy) ** 2 + (x - cx) ** 2 <= r**2 for cy, cx, r in circles], axis=0)


def centres(masks: list[np.ndarray]) -> list[tuple[int, int]]:
    return [tuple(int(round(c.mean())) for c in np.nonzero(m)) for m in masks]


def test_an_empty_region_holds_nobody():
    assert individuals(np.zeros((64, 64), bool)) == []


def test_one_blob_is_one_person():
    region = discs((64, 64), (30, 30, 12))
    (mask,) = individuals(region)
    assert np.array_equal(mask, region)


def test_people_apart_come_left_to_right():
    masks = individuals(discs((64, 64), (12, 50, 8), (50, 30, 8), (14, 10, 8)))
    assert centres(masks) == [(14, 10), (50, 30), (12, 50)]


def test_touching_discs_are_parted():
    region = discs((64, 64), (32, 20, 11), (32, 40, 11))
    masks = individuals(region)
    assert [x for _, x in centres(masks)] == pytest.approx([20, 40], abs=1)
    assert not (masks[0] & masks[1]).any()
    both = masks[0] | masks[1]
    assert not (region & ~both).any() and (both & ~region).sum() <= 20  # the notches of the waist are closed


def test_three_in_a_row_are_parted():
    masks = individuals(discs((64, 64), (32, 12, 10), (32, 31, 10), (32, 50, 10)))
    assert [x for _, x in centres(masks)] == pytest.approx([12, 31, 50], abs=1)


def test_a_hint_parts_people_without_a_waist_where_the_score_dips():
    """Overlapping so far that no waist shows: one person, unless the prompt says two and the score shows two."""
    region = discs((64, 64), (32, 26, 12), (32, 36, 12))
    score = np.where(discs((64, 64), (32, 22, 5), (32, 40, 5)), 1.0, 0.5)
    assert len(individuals(region, score)) == 1
    assert len(individuals(region, count=2)) == 1
    masks = individuals(region, score, count=2)
    assert [x for _, x in centres(masks)] == pytest.approx([22, 40], abs=2)


def test_a_hint_invents_nobody():
    assert len(individuals(discs((64, 64), (32, 32, 12)), count=4)) == 1


def test_a_hint_keeps_the_largest():
    masks = individuals(discs((64, 64), (12, 12, 9), (12, 50, 4), (50, 30, 10)), count=2)
    assert centres(masks) == [(12, 12), (50, 30)]


def test_a_hint_keeps_the_most_certain_where_a_score_is_given():
    region = discs((64, 64), (12, 12, 9), (12, 50, 6), (50, 30, 9))
    score = np.where(discs((64, 64), (12, 50, 6)), 1.0, 0.1)
    score = np.where(discs((64, 64), (50, 30, 9)), 0.9, score)
    assert centres(individuals(region, score, count=2)) == [(50, 30), (12, 50)]


def test_specks_are_dropped():
    assert len(individuals(discs((64, 64), (30, 30, 10), (5, 5, 2)))) == 1


def test_lengths_scale_with_the_map():
    """The same scene at 128 cells: a speck of four times the area is a speck still."""
    masks = individuals(discs((128, 128), (60, 60, 20), (10, 10, 4), (60, 110, 12)))
    assert centres(masks) == [(60, 60), (60, 110)]


@pytest.mark.parametrize("shape", [(48, 72), (72, 48), (20, 64)])
def test_maps_that_are_not_square(shape):
    height, width = shape
    region = discs(shape, (height // 2, width // 4, 6), (height // 2, 3 * width // 4, 6))
    masks = individuals(region)
    assert [m.shape for m in masks] == [shape, shape]
    assert [x for _, x in centres(masks)] == [width // 4, 3 * width // 4]


def test_people_at_the_border_stay_whole():
    (mask,) = individuals(discs((64, 64), (0, 0, 14)))
    assert np.array_equal(mask, discs((64, 64), (0, 0, 14)))


def test_a_gap_of_one_cell_is_closed():
    region = discs((64, 64), (32, 32, 12))
    region[:, 32] = False
    assert len(individuals(region)) == 1


def test_maxima_keep_their_distance_and_their_prominence():
    depth = np.zeros((9, 30))
    depth[4, [4, 7, 20]] = 6.0, 5.0, 4.0
    depth[4, 5:7] = 4.8  # a ridge 0.2 below the second: no peak of its own
    assert prominent_maxima(depth, 5.0, 1.0) == [(4, 4), (4, 20)]


def test_the_smallest_person_has_twenty_cells_of_sixty_four():
    region = np.zeros((64, 64), bool)
    region[2:6, 2:7] = True  # 20
    region[40:41, 2:21] = True  # 19
    assert centres(individuals(region)) == [(4, 4)]


def test_more_than_two_touching_people_without_a_hint():
    """The waists count without anybody's number, and a hint of fewer does not join people."""
    region = discs((64, 64), (32, 14, 10), (32, 32, 10), (32, 50, 10))
    assert [x for _, x in centres(individuals(region))] == pytest.approx([14, 32, 50], abs=1)
    assert len(individuals(region, count=3)) == 3 and len(individuals(region, count=2)) == 2


def test_a_basin_does_not_reach_over_a_gap():
    assert flood(np.array([[1.0, 0.0, 1.0]]), [(0, 0)]).tolist() == [[1, 0, 0]]
    assert flood(np.array([[1.0], [0.0], [1.0]]), [(0, 0)]).tolist() == [[1], [0], [0]]


def test_basins_grow_from_the_deepest_seed_in_whatever_order_they_are_named():
    """Between a seed of depth 2 and one of depth 5 the cell belongs to the deeper one, which grows first."""
    assert flood(np.array([[2.0, 1.0, 5.0]]), [(0, 0), (0, 2)]).tolist() == [[1, 2, 2]]
    assert flood(np.array([[2.0, 1.0, 5.0]]), [(0, 2), (0, 0)]).tolist() == [[2, 1, 1]]


def test_a_hint_parts_people_at_a_waist_that_alone_says_nothing():
    """Two squares of 21 cells, 11 deep, and between them a bridge of 19, 10 deep: 1 is not more than the prominence."""
    region = np.zeros((64, 64), bool)
    region[20:41, 5:26] = region[21:40, 26:31] = region[20:41, 31:52] = True
    assert len(individuals(region)) == 1
    assert [x for _, x in centres(individuals(region, count=2))] == pytest.approx([16, 40], abs=1)


@pytest.mark.parametrize(
    ("levels", "count", "widths"),
    [
        ((1.0, 0.5, 1.0, 0.85, 1.0), 2, [18, 42]),  # the deep dip alone makes two: the shallow one is not looked for
        ((1.0, 0.5, 1.0, 0.85, 1.0), 3, [18, 24, 18]),
        ((1.0, 0.85, 1.0, 0.93, 1.0), 2, [18, 42]),
        ((1.0, 0.93, 1.0), 2, [30, 30]),  # the shallowest dip that counts
    ],
)
def test_dips_of_the_score_count_the_deepest_first(levels, count, widths):
    """A block of 24 x 60 cells without a waist, its score in equal columns. Every person is 24 cells high."""
    region, score = np.zeros((64, 64), bool), np.zeros((64, 64))
    region[20:44, 2:62] = True
    score[:, 2:62] = np.repeat(levels, 60 // len(levels))
    masks = individuals(region, score, count)
    assert [int(m.sum()) for m in masks] == [24 * width for width in widths]


@pytest.mark.parametrize("turns", range(4))
def test_a_hill_behind_a_narrow_valley_stands_above_it_only_by_what_it_rises(turns):
    """5, then 1, then 2.5: above the valley the second rises by 1.5, less than a prominence of 2."""
    depth = np.zeros((7, 7))
    depth[3, 2:5] = 5, 1, 2.5
    assert len(prominent_maxima(np.rot90(depth, turns), 0.0, 2.0)) == 1
    assert len(prominent_maxima(np.rot90(depth, turns), 0.0, 1.0)) == 2


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize(("apart", "people"), [(8, 1), (18, 2)])
def test_what_parts_two_people_grows_with_the_map(scale, apart, people):
    """Discs of radius 11: at 8 apart the waist is 0.75 narrower than the discs, at 18 it is 4.7."""
    circles = [(32 * scale, (20 + at) * scale, 11 * scale) for at in (0, apart)]
    assert len(individuals(discs((64 * scale, 64 * scale), *circles))) == people
