"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.rows import (
    NAN,
    check_same_rows,
    class_probabilities,
    class_targets,
    group_weights,
    row_weights,
)


@dataclass(frozen=True)
class CalibrationCurve:
    """Stated probability against observed frequency, bin by bin; empty bins are left out.

    Args:
        stated: mean probability that the model gave in each bin.
        observed: share of the rows in each bin for which it came true.
        weight: weight of the rows in each bin (a count where no weights are given).
    """

    stated: NDArray[np.float64]
    observed: NDArray[np.float64]
    weight: NDArray[np.float64]


def calibration_curve(
    happened: ArrayLike, stated: ArrayLike, weights: ArrayLike | None = None, *, bins: int = 10
) -> CalibrationCurve:
    """Compare stated probabilities with observed frequencies in bins of equal width.

    Args:
        happened: whether the event came true, one boolean (or 0/1) a row.
        stated: the probability given to it, 0 to 1.
        weights: one weight a row, or None.
        bins: how many bins; each holds its upper edge.

    Returns:
        The curve; bins without rows are left out.

    Example:
        >>> curve = calibration_curve([0, 1, 1, 1], [0.2, 0.2, 0.8, 0.8], bins=5)
        >>> curve.observed
        array([0.5, 1. ])
    """
    happened, stated = np.asarray(happened, np.float64).reshape(-1), np.asarray(stated).reshape(-1)
    check_same_rows(happened, stated)
    given = row_weights(len(stated), weights)
    place = probability_bins(stated, bins)
    weight = group_weights(place, given, bins)
    full = weight > 0
    weight = weight[full]
    return CalibrationCurve(
        group_weights(place, given * stated, bins)[full] / weight,
        group_weights(place, given * happened, bins)[full] / weight,
        weight,
    )


def probability_bins(stated: NDArray, bins: int) -> NDArray[np.intp]:
    """Return the bin of each probability; bin ``i`` is ``(i / bins, (i + 1) / bins]``."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], stated)


def ece(
    targets: ArrayLike,
    probabilities: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bins: int = 15,
) -> float:
    """Expected calibration error of the predicted class, 0 (calibrated) to 1.

    ``sum over bins of weight(bin) * |accuracy(bin) - mean confidence(bin)|``

    Args:
        targets: true class indices.
        probabilities: one column a class, or the probability of class 1 of two.
        weights: one weight a row, or None.
        bins: how many bins of equal width.

    Returns:
        0 to 1.

    Example:
        >>> round(ece([0, 1, 1, 0], [[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.2, 0.8]]), 3)
        0.2

    References:
        C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On calibration of modern neural networks, ICML 2017.
    """
    columns = class_probabilities(probabilities)
    targets = class_targets(targets, columns.shape[1])
    check_same_rows(targets, columns)
    given = row_weights(len(targets), weights)
    if not given.sum() > 0 or not np.isfinite(columns).all():
        return NAN
    right, confidence = top_label(targets, columns)
    curve = calibration_curve(right, confidence, given, bins=bins)
    return float(curve.weight @ np.abs(curve.observed - curve.stated) / curve.weight.sum())


def top_label(targets: NDArray[np.intp], probabilities: NDArray) -> tuple[NDArray[np.bool_], NDArray]:
    """Return whether the most probable class is the true one, and its probability."""
    predictions = probabilities.argmax(axis=1)
    return predictions == targets, probabilities[np.arange(len(targets)), predictions]
