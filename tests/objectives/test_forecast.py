"""Errors of forecasts against NumPy, gaps left out."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from lamina.objectives.forecast import ForecastObjective

STEPS, SERIES, HORIZON = 30, 2, 4
LEVELS = (0.1, 0.5, 0.9)


def batch(seed: int = 0) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Series with gaps; what is to be forecast, and which of it is known."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(STEPS, SERIES)).astype(np.float32)
    known = random.random((STEPS, SERIES)) < 0.7
    known[10:20] = False  # a forecast of which nothing is known
    at = np.array([3, 5, 12, 26], np.int32)
    x = {"at": at, "common": {"values": np.where(known, values, 0), "known": known}}
    steps = at[:, None] + np.arange(HORIZON)
    weight = np.array([1, 2, 1, 0.5], np.float32)
    return {"x": x, "weight": weight}, values[steps].swapaxes(1, 2), known[steps].swapaxes(1, 2)


def outputs(levels: int = 1) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(4, SERIES, HORIZON * levels)).astype(np.float32)


def pinball(found: np.ndarray, targets: np.ndarray) -> np.ndarray:
    error = targets[..., None] - found
    levels = np.array(LEVELS)
    return np.maximum(levels * error, (levels - 1) * error).mean(-1)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_the_loss_is_the_mean_over_known_numbers(loss: str):
    data, targets, known = batch()
    given = outputs()
    objective = ForecastObjective(HORIZON, (1.0,) * SERIES, loss=loss)
    error = given - targets
    size = np.abs(error)
    each = {"mse": error**2, "mae": size, "huber": np.minimum(size, 1) * (size - 0.5 * np.minimum(size, 1))}
    weight = data["weight"][:, None, None] * known
    expected = (each[loss] * weight).sum() / weight.sum()
    found = objective.losses(lambda x, **_: jnp.asarray(given), data, key=None)["all"][0]
    assert float(found) == pytest.approx(expected, rel=1e-5)
    sums = objective.evaluate(lambda x: jnp.asarray(given), data, key=None)
    own = data["weight"] * known.any((1, 2))
    counts = np.maximum(known.sum((1, 2)), 1)
    assert float(sums["weight"]) == own.sum() == 3.5
    assert float(sums["mse"]) == pytest.approx(
        ((error**2 * known).sum((1, 2)) / counts * own).sum(), rel=1e-5
    )
    assert float(sums["loss"]) == pytest.approx(
        ((each[loss] * known).sum((1, 2)) / counts * own).sum(), rel=1e-5
    )


def test_levels_have_the_pinball_loss_and_come_in_order():
    data, targets, known = batch()
    given = outputs(3)
    objective = ForecastObjective(HORIZON, (1.0,) * SERIES, quantiles=LEVELS)
    assert objective.out_features == 12
    levels = given.reshape(4, SERIES, HORIZON, 3)
    weight = data["weight"][:, None, None] * known
    expected = (pinball(levels, targets) * weight).sum() / weight.sum()
    found = objective.losses(lambda x, **_: jnp.asarray(given), data, key=None)["all"][0]
    assert float(found) == pytest.approx(expected, rel=1e-5)
    decoded = np.asarray(objective.decode(jnp.asarray(given)))
    np.testing.assert_array_equal(decoded, np.sort(levels, -1))
    np.testing.assert_array_equal(objective.point(decoded), np.sort(levels, -1)[..., 1])


def test_metrics_are_of_standardized_series_whose_numbers_are_known():
    _, targets, known = batch()
    scale = (2.0, 5.0)
    truth = np.where(known, targets, np.nan).astype(np.float64)
    given = outputs(3).reshape(4, SERIES, HORIZON, 3)
    error = ((given[..., 1] - truth) / np.array(scale)[:, None])[known]
    found = ForecastObjective(HORIZON, scale, quantiles=LEVELS).metrics(np.sort(given, -1), truth)
    error = ((np.sort(given, -1)[..., 1] - truth) / np.array(scale)[:, None])[known]
    assert found["mse"] == pytest.approx((error**2).mean())
    assert found["mae"] == pytest.approx(np.abs(error).mean())
    inside = (given.min(-1) <= targets) & (targets <= given.max(-1))
    assert found["coverage"] == pytest.approx(inside[known].mean())
    nothing = ForecastObjective(HORIZON, scale).metrics(given[..., 0], np.full_like(truth, np.nan))
    assert np.isnan(nothing["mse"])
