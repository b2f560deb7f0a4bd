"""Whether a column gives the target away."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from lamina.data.spellings import NumberForm
from lamina.data.table import AbstractTable, Distinct, ScalarColumn

SMALLEST_JUDGED = 20  # rows below which a perfect match may be chance
SAMPLE = 1000  # rows
ROUNDING = 1e-6  # of the range: more than single precision loses, less than any second influence adds


class LeakJudge:
    """Whether columns of a table and a target determine each other.

    Classes: their values map onto each other one to one. Numbers: they are equal up to a factor and an
    offset, as a price in cents and one in euros are. The rows where both are known count. What is needed of
    the targets is computed once, so that a column costs a look at a sample of its rows.

    Args:
        table: the data.
        targets: the target columns.
        numbers: whether the targets are numbers.
    """

    def __init__(self, table: AbstractTable, targets: Sequence[str], *, numbers: bool):
        self._table, self._targets = table, targets
        self._same = _proportional if numbers else _one_to_one

    def __call__(self, name: str) -> bool:
        """Return whether a column gives a target away."""
        if self._table.height < SMALLEST_JUDGED:
            return False
        column = self._table.scalar(name)
        return any(self._same(column, target) for target in self._wanted)

    @functools.cached_property
    def _wanted(self) -> list[_Target]:
        return [_Target(self._table.labels(target)) for target in self._targets]


class _Target:
    """A target, and its values in a sample of the rows and in all of them, each found once."""

    def __init__(self, column: ScalarColumn):
        self.column, self.storage = column, column.storage
        self._numbers: dict[int, np.ndarray] = {}
        self._distinct: dict[int, Distinct] = {}

    def numbers(self, rows: np.ndarray) -> np.ndarray:
        """Return its numbers at the rows of a sample."""
        if rows.size not in self._numbers:
            self._numbers[rows.size] = _taken(self.column, rows).numbers()
        return self._numbers[rows.size]

    def distinct(self, rows: np.ndarray) -> Distinct:
        """Return its values at the rows of a sample."""
        if rows.size not in self._distinct:
            self._distinct[rows.size] = _taken(self.column, rows).distinct()
        return self._distinct[rows.size]


def _samples(height: int) -> Iterator[np.ndarray]:
    """Yield the rows that are looked at: a sample first, as nearly every column fails there, then all."""
    for size in sorted({min(SAMPLE, height), height}):
        yield np.linspace(0, height - 1, size).astype(np.int64)


def _taken(column: ScalarColumn, rows: np.ndarray) -> ScalarColumn:
    """Return a column at the rows of a sample; the column itself where these are all."""
    return column if rows.size == len(column) else column.take(rows)


def _pairs(column: ScalarColumn, target: _Target) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of both columns where both are known, sample by sample."""
    for rows in _samples(len(column)):
        x, y = _taken(column, rows).numbers(), target.numbers(rows)
        known = np.isfinite(x) & np.isfinite(y)
        yield x[known], y[known]


def _are_numbers(column: ScalarColumn, target: _Target) -> bool:
    """Return whether both columns hold numbers, be it as texts with units, not words or dates."""
    return all(
        one.storage in ("integer", "float") or NumberForm.parse(one.form) is not None
        for one in (column, target.column)
    )


def _proportional(column: ScalarColumn, target: _Target) -> bool:
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
    wanted = _Target(target)
    if not _are_numbers(column, wanted):
        return False
    for x, y in _pairs(column, wanted):
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


def _one_to_one(column: ScalarColumn, target: _Target) -> bool:
    """Return whether each class has one value of the column and each value one class."""
    if column.storage == "datetime":
        return False
    pairs = np.empty(0)
    for rows in _samples(len(column)):
        found, wanted = _taken(column, rows).distinct(), target.distinct(rows)
        known = (found.codes >= 0) & (wanted.codes >= 0)
        pairs = np.unique(found.codes[known] * len(wanted.values) + wanted.codes[known])
        if known.sum() < SMALLEST_JUDGED or not pairs.size == len(found.values) == len(wanted.values):
            return False
    return pairs.size > 1
