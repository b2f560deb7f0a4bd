"""Energy distance: how unlike two sets of points are, in a few dimensions, without any model of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.distances import as_points, squared_blocks


def energy_distance(samples: ArrayLike, real: ArrayLike) -> float:
    """Return the energy distance of two sets of points, O(rows² · features): 0 for equal distributions only.

    ``2 E|X - Y| - E|X - X'| - E|Y - Y'|``, each mean over pairs of two different points, so that the figure
    is not too large for few points; it may then lie slightly below zero.

    Args:
        samples: (rows, features), two rows at least.
        real: (rows, features).

    Example:
        >>> energy_distance([[0.0], [0.0]], [[1.0], [1.0]])
        2.0

    References:
        Székely, Rizzo. Energy statistics: a class of statistics based on distances. Journal of Statistical
        Planning and Inference 143, 2013.
    """
    ours, theirs = as_points(samples), as_points(real)
    n, m = len(ours), len(theirs)
    between = _sum(ours, theirs) / (n * m)
    return float(2 * between - _sum(ours, ours) / (n * (n - 1)) - _sum(theirs, theirs) / (m * (m - 1)))


def _sum(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Return the sum of all distances between two sets of points."""
    return sum(float(np.sqrt(squares).sum()) for _, squares in squared_blocks(ours, theirs))
