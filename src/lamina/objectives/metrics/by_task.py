"""All the metrics of a task at once, by the names that users see."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamina.objectives.metrics.calibration import ece
from lamina.objectives.metrics.classification import accuracy, balanced_accuracy, f1, log_loss
from lamina.objectives.metrics.ranking import auc
from lamina.objectives.metrics.regression import as_columns, mae, r2, rmse
from lamina.objectives.metrics.rows import (
    NAN,
    check_same_rows,
    class_probabilities,
    class_targets,
    known_flags,
    row_weights,
    weighted_mean,
)

CLASSIFICATION = ("accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "ece")
REGRESSION = ("rmse", "mae", "r2")


def classification_metrics(
    targets: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """Return accuracy, balanced_accuracy, f1, auc, log_loss and ece.

    Args:
        targets: true class indices.
        probabilities: one column a class, or the probability of class 1 of two.
        weights: one weight a row, or None.

    Returns:
        The metrics by name; all NaN if a probability is not finite or there are no rows.

    Example:
        >>> classification_metrics([0, 1], [[0.9, 0.1], [0.2, 0.8]])["accuracy"]
        1.0
    """
    columns = class_probabilities(probabilities)
    classes = columns.shape[1]
    targets = class_targets(targets, classes)
    check_same_rows(targets, columns)
    if not len(targets) or not np.isfinite(columns).all():
        return dict.fromkeys(CLASSIFICATION, NAN)
    predictions = columns.argmax(axis=1)
    return {
        "accuracy": accuracy(targets, predictions, weights),
        "balanced_accuracy": balanced_accuracy(targets, predictions, weights),
        "f1": f1(targets, predictions, weights, classes=classes),
        "auc": auc(targets, columns, weights),
        "log_loss": log_loss(targets, columns, weights),
        "ece": ece(targets, columns, weights),
    }


def multilabel_metrics(
    targets: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """Return the classification metrics for rows that carry any number of labels.

    accuracy is the share of rows whose known labels are all right; the others are the plain mean
    over the labels (auc over those that have rows on both sides).

    Args:
        targets: 0 or 1, below 0 where it is not known, shape ``(rows, labels)``.
        probabilities: the probability of each label, same shape.
        weights: one weight a row, or None.

    Example:
        >>> multilabel_metrics([[0, 1], [1, 1]], [[0.1, 0.9], [0.8, 0.4]])["accuracy"]
        0.5
    """
    truth, own = known_flags(targets, weights)
    given = np.asarray(probabilities)
    check_same_rows(truth, given)
    if not len(truth) or not np.isfinite(given).all():
        return dict.fromkeys(CLASSIFICATION, NAN)
    each = [classification_metrics(truth[:, i], given[:, i], own[:, i]) for i in range(truth.shape[1])]
    result = {name: _mean_defined([label[name] for label in each]) for name in CLASSIFICATION}
    right = (((given > 0.5) == truth) | (np.asarray(targets) < 0)).all(axis=1)
    return result | {"accuracy": weighted_mean(right, row_weights(len(truth), weights))}


def regression_metrics(
    targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """Return rmse, mae and r2.

    Args:
        targets: true values, ``(rows,)`` or ``(rows, targets)``.
        predictions: predicted values, same shape.
        weights: one weight a row, or None.

    Example:
        >>> regression_metrics([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])["r2"]
        0.5
    """
    truth, guess = as_columns(targets), as_columns(predictions)
    if not len(truth) or not np.isfinite(guess).all():
        check_same_rows(truth, guess)
        return dict.fromkeys(REGRESSION, NAN)
    return {
        "rmse": rmse(truth, guess, weights),
        "mae": mae(truth, guess, weights),
        "r2": r2(truth, guess, weights),
    }


def _mean_defined(values: list[float]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else NAN
