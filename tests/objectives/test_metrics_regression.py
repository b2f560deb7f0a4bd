"""Metrics of numbers against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from lamina.core.errors import ShapeError
from lamina.objectives.metrics import interval_coverage, mae, pinball, r2, regression_metrics, rmse


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn(columns: int, weighted: bool):
    random = np.random.default_rng(columns)
    targets = random.normal(100, 3, size=(80, columns))
    predictions = targets + random.normal(size=(80, columns))
    weights = random.integers(0, 4, size=80).astype(float) if weighted else None
    found = regression_metrics(targets, predictions, weights)
    arguments = {"y_true": targets, "y_pred": predictions, "sample_weight": weights}
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(**arguments))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(**arguments))
    assert found["r2"] == pytest.approx(reference.r2_score(**arguments))
    expected = reference.mean_pinball_loss(**arguments, alpha=0.9)
    assert pinball(targets, predictions, weights, level=0.9) == pytest.approx(expected)


def test_one_column_may_be_flat_or_not():
    assert rmse([1.0, 2.0], [[1.0], [4.0]]) == rmse([1.0, 2.0], [1.0, 4.0])


@pytest.mark.parametrize("guess", [[2.0, 2.0, 2.0], [2.0, 2.0, 3.0]])
def test_r2_of_a_constant_target(guess: list[float]):
    assert r2([2.0] * 3, guess) == reference.r2_score([2.0] * 3, guess)


def test_not_defined_is_nan():
    assert np.isnan(r2([1.0], [1.0]))
    assert np.isnan(rmse([], []))
    assert np.isnan(mae([1.0], [2.0], [0.0]))
    found = regression_metrics([1.0, 2.0], [1.0, np.inf])
    assert all(np.isnan(value) for value in found.values())


def test_interval_coverage_counts_the_bounds_and_the_weights():
    assert interval_coverage([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]) == pytest.approx(2 / 3)
    assert interval_coverage([0.0, 2.0], [0.0, 0.0], [1.0, 1.0], [3.0, 1.0]) == 0.75


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="3 rows"):
        regression_metrics([1.0, 2.0, 3.0], [1.0])
