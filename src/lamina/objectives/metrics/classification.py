"""Metrics of predicted classes and of their probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.rows import (
    NAN,
    check_same_rows,
    class_probabilities,
    class_targets,
    group_weights,
    row_weights,
    weighted_mean,
)


def accuracy(targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Share of the rows whose predicted class is the true one.

    Args:
        targets: true class indices.
        predictions: predicted class indices.
        weights: one weight a row, or None.

    Returns:
        0 to 1.

    Example:
        >>> accuracy([0, 1, 2, 2], [0, 1, 1, 2])
        0.75
    """
    targets, predictions = class_targets(targets), class_targets(predictions)
    check_same_rows(targets, predictions)
    return weighted_mean(targets == predictions, row_weights(len(targets), weights))


def confusion_matrix(
    targets: ArrayLike,
    predictions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    classes: int | None = None,
) -> NDArray:
    """Count of rows by true class (down) and predicted class (across).

    Args:
        targets: true class indices.
        predictions: predicted class indices.
        weights: one weight a row, or None.
        classes: the number of classes; by default one more than the largest index.

    Returns:
        A ``(classes, classes)`` array, integers without weights and float64 with them.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 1, 0])
        array([[1, 0],
               [1, 1]])
    """
    targets, predictions = class_targets(targets, classes), class_targets(predictions, classes)
    check_same_rows(targets, predictions)
    size = classes or int(max(targets.max(initial=0), predictions.max(initial=0))) + 1
    given = None if weights is None else row_weights(len(targets), weights)
    counts = np.bincount(targets * size + predictions, weights=given, minlength=size * size)
    return counts.reshape(size, size)


def balanced_accuracy(targets: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean recall over the classes that occur among the targets.

    Args:
        targets: true class indices.
        predictions: predicted class indices.
        weights: one weight a row, or None.

    Returns:
        0 to 1; 1 / classes is chance.

    Example:
        >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        0.5
    """
    support, _, hits = class_sums(targets, predictions, weights)
    present = support > 0
    return float(np.mean(hits[present] / support[present])) if present.any() else NAN


def f1(
    targets: ArrayLike,
    predictions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    classes: int | None = None,
) -> float:
    """Harmonic mean of precision and recall.

    For two classes that of class 1, for more the plain mean over the classes that occur
    among targets or predictions (macro F1).

    Args:
        targets: true class indices.
        predictions: predicted class indices.
        weights: one weight a row, or None.
        classes: the number of classes; by default one more than the largest index, two at least.

    Returns:
        0 to 1.

    Example:
        >>> round(f1([0, 1, 1, 1], [0, 1, 0, 1]), 3)
        0.8
    """
    support, predicted, hits = class_sums(targets, predictions, weights, classes=classes)
    if len(support) <= 2:
        support, predicted, hits = support[1:], predicted[1:], hits[1:]
    present = support + predicted > 0
    if not present.any():
        return 0.0 if np.asarray(targets).size else NAN
    return float(np.mean(2 * hits[present] / (support + predicted)[present]))


def class_sums(
    targets: ArrayLike,
    predictions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    classes: int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each class, the weight of its rows, of its predictions and of its hits.

    Linear in the number of classes, where the confusion matrix is quadratic.
    """
    targets, predictions = class_targets(targets, classes), class_targets(predictions, classes)
    check_same_rows(targets, predictions)
    size = classes or max(2, int(max(targets.max(initial=0), predictions.max(initial=0))) + 1)
    given = row_weights(len(targets), weights)
    return (
        group_weights(targets, given, size),
        group_weights(predictions, given, size),
        group_weights(targets, given * (targets == predictions), size),
    )


def log_loss(targets: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean negative logarithm (nats) of the probability given to the true class.

    Probabilities are clipped to ``[eps, 1 - eps]`` of their own precision, as scikit-learn does.

    Args:
        targets: true class indices.
        probabilities: one column a class, or the probability of class 1 of two.
        weights: one weight a row, or None.

    Returns:
        0 or more; ``log(classes)`` is an even guess.

    Example:
        >>> round(log_loss([0, 1], [[0.5, 0.5], [0.5, 0.5]]), 4)
        0.6931
    """
    columns = class_probabilities(probabilities)
    targets = class_targets(targets, columns.shape[1])
    check_same_rows(targets, columns)
    return weighted_mean(row_log_loss(targets, columns), row_weights(len(targets), weights))


def row_log_loss(targets: NDArray[np.intp], probabilities: NDArray) -> NDArray[np.float64]:
    """Return the negative logarithm of the true class's probability, one value a row."""
    smallest = np.finfo(probabilities.dtype).eps
    given = probabilities[np.arange(len(targets)), targets]
    return -np.log(np.clip(given, smallest, 1 - smallest).astype(np.float64))
