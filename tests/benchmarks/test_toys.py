"""The toys, and how samples of them are judged."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.rows import toys


@pytest.mark.parametrize("name", list(toys.TOYS))
def test_points_are_alike_with_one_seed_and_fill_a_plane(name: str):
    first, second = (toys.TOYS[name](np.random.default_rng(0), 500) for _ in range(2))
    assert first.shape == (500, 2) and np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)
    assert (np.ptp(first, axis=0) > 1).all()


def test_the_checkerboard_has_white_squares():
    points = toys.checkerboard(np.random.default_rng(0), 2000)
    squares = np.floor(points).astype(int)
    assert ((squares.sum(axis=1) % 2) == 0).all() and len(np.unique(squares, axis=0)) == 8


def test_variation_by_hand():
    around = np.array([[0.0, 0.0], [32.0, 32.0]])
    ours = np.array([[0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [99.0, 0.5]])
    theirs = np.array([[0.5, 0.5], [1.5, 0.5], [1.5, 0.5], [5.5, 0.5]])
    assert toys.variation(ours, theirs, around) == pytest.approx((0.25 + 0.25 + 0.25 + 0.25) / 2)
    assert toys.variation(ours, ours, around) == 0.0


def test_a_figure_is_drawn(tmp_path):
    points = toys.gaussians(np.random.default_rng(0), 100)
    found = {("8 Gaussians", "flow"): toys.Found(points, 0.1, 0.1, 0.0, 0.0, 1.0)}
    toys.draw(found, ["8 Gaussians"], ["flow"], tmp_path / "toys.png")
    assert (tmp_path / "toys.png").stat().st_size > 5_000
    assert "total variation 0.100 (real 0.100)" in str(found["8 Gaussians", "flow"])
