"""From rows to steps: sorted by time, evenly spaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.series.calendar import Clock
from lamina.data.series.steps import Steps
from lamina.data.spellings import NumberForm
from lamina.data.split import time_order
from lamina.data.table import AbstractTable

MOST_LEFT_OUT = 0.2  # share of the steps that rows may be absent for, times being evenly spaced none the less


@dataclass(frozen=True)
class Ordered:
    """Rows in the order of time.

    Args:
        steps: of all series.
        order: the row of each step that has one.
        is_even: whether the steps are as far apart as the clock says; else each row is the next step.
    """

    steps: Steps
    order: np.ndarray
    is_even: bool

    @property
    def absent(self) -> int:
        """How many steps between the first and the last have no row."""
        return self.steps.count - len(self.order)


def is_dated(table: AbstractTable, name: str) -> bool:
    """Return whether a column holds dates.

    Args:
        table: the data.
        name: of a column of times.
    """
    column = table.scalar(name)
    as_text = column.storage == "string" and NumberForm.parse(column.form) is None
    return as_text or column.storage == "datetime"


def ordered(
    table: AbstractTable, names: Sequence[str], time: str | None, clock: Clock | None = None
) -> Ordered:
    """Return the rows of a table as steps.

    Steps that are left out of evenly spaced times are gaps, up to a fifth of all; where more would be, each
    row is the next step.

    Args:
        table: the data.
        names: columns of the series.
        time: column of times, or None: the rows stand in their order.
        clock: of the training data; by the times without.

    Raises:
        DataError: a column is absent, a time cannot be read, or two rows have the same one.
    """
    for name in names:
        table.require(name, "series")
    values = np.stack([table.scalar(name).numbers() for name in names], axis=1)
    rows = np.arange(table.height)
    if time is None:
        return Ordered(Steps(tuple(names), values, None, rows), rows, is_even=True)
    table.require(time, "time column")
    times = time_order(table, time)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    same = np.flatnonzero(np.diff(times) == 0)
    if same.size:
        row = int(order[same[0] + 1])
        raise DataError(
            "two rows have the same time",
            where=table.where(row, time),
            received=repr(table.scalar(time).value(row)),
            fix="give each series a column of its own: one row a time",
        )
    clock = clock or Clock.of(times, dated=is_dated(table, time))
    gaps = clock.between(times) if clock.interval else np.ones(max(0, len(times) - 1), np.int64)
    at = np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64)
    count = int(at[-1]) + 1
    if (gaps < 1).any() or count - len(at) > MOST_LEFT_OUT * count:
        return Ordered(Steps(tuple(names), values, times, rows, clock), order, is_even=False)
    whole = np.full((count, len(names)), np.nan)
    whole[at] = values
    between = np.interp(np.arange(count), at, times)
    return Ordered(Steps(tuple(names), whole, between, at, clock), order, is_even=True)
