"""Precision, recall, density and coverage of points on a line, in cases that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.metrics.distances import radii
from lamina.objectives.metrics.precision_recall import support, within

REAL = np.array([[0.0], [1.0], [3.0]])  # radii with k = 1: 1, 1, 2
SAMPLES = np.array([[0.5], [4.5], [20.0], [21.0]])  # radii with k = 1: 4, 4, 1, 1


def test_points_on_a_line_by_hand():
    found = support(SAMPLES, REAL, neighbors=1, density_neighbors=1)
    # 0.5 lies in the balls of 0 and 1; 4.5 in that of 3; 20 and 21 in none.
    assert found.precision == 2 / 4
    # 0, 1 and 3 lie within 4 of 0.5.
    assert found.recall == 3 / 3
    assert found.density == pytest.approx((2 + 1 + 0 + 0) / (1 * 4))
    # Balls of 0 and 1 hold 0.5; that of 3 holds 4.5.
    assert found.coverage == 3 / 3


def test_one_mode_of_two_has_full_precision_and_half_the_rest():
    generator = np.random.default_rng(0)
    real = np.concatenate([generator.normal(size=(200, 2)), generator.normal(size=(200, 2)) + 50])
    found = support(generator.normal(size=(200, 2)), real)
    assert found.precision > 0.9 and found.recall == pytest.approx(0.5, abs=0.05)
    assert found.coverage == pytest.approx(0.5, abs=0.05)


def test_an_outlier_flatters_precision_and_not_density():
    generator = np.random.default_rng(1)
    real = np.concatenate([generator.normal(size=(300, 2)), [[40.0, 40.0]]])
    around = generator.normal(size=(300, 2)) + 30.0
    found = support(around, real)
    assert found.precision > 0.9, "the ball of the outlier reaches as far as the others lie"
    assert found.density < 0.35 and found.coverage < 0.02


def test_balls_have_closed_ends():
    assert within([[1.0], [2.0]], [[0.0]], np.array([1.0])).tolist() == [1, 0]
    assert radii(REAL, 1).tolist() == [1.0, 1.0, 2.0]
