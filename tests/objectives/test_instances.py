"""Instances as maps, and maps as instances again."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.instances import connected, distance_maps, instances_of, renumbered, seeds_of
from lamina.objectives.metrics.overlap import instance_counts


def disk(side: int, middle: tuple[int, int], radius: float) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return (y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2


def touching() -> np.ndarray:
    """Two disks that share a border of several pixels."""
    labels = np.zeros((40, 40), np.int32)
    labels[disk(40, (20, 12), 8)] = 1
    labels[disk(40, (20, 27), 8) & (labels == 0)] = 2
    return labels


def test_distances_of_a_disk_fall_from_its_middle_to_its_border():
    inside = disk(31, (15, 15), 10)
    maps = distance_maps(np.where(inside, 4, 0))
    assert maps.dtype == np.uint8 and maps.shape == (31, 31, 2)
    assert (maps[..., 0] == np.where(inside, 255, 0)).all()
    y, x = np.mgrid[:31, :31]
    radius = np.hypot(y - 15, x - 15)
    middle = maps[15, 15, 1]
    assert middle == 255 and (maps[~inside, 1] == 0).all() and (maps[inside, 1] > 0).all()
    expected = 255 * (1 - radius / 11)  # the next pixel outside is at a distance of 11
    assert np.abs(maps[inside, 1] - expected[inside]).max() < 30
    assert (np.diff(maps[15, 15:26, 1].astype(int)) < 0).all()


def test_a_row_of_five_by_hand():
    labels = np.array([[0, 0, 0, 0, 0, 0, 0], [0, 3, 3, 3, 3, 3, 0], [0, 0, 0, 0, 0, 0, 0]])
    assert distance_maps(labels)[1, :, 1].tolist() == [0, 255, 255, 255, 255, 255, 0], "one pixel wide"
    square = np.zeros((7, 7), int)
    square[1:6, 1:6] = 1
    assert distance_maps(square)[3, :, 1].tolist() == [0, 85, 170, 255, 170, 85, 0]


def test_small_and_large_ones_reach_the_same_height_and_others_are_outside():
    labels = np.zeros((30, 30), int)
    labels[disk(30, (20, 20), 8)], labels[disk(30, (5, 5), 2)] = 1, 7
    maps = distance_maps(labels)
    assert maps[20, 20, 1] == maps[5, 5, 1] == 255
    pair = np.array([[1, 1, 1, 2, 2, 2]] * 3)
    assert distance_maps(pair)[1, :, 1].tolist() == [128, 255, 128, 128, 255, 128], "the edge is outside too"


def test_an_empty_mask():
    assert not distance_maps(np.zeros((5, 6), int)).any()
    assert not instances_of(np.zeros((5, 6, 2), np.uint8)).any()


def test_two_touching_disks_are_told_apart():
    labels = touching()
    assert connected(labels > 0)[1] == 1, "they touch"
    found = instances_of(distance_maps(labels))
    assert found.dtype == np.int32 and found.max() == 2
    assert ((found > 0) == (labels > 0)).all()
    pairs, sizes = np.unique(np.stack([found, labels]).reshape(2, -1), axis=1, return_counts=True)
    assert np.sort(sizes)[-3:].sum() > 0.98 * labels.size, f"of {pairs.T.tolist()}"
    assert instance_counts(found[None], labels[None])["ap75"].tolist() == [[2, 0, 0]]


def test_many_disks_come_back():
    labels, number = np.zeros((64, 64), np.int32), 0
    for y in range(7, 64, 12):
        for x in range(7, 64, 12):
            number += 1
            labels[disk(64, (y, x), 5.5)] = number
    found = instances_of(distance_maps(labels))
    assert instance_counts(found[None], labels[None])["ap75"].tolist() == [[number, 0, 0]]


@pytest.mark.parametrize(("smallest", "count"), [(8, 1), (4, 2), (200, 0)])
def test_small_ones_are_dropped(smallest: int, count: int):
    labels = np.zeros((24, 24), int)
    labels[disk(24, (14, 14), 6)] = 1
    labels[2:4, 2:5] = 2
    maps = distance_maps(labels)
    maps[2:4, 2:5, 1] = 255
    maps[1:5, 1:6, 1] = 255  # so that smoothing leaves its seed
    found = instances_of(maps, smallest)
    assert found.max() == count and sorted(np.unique(found)) == list(range(count + 1))


def test_an_area_without_a_seed_is_kept_if_it_is_not_tiny():
    maps = np.zeros((30, 30, 2), np.uint8)
    maps[2:8, 2:8, 0] = 255  # 36 pixels
    maps[20:23, 20:24, 0] = 255  # 12 pixels
    maps[disk(30, (12, 22), 5)] = 255
    found = instances_of(maps)
    assert found.max() == 2 and len(np.unique(found[2:8, 2:8])) == 1 and found[2, 2] > 0
    assert not found[20:23, 20:24].any() and found[12, 22] not in (0, found[2, 2])


def test_seeds_do_not_grow_out_of_their_area():
    maps = np.zeros((12, 30, 2), np.uint8)
    maps[2:10, 2:10] = 255
    maps[2:10, 12:28, 0] = 255  # no seed, and nearest to that of the other
    found = instances_of(maps)
    assert set(np.unique(found[2:10, 2:10])).isdisjoint(np.unique(found[2:10, 12:28]))
    assert found.max() == 2


def test_a_seed_in_the_background_is_none():
    maps = np.zeros((12, 12, 2), np.uint8)
    maps[..., 1] = 255
    assert not instances_of(maps).any()


def test_labels_are_numbered_anew():
    labels = np.array([[0, 5, 5], [9, 9, 9], [2, 0, 0]])
    assert renumbered(labels).tolist() == [[0, 2, 2], [3, 3, 3], [1, 0, 0]]
    assert renumbered(labels, 2).tolist() == [[0, 1, 1], [2, 2, 2], [0, 0, 0]]
    assert renumbered(labels).dtype == np.int32


def test_pixels_touch_by_their_sides():
    diagonal = np.eye(3, dtype=bool)
    assert connected(diagonal)[1] == 3 and connected(np.ones((3, 3), bool))[1] == 1


def test_seeds_are_found_level_by_level():
    """A faint one that never reaches the upper levels has a seed too, and a high one has one only."""
    distance = np.zeros((12, 40))
    distance[2:10, 2:10], distance[4:8, 4:8] = 0.35, 0.9  # one with a high core
    distance[2:10, 14:22] = 0.45  # a faint one
    distance[2:10, 26:38] = 0.35  # two cores, parted by a lower place
    distance[4:8, 27:31], distance[4:8, 33:37] = 0.65, 0.8
    distance[0, 39] = 0.9  # a single pixel
    seeds = seeds_of(distance, np.ones(distance.shape, bool))
    assert seeds.max() == 4 and len({seeds[5, x] for x in (5, 17, 28, 34)}) == 4
    assert seeds[2, 2] == 0 and seeds[5, 31] == 0 and seeds[0, 39] == 0
