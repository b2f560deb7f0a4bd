"""Steps of series: numbers in the order of time, and a table whose rows are steps."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.data.series.calendar import NO_CLOCK, Clock
from lamina.data.table import NOTHING, AbstractColumn, AbstractTable, ScalarColumn


@dataclass(frozen=True)
class Steps:
    """Several series, step by step.

    Args:
        names: of the series.
        values: float64 (steps, series), NaN where nothing was measured.
        times: increasing, or None: seconds since 1970, or numbers as they are given.
        measured: the steps that a row was given for, increasing; others lie between and hold NaN.
        clock: the usual distance of two steps.
    """

    names: tuple[str, ...]
    values: np.ndarray
    times: np.ndarray | None
    measured: np.ndarray
    clock: Clock = NO_CLOCK

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self.values)

    @functools.cached_property
    def known(self) -> np.ndarray:
        """Which numbers were measured, bool (steps, series)."""
        return ~np.isnan(self.values)

    @functools.cached_property
    def filled(self) -> np.ndarray:
        """The values, each gap filled by the last one before it; NaN where there is none yet."""
        rows = np.where(self.known, np.arange(self.count)[:, None], 0)
        return np.take_along_axis(self.values, np.maximum.accumulate(rows, axis=0), axis=0)

    def with_gaps(self, ids: np.ndarray) -> np.ndarray:
        """Return some steps, and those without a row between two of them.

        Args:
            ids: steps that rows were given for.
        """
        given, steps = np.zeros(self.count, bool), np.arange(self.count)
        given[ids] = True
        own = np.zeros(self.count, bool)
        own[self.measured] = True
        before = np.maximum.accumulate(np.where(own, steps, 0))
        after = np.minimum.accumulate(np.where(own, steps, self.count - 1)[::-1])[::-1]
        return np.flatnonzero(given | (~own & given[before] & given[after]))


class StepTable(AbstractTable):
    """Rows that are steps; all series go with them, whichever rows are taken.

    Args:
        rows: in the order of time.
        steps: of all series.
        ids: the step of each row; all that have one without.
    """

    def __init__(self, rows: AbstractTable, steps: Steps, ids: np.ndarray | None = None):
        self.rows, self.steps = rows, steps
        self.ids = steps.measured if ids is None else ids
        self.names, self.height, self.source = rows.names, rows.height, rows.source
        self.first_line, self.lines = rows.first_line, rows.lines
        self.files, self.unlabeled = rows.files, rows.unlabeled

    @property
    def cell_names(self) -> tuple[str, ...]:
        """The columns whose cells are things."""
        return self.rows.cell_names

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns that may hold texts."""
        return self.rows.text_names

    @property
    def strict(self) -> bool:
        """Whether a missing cell is a fault."""
        return self.rows.strict

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside while reading."""
        return self.rows.remarks

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What had to be guessed while reading."""
        return self.rows.doubts

    def place(self, row: int) -> str:
        """Return the place of a row in words."""
        return self.rows.place(row)

    def column(self, name: str) -> AbstractColumn:
        """Return a column."""
        return self.rows.column(name)

    def labels(self, name: str) -> ScalarColumn:
        """Return a column of scalars exactly as it was given."""
        return self.rows.labels(name)

    def take(self, rows: np.ndarray) -> StepTable:
        """Return the table at the given rows, of the same series."""
        return StepTable(self.rows.take(rows), self.steps, self.ids[rows])

    def drop(self, names: Sequence[str]) -> StepTable:
        """Return the table without the given columns; the steps stay as they are."""
        return StepTable(self.rows.drop(names), self.steps, self.ids)

    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> StepTable:
        """Return the table with some columns read in another way; the steps stay as they are."""
        return StepTable(self.rows.changed(forms=forms, values=values), self.steps, self.ids)


def first_steps(ids: np.ndarray, *, context: int, horizon: int) -> np.ndarray:
    """Return the steps with which a forecast may begin: ``horizon`` steps from there on are all given.

    Args:
        ids: the steps that may be forecast.
        context: steps that have to lie before, given or not.
        horizon: steps of a forecast.

    Example:
        >>> first_steps(np.array([0, 1, 2, 3, 4, 7, 8]), context=1, horizon=2).tolist()
        [1, 2, 3, 7]
    """
    if not len(ids):
        return np.zeros(0, np.int32)
    given = np.zeros(int(ids.max()) + 2, np.int64)
    given[ids + 1] = 1
    sums = np.cumsum(given)
    starts = np.arange(context, len(sums) - horizon)
    return starts[sums[starts + horizon] - sums[starts] == horizon].astype(np.int32)
