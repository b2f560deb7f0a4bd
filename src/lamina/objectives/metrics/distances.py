"""Distances between two sets of points, block by block, so that no large table of them is ever kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.core.errors import DataError

BLOCK_VALUES = 1 << 22  # distances of a block: 32 MiB


class Neighbors(NamedTuple):
    """The nearest points of each query, nearest first.

    Args:
        distances: (queries, k).
        rows: numbers of the points, (queries, k).
    """

    distances: NDArray[np.float64]
    rows: NDArray[np.intp]


def as_points(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as points, (rows, features): what an example holds stands side by side.

    Args:
        values: rows first.

    Raises:
        DataError: there is no row.
    """
    points = np.asarray(values, np.float64)
    if points.ndim < 1 or not len(points):
        raise DataError("there are no points to compare", expected="(rows, features)", received=points.shape)
    return points.reshape(len(points), -1)


def nearest(queries: ArrayLike, points: ArrayLike, k: int = 1) -> Neighbors:
    """Return the k nearest points of each query by Euclidean distance, exact, O(queries · points · features).

    Candidates are found by the product ``|a|² + |b|² - 2 a·b``; their distances are then taken from the
    differences themselves, so that a copy has distance 0.

    Args:
        queries: (queries, features).
        points: (points, features).
        k: how many; all points where there are fewer.

    Example:
        >>> nearest([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]], k=2).distances.tolist()
        [[1.0, 5.0]]
    """
    ours, theirs = as_points(queries), as_points(points)
    k = min(k, len(theirs))
    rows = np.empty((len(ours), k), np.intp)
    for own, squares in squared_blocks(ours, theirs):
        rows[own] = np.argpartition(squares, k - 1, axis=1)[:, :k]
    distances = np.stack(
        [np.linalg.norm(ours - theirs[rows[:, place]], axis=1) for place in range(k)], axis=1
    )
    order = np.argsort(distances, axis=1, kind="stable")
    return Neighbors(np.take_along_axis(distances, order, 1), np.take_along_axis(rows, order, 1))


def radii(points: ArrayLike, k: int) -> NDArray[np.float64]:
    """Return the distance of each point to its k-th nearest among the others, (points,).

    Args:
        points: (points, features), more than one.
        k: at most one less than there are points; more are taken as that.

    Raises:
        DataError: there is one point only.
    """
    points = as_points(points)
    if len(points) < 2:
        raise DataError("one point has no neighbors", expected="two rows or more", received=points.shape)
    k = min(k, len(points) - 1)
    return nearest(points, points, k + 1).distances[:, k]  # the nearest one is the point itself


def squared_blocks(
    ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield rows of ours with their squared distances to all of theirs, a block at a time.

    Args:
        ours: (n, features).
        theirs: (m, features).
    """
    middle = theirs.mean(axis=0)  # less is lost in the difference of squares about the origin
    ours, theirs = ours - middle, theirs - middle
    squares = np.square(theirs).sum(axis=1)
    size = max(1, BLOCK_VALUES // len(theirs))
    for start in range(0, len(ours), size):
        own = slice(start, start + size)
        block = ours[own]
        found = np.square(block).sum(axis=1)[:, None] + squares - 2 * (block @ theirs.T)
        yield own, np.maximum(found, 0.0)
