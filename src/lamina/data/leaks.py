"""Whether a column gives the target away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.data.spellings import NumberForm
from lamina.data.table import AbstractTable, ScalarColumn

SMALLEST_JUDGED = 20  # rows below which a perfect match may be chance
ROUNDING = 1e-6  # of the range: more than single precision loses, less than any second influence adds


def equals_target(table: AbstractTable, name: str, targets: Sequence[str], *, numbers: bool) -> bool:
    """Return whether a column and a target determine each other.

    Classes: their values map onto each other one to one. Numbers: they are equal up to a factor and an
    offset, as a price in cents and one in euros are. The rows where both are known count.

    Args:
        table: the data.
        name: the column.
        targets: the target columns.
        numbers: whether the targets are numbers.
    """
    if table.height < SMALLEST_JUDGED:
        return False
    column = table.scalar(name)
    same = _proportional if numbers else _one_to_one
    return any(same(column, table.labels(target)) for target in targets)


def _pairs(column: ScalarColumn, target: ScalarColumn) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of both columns where both are known: of a sample first, then of all rows."""
    for size in (1000, len(column)):  # nearly every column fails on the sample
        rows = np.linspace(0, len(column) - 1, min(size, len(column))).astype(np.int64)
        x, y = column.take(rows).numbers(), target.take(rows).numbers()
        known = np.isfinite(x) & np.isfinite(y)
        yield x[known], y[known]


def _are_numbers(column: ScalarColumn, target: ScalarColumn) -> bool:
    """Return whether both columns hold numbers, be it as texts with units, not words or dates."""
    return all(
        one.storage in ("integer", "float") or NumberForm.parse(one.form) is not None
        for one in (column, target)
    )


def _proportional(column: ScalarColumn, target: ScalarColumn) -> bool:
    """Return whether a straight line leads from one column to the other, rounding aside."""
    if not _are_numbers(column, target):
        return False
    for x, y in _pairs(column, target):
        if x.size < SMALLEST_JUDGED or np.ptp(x) == 0 or np.ptp(y) == 0:
            return False
        x, y = (x - x.mean()) / np.ptp(x), (y - y.mean()) / np.ptp(y)
        slope = (x @ y) / (x @ x)
        if np.abs(y - slope * x).max() > ROUNDING:
            return False
    return True


def follows_target(column: ScalarColumn, target: ScalarColumn) -> bool:
    """Return whether a column of numbers is a monotone function of a target, one to one.

    Its logarithm is one, say. A column that only rises or falls down the file is left out of this: in a
    series, time and a growing quantity go together without one telling the other.
    """
    if not _are_numbers(column, target):
        return False
    for x, y in _pairs(column, target):
        if x.size < SMALLEST_JUDGED or not _monotone(x, y):
            return False
        if (np.diff(x) >= 0).all() or (np.diff(x) <= 0).all():
            return False
    return True


def _monotone(x: np.ndarray, y: np.ndarray) -> bool:
    """Return whether ``y`` is a strictly monotone function of ``x``, and takes more than two values."""
    order = np.argsort(y, kind="stable")
    rise_x, rise_y = np.diff(x[order]), np.diff(y[order])
    if not ((rise_x == 0) == (rise_y == 0)).all() or np.count_nonzero(rise_y) < 2:
        return False
    return bool((rise_x >= 0).all() or (rise_x <= 0).all())


def _one_to_one(column: ScalarColumn, target: ScalarColumn) -> bool:
    """Return whether each class has one value of the column and each value one class."""
    if column.storage == "datetime":
        return False
    for size in (1000, len(column)):  # nearly every column fails on the sample
        rows = np.linspace(0, len(column) - 1, min(size, len(column))).astype(np.int64)
        found, wanted = column.take(rows).distinct(), target.take(rows).distinct()
        known = (found.codes >= 0) & (wanted.codes >= 0)
        pairs = np.unique(found.codes[known] * len(wanted.values) + wanted.codes[known])
        if known.sum() < SMALLEST_JUDGED or not pairs.size == len(found.values) == len(wanted.values):
            return False
    return pairs.size > 1
