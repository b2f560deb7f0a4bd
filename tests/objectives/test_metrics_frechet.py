"""The Fréchet distance against closed forms, and what is said of its bias."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from lamina.core.errors import DataError
from lamina.objectives.metrics.frechet import (
    extrapolated_frechet,
    frechet,
    frechet_floor,
    frechet_of_gaussians,
    gaussian,
    halves,
)

NORMAL = np.random.default_rng(0).normal


def test_covariances_that_commute_have_a_closed_form():
    first, second = np.array([1.0, 4.0, 0.0]), np.array([9.0, 1.0, 0.25])
    expected = 14.0 + np.square(np.sqrt(first) - np.sqrt(second)).sum()
    found = frechet_of_gaussians([1.0, 2.0, 3.0], np.diag(first), [0.0, 0.0, 0.0], np.diag(second))
    assert found == pytest.approx(expected)


def test_other_covariances_agree_with_a_general_root():
    a, b = NORMAL(size=(6, 6)), NORMAL(size=(6, 6))
    first, second = a @ a.T, b @ b.T
    root = scipy.linalg.sqrtm(first @ second)
    expected = np.trace(first) + np.trace(second) - 2 * np.trace(np.asarray(root)).real
    zero = np.zeros(6)
    assert frechet_of_gaussians(zero, first, zero, second) == pytest.approx(expected, rel=1e-9)
    assert frechet_of_gaussians(zero, second, zero, first) == pytest.approx(expected, rel=1e-9)


def test_a_shift_counts_by_its_square_and_equal_sets_not_at_all():
    points = NORMAL(size=(30, 4))
    assert frechet(points, points) == pytest.approx(0.0, abs=1e-9)
    assert frechet(points, points + np.array([0.0, 3.0, 0.0, 4.0])) == pytest.approx(25.0)


def test_fewer_examples_than_features_stay_real():
    points = NORMAL(size=(5, 40))
    assert frechet(points, points) == pytest.approx(0.0, abs=1e-6)
    assert 0 < frechet(points, NORMAL(size=(5, 40))) < np.inf


def test_mean_and_covariance_are_those_of_numpy():
    points = NORMAL(size=(12, 3))
    mean, covariance = gaussian(points)
    np.testing.assert_allclose(mean, points.mean(0))
    np.testing.assert_allclose(covariance, np.cov(points.T))


def test_the_floor_falls_with_the_number_of_examples_and_halves_share_nothing():
    points = NORMAL(size=(4000, 8))
    small, large = frechet_floor(points, 100, repeats=5), frechet_floor(points, 2000, repeats=5)
    assert small.mean > 8 * large.mean > 0 and small.std > 0
    first, second = halves(np.arange(11.0)[:, None], seed=3)
    assert len(first) == len(second) == 5 and not set(first[:, 0]) & set(second[:, 0])
    assert len(halves(points, 7)[1]) == 7


def test_extrapolation_removes_what_few_samples_add():
    real, samples = NORMAL(size=(20_000, 8)), NORMAL(size=(500, 8)) + 0.1
    biased, found = frechet(samples, real), extrapolated_frechet(samples, real)
    truth = 8 * 0.1**2
    assert abs(found - truth) < 0.5 * abs(biased - truth)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="one example has no covariance"):
        frechet([[1.0]], [[1.0], [2.0]])
    with pytest.raises(DataError, match="features of two kinds"):
        frechet([[1.0], [2.0]], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(DataError, match="too few samples"):
        extrapolated_frechet(NORMAL(size=(19, 1)), NORMAL(size=(19, 1)))
