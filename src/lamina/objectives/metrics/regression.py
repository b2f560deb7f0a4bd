"""Metrics of predicted numbers and of predicted intervals.

Arrays are ``(rows,)`` or ``(rows, targets)``; several targets count alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.rows import NAN, check_same_rows, row_weights, weighted_mean


def rmse(targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Root of the mean squared error, in the unit of the target.

    Args:
        targets: true values.
        predictions: predicted values.
        weights: one weight a row, or None.

    Returns:
        0 or more.

    Example:
        >>> rmse([1.0, 2.0], [1.0, 4.0]) ** 2
        2.0000000000000004
    """
    errors, given = _errors(targets, predictions, weights)
    return float(np.mean(np.sqrt(_column_means(errors**2, given))))


def mae(targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean absolute error, in the unit of the target.

    Args:
        targets: true values.
        predictions: predicted values.
        weights: one weight a row, or None.

    Returns:
        0 or more.

    Example:
        >>> mae([1.0, 2.0], [1.0, 4.0])
        1.0
    """
    errors, given = _errors(targets, predictions, weights)
    return float(np.mean(_column_means(np.abs(errors), given)))


def r2(targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Share of the target's variance that the predictions explain; 1 is perfect, 0 is the mean.

    A constant target gives 1 where it is met exactly and 0 elsewhere, as in scikit-learn.

    Args:
        targets: true values.
        predictions: predicted values.
        weights: one weight a row, or None.

    Returns:
        At most 1; NaN for fewer than two rows.

    Example:
        >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
        0.5
    """
    errors, given = _errors(targets, predictions, weights)
    if len(errors) < 2:
        return NAN
    values = as_columns(targets)
    left = _column_means(errors**2, given)
    spread = _column_means((values - _column_means(values, given)) ** 2, given)
    explained = 1 - left / np.where(spread > 0, spread, 1)
    return float(np.mean(np.where(spread > 0, explained, np.where(left > 0, 0.0, 1.0) + 0 * left)))


def pinball(
    targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.5
) -> float:
    """Mean pinball loss of a predicted quantile; least at the true one.

    ``mean(max(level * (y - q), (level - 1) * (y - q)))``

    Args:
        targets: true values.
        predictions: the predicted quantile.
        weights: one weight a row, or None.
        level: which quantile, between 0 and 1.

    Returns:
        0 or more.

    Example:
        >>> pinball([1.0, 2.0], [0.0, 2.0], level=0.9)
        0.45

    References:
        R. Koenker, G. Bassett, Regression quantiles, Econometrica 46, 1978.
    """
    errors, given = _errors(targets, predictions, weights)
    return float(np.mean(_column_means(np.maximum(level * errors, (level - 1) * errors), given)))


def interval_coverage(
    targets: ArrayLike, lower: ArrayLike, upper: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Share of the targets that lie within their predicted interval, bounds counted.

    Args:
        targets: true values.
        lower: lower bounds.
        upper: upper bounds.
        weights: one weight a row, or None.

    Returns:
        0 to 1.

    Example:
        >>> interval_coverage([1.0, 2.0, 3.0, 4.0], [0.0] * 4, [3.0] * 4)
        0.75
    """
    values = as_columns(targets)
    check_same_rows(values, as_columns(lower))
    inside = (as_columns(lower) <= values) & (values <= as_columns(upper))
    return weighted_mean(inside.mean(axis=1), row_weights(len(values), weights))


def as_columns(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as float64 with one column a target."""
    array = np.asarray(values, np.float64)
    return array if array.ndim == 2 else array.reshape(-1, 1)


def _errors(
    targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``targets - predictions`` by column, and the rows' weights."""
    truth, guess = as_columns(targets), as_columns(predictions)
    check_same_rows(truth, guess)
    return truth - guess, row_weights(len(truth), weights)


def _column_means(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = weights.sum()
    return weights @ values / total if total > 0 else np.full(values.shape[1], NAN)
