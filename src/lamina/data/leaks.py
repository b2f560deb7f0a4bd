"""Whether a column is the target in other words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.data.table import AbstractColumn, AbstractTable

SMALLEST_JUDGED = 20  # rows below which a perfect match may be chance


def equals_target(table: AbstractTable, name: str, targets: Sequence[str], task: str) -> bool:
    """Return whether a column and a target determine each other.

    Classes: their values map onto each other one to one. Numbers: sorted by the one, the other is sorted
    too, ties with ties. For each, the rows where both are known are looked at.
    """
    if table.height < SMALLEST_JUDGED:
        return False
    column = table.column(name)
    same = _same_order if task == "regression" else _one_to_one
    return any(same(column, table.labels(target)) for target in targets)


def _same_order(column: AbstractColumn, target: AbstractColumn) -> bool:
    """Return whether two columns of numbers put the rows in the same, or just the opposite, order."""
    if column.storage in ("string", "datetime") or target.storage == "string":
        return False
    for size in (1000, len(column)):  # nearly every column fails on the sample
        rows = np.linspace(0, len(column) - 1, min(size, len(column))).astype(np.int64)
        x, y = column.take(rows).numbers(), target.take(rows).numbers()
        known = ~(np.isnan(x) | np.isnan(y))
        x, y = x[known], y[known]
        if x.size < SMALLEST_JUDGED or not _monotone(x, y):
            return False
    return True


def _monotone(x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether ``y`` is a strictly monotone function of ``x``, and takes more than two values."""
    order = np.argsort(y, kind="stable")
    rise_x, rise_y = np.diff(x[order]), np.diff(y[order])
    if not ((rise_x == 0) == (rise_y == 0)).all() or np.count_nonzero(rise_y) < 2:
        return False
    return bool((rise_x >= 0).all() or (rise_x <= 0).all())


def _one_to_one(column: AbstractColumn, target: AbstractColumn) -> bool:
    """Return whether each class has one value of the column and each value one class."""
    if column.storage == "datetime":
        return False
    wanted = target.distinct()
    head = column.take(np.arange(min(len(column), 2000)))
    if len(head.distinct().values) > len(wanted.values) or len(wanted.values) < 2:
        return False
    found = column.distinct()
    if len(found.values) != len(wanted.values):
        return False
    known = (found.codes >= 0) & (wanted.codes >= 0)
    pairs = np.unique(found.codes[known] * len(wanted.values) + wanted.codes[known])
    return known.sum() >= SMALLEST_JUDGED and pairs.size == len(wanted.values)
