"""Steps of series as rows: numbers in the order of time, and a column whose cells are steps."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellColumn
from lamina.data.hashing import mixed
from lamina.data.series.calendar import NO_CLOCK, Clock

STEP = "step"


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


class StepColumn(CellColumn):
    """A column whose values are steps; all series go with it, whichever rows are taken.

    Args:
        name: the name of the column.
        steps: all of them.
        ids: the step of each row; all that have one without.
    """

    storage = STEP
    in_memory = True

    def __init__(self, name: str, steps: Steps, ids: np.ndarray | None = None):
        self.name, self.steps = name, steps
        self.ids = steps.measured if ids is None else ids

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> StepColumn:
        """Return the column at the given rows, of the same series."""
        return StepColumn(self.name, self.steps, self.ids[rows])

    def named(self, name: str) -> StepColumn:
        """Return the same steps under a name."""
        return StepColumn(name, self.steps, self.ids)

    def missing(self) -> np.ndarray:
        """Return false for every row: each is a step."""
        return np.zeros(len(self), bool)

    def place(self, row: int) -> str:
        """Return an empty text: steps have no path."""
        return ""

    def unlabeled(self, source: str) -> DataError:
        """Return the error for steps without anything beside them."""
        return DataError("there is nothing but the numbers of steps", where=source, fix="add a series")

    def files(self) -> list[str]:
        """Return no files: the numbers stand in the table."""
        return []

    def digests(self) -> np.ndarray:
        """Return uint64 for each step: no two are alike, whatever they hold."""
        return mixed(np.zeros(len(self), np.uint64), self.ids.astype(np.uint64))

    def value(self, row: int) -> str:
        """Return the number of the step."""
        return f"step {self.ids[row]}"


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
