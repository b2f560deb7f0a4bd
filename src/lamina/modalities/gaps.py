"""Rows that lack a block: which ones, and zeros where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import AbstractEncoder, Arrays, Block


def presence(block: Block, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray | None:
    """Return which rows have a block; None for one that no row may lack, as the columns of a table are.

    Args:
        block: the block.
        table: the data, claimed.
        rows: indices of rows; all without.
    """
    name = block.columns[0].name
    if block.modality.shares_block or name not in table.names:
        return None
    found = ~table.column(name).missing()
    return found if rows is None else found[rows]


def with_gaps(
    encoder: AbstractEncoder, table: AbstractTable, rows: np.ndarray | None, present: np.ndarray
) -> Arrays:
    """Return the arrays of a block with zeros for the rows that lack it.

    Args:
        encoder: of the block.
        table: the data, claimed.
        rows: indices of rows, or None for all.
        present: which of them have the block.
    """
    if present.all():
        return encoder.transform(table, rows)
    rows = np.arange(table.height) if rows is None else np.asarray(rows)
    return _spread(encoder.transform(table, rows[present]), present)


def _spread(arrays: Any, present: np.ndarray) -> Any:
    if isinstance(arrays, dict):
        return {name: _spread(array, present) for name, array in arrays.items()}
    if not isinstance(arrays, np.ndarray):
        return GappedStream(arrays, present)
    found = np.zeros((len(present), *arrays.shape[1:]), arrays.dtype)
    found[present] = arrays
    return found


class GappedStream:
    """A stream of the rows that have a block, as a stream of all rows.

    Args:
        stream: whatever has ``shape``, ``dtype`` and ``take``.
        present: which rows have the block, as many as the stream is long.

    Example:
        >>> stream = GappedStream(np.array([1, 2]), np.array([True, False, True]))
        >>> stream.take(np.array([2, 1])).tolist()
        [2, 0]
    """

    def __init__(self, stream: Any, present: np.ndarray):
        self.stream, self.present = stream, present
        self.places = np.cumsum(present) - 1
        self.shape, self.dtype = (len(present), *stream.shape[1:]), stream.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return int(np.prod(self.shape, dtype=object)) * np.dtype(self.dtype).itemsize

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return some rows, zeros for those that lack the block.

        Args:
            rows: indices, in any order.
        """
        rows = np.asarray(rows)
        present = self.present[rows]
        if not present.any():
            return np.zeros((len(rows), *self.shape[1:]), self.dtype)
        taken = self.stream.take(self.places[rows[present]])  # perhaps shorter, of rows of unequal length
        found = np.zeros((len(rows), *taken.shape[1:]), self.dtype)
        found[present] = taken
        return found
