"""Modes that samples hit, in cases that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.metrics.energy import energy_distance
from lamina.objectives.metrics.modes import class_coverage, mode_coverage

GRID = np.array([[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)], float)  # 25 Gaussians


def test_all_modes_of_the_grid_are_hit_by_samples_of_it():
    noise = np.random.default_rng(0).normal(size=(2500, 2)) * 0.05
    found = mode_coverage(np.repeat(GRID, 100, axis=0) + noise, GRID, 0.05)
    assert found.hit == 25 and found.good == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert found.divergence < 0.01


def test_a_collapsed_generator_hits_one_and_a_blurred_one_has_few_good_samples():
    found = mode_coverage(np.zeros((50, 2)), GRID, 0.05)
    assert found.hit == 1 and found.good == 1.0 and found.divergence == pytest.approx(np.log(25))
    blurred = mode_coverage(np.random.default_rng(0).uniform(-4, 4, size=(500, 2)), GRID, 0.05)
    assert blurred.good < 0.1


def test_nothing_good():
    found = mode_coverage([[100.0, 100.0]], GRID, 0.05)
    assert found.hit == 0 and found.good == 0.0 and found.divergence == np.inf


def test_classes_by_hand():
    found = class_coverage([0, 0, 0, 1, -1], 3)
    assert found.counts.tolist() == [3, 1, 0] and found.hit == 2 and found.good == 0.8
    assert found.divergence == pytest.approx(0.75 * np.log(0.75 * 3) + 0.25 * np.log(0.25 * 3))
    assert class_coverage([0, 0, 0, 1], 2, shares=[3, 1]).divergence == 0.0
    assert class_coverage([1], 2, shares=[1, 0]).divergence == np.inf


def test_energy_distance_by_hand_and_of_equal_distributions():
    # 2 · mean(|0-3|, |0-5|, |1-3|, |1-5|) - 1 - 2
    assert energy_distance([[0.0], [1.0]], [[3.0], [5.0]]) == pytest.approx(2 * (3 + 5 + 2 + 4) / 4 - 1 - 2)
    draw = np.random.default_rng(1).normal
    assert abs(energy_distance(draw(size=(2000, 2)), draw(size=(2000, 2)))) < 0.005
