"""Rows of unequal length that stand for an array filled up to one length."""

from __future__ import annotations

import numpy as np

SHORTEST = 16  # the least length class; each further one is twice as long
FEWEST = 0.08  # share of the rows that a length class has at least: each costs a compilation


class Ragged:
    """Rows of unequal length, which are filled up when they are asked for.

    It has the ``shape``, ``dtype``, ``nbytes`` and length of the array (rows, length) that it stands for.
    What `take` returns is as long as the longest *length class* of the rows that were asked for, so that a
    batch of short rows costs what short rows cost, and few programs are compiled: one a class.

    Args:
        values: of all rows, one row after another.
        ends: where each row ends in them; no row is longer than ``length``.
        length: of the longest class.
        fill: the value behind the end of a row.
        classes: the length class of each row, where another array decides too; by its own length without.

    Example:
        >>> rows = Ragged(np.arange(5), np.array([2, 5]), length=40, fill=-1)
        >>> rows.shape, rows.take(np.array([1])).shape
        ((2, 40), (1, 16))
    """

    def __init__(
        self,
        values: np.ndarray,
        ends: np.ndarray,
        *,
        length: int,
        fill: float,
        classes: np.ndarray | None = None,
    ):
        self.values, self.ends, self.fill = values, ends, fill
        self.lengths = np.diff(ends, prepend=0)
        self.shape, self.dtype = (len(ends), length), values.dtype
        self.classes = length_classes(self.lengths, length) if classes is None else classes

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return some rows, filled up to the longest of their classes.

        Args:
            rows: indices, in any order.
        """
        rows = np.asarray(rows)
        length = int(self.classes[rows].max(initial=SHORTEST if len(rows) else self.shape[1]))
        lengths = np.minimum(self.lengths[rows], length)
        found = np.full((len(rows), length), self.fill, self.dtype)
        within = np.arange(length)[None, :] < lengths[:, None]
        starts = self.ends[rows] - self.lengths[rows]
        found[within] = self.values[(starts[:, None] + np.arange(length)[None, :])[within]]
        return found


def length_classes(lengths: np.ndarray, longest: int) -> np.ndarray:
    """Return the length class of each row: powers of two, those of few rows joined with the next.

    Args:
        lengths: of the rows.
        longest: the longest class.

    Example:
        >>> length_classes(np.array([3, 20, 50, 17] * 5), 100).tolist()[:4]
        [16, 32, 64, 32]
    """
    found = np.full(len(lengths), longest, np.int32)
    open_rows, width = np.ones(len(lengths), bool), SHORTEST
    while width < longest:
        own = open_rows & (lengths <= width)
        if own.sum() >= FEWEST * len(lengths):
            found[own] = width
            open_rows &= ~own
        width *= 2
    return found
