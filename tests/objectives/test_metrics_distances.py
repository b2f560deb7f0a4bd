"""Nearest neighbors by blocks, against all distances at once."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.objectives.metrics import distances
from lamina.objectives.metrics.distances import as_points, nearest, radii, squared_blocks


def test_neighbors_are_those_of_all_distances(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(distances, "BLOCK_VALUES", 70)  # three queries a block
    generator = np.random.default_rng(0)
    queries, points = generator.normal(size=(11, 3)), generator.normal(size=(20, 3)) + 100
    every = np.linalg.norm(queries[:, None] - points[None], axis=2)
    found = nearest(queries, points, 4)
    np.testing.assert_allclose(found.distances, np.sort(every, axis=1)[:, :4], rtol=1e-9)
    np.testing.assert_array_equal(found.rows, np.argsort(every, axis=1)[:, :4])


def test_a_copy_far_from_zero_has_distance_zero():
    points = np.random.default_rng(1).normal(size=(50, 4)) + 1e6
    found = nearest(points[7:8], points, 2)
    assert found.distances[0, 0] == 0 and found.rows[0, 0] == 7 and found.distances[0, 1] > 0


def test_fewer_points_than_neighbors():
    assert nearest([[0.0]], [[1.0], [3.0]], 5).distances.tolist() == [[1.0, 3.0]]
    assert radii([[0.0], [1.0]], 5).tolist() == [1.0, 1.0]


def test_images_are_flattened_and_blocks_cover_all_rows():
    images = as_points(np.ones((3, 2, 2, 1), np.uint8))
    assert images.shape == (3, 4)
    assert sum(block.shape[0] for _, block in squared_blocks(images, images)) == 3


def test_nothing_to_compare_is_refused():
    with pytest.raises(DataError, match="no points to compare"):
        as_points(np.empty((0, 3)))
    with pytest.raises(DataError, match="one point has no neighbors"):
        radii([[0.0, 1.0]], 1)
