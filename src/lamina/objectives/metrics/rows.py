"""What every metric does first: check that its arrays fit together, weigh the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.core.errors import ShapeError

NAN = float("nan")


def row_weights(rows: int, weights: ArrayLike | None) -> NDArray[np.float64]:
    """Return one float64 weight a row; ones where none are given.

    Args:
        rows: the number of rows.
        weights: non-negative numbers, one a row, or None.

    Raises:
        ShapeError: there are not as many weights as rows.
    """
    if weights is None:
        return np.ones(rows)
    values = np.asarray(weights, np.float64).reshape(-1)
    if len(values) != rows:
        raise ShapeError("weights do not fit the rows", expected=f"{rows} weights", received=len(values))
    return values


def known_flags(
    targets: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return flags of 0 and 1, and a weight for each, which is 0 where the flag is not known.

    Args:
        targets: 0 or 1, below 0 where it is not known, ``(rows, labels)``.
        weights: one weight a row, or None.

    Example:
        >>> truth, own = known_flags([[1.0, -1.0]], None)
        >>> truth.tolist(), own.tolist()
        ([[1, 0]], [[1.0, 0.0]])
    """
    flags = np.asarray(targets).astype(np.intp)
    return np.maximum(flags, 0), row_weights(len(flags), weights)[:, None] * (flags >= 0)


def weighted_mean(values: NDArray, weights: NDArray[np.float64]) -> float:
    """Return the weighted mean of one value a row, or NaN where the weights sum to zero."""
    total = weights.sum()
    return float(weights @ values / total) if total > 0 else NAN


def group_weights(group: NDArray[np.intp], weights: NDArray, groups: int) -> NDArray[np.float64]:
    """Return the sum of the weights of each group."""
    return np.asarray(np.bincount(group, weights, groups), np.float64)


def class_targets(targets: ArrayLike, classes: int | None = None) -> NDArray[np.intp]:
    """Return class indices as a flat integer array, checked against the number of classes.

    Args:
        targets: class indices, one a row.
        classes: the number of classes, or None if it is not known.

    Raises:
        ShapeError: an index is negative or not below ``classes``.
    """
    indices = np.asarray(targets).reshape(-1).astype(np.intp)
    if len(indices) and (indices.min() < 0 or (classes is not None and indices.max() >= classes)):
        raise ShapeError(
            "a class index is out of range",
            expected=f"0 to {classes - 1}" if classes else "0 or more",
            received=f"{indices.min()} to {indices.max()}",
        )
    return indices


def class_probabilities(probabilities: ArrayLike) -> NDArray:
    """Return probabilities with one column a class; a single column is the second class of two.

    Args:
        probabilities: shape ``(rows,)``, ``(rows, 1)`` or ``(rows, classes)``.
    """
    array = np.asarray(probabilities)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if array.ndim == 2 and array.shape[1] > 1:
        return array
    positive = array.reshape(-1)
    return np.stack([1 - positive, positive], axis=1)


def check_same_rows(first: NDArray, second: NDArray) -> None:
    """Raise a ShapeError unless both arrays have the same number of rows."""
    if len(first) != len(second):
        raise ShapeError(
            "targets and outputs differ in their number of rows",
            expected=f"{len(first)} rows of outputs",
            received=len(second),
        )
