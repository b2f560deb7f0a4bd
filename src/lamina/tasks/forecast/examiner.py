"""What a network of series is asked: forecasts from every step that can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.sample import sample_indices
from lamina.data.series.ordered import ordered
from lamina.data.series.steps import Steps, StepTable, first_steps
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.forecast.target import ForecastTarget

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

MOST_JUDGED = 1 << 25  # numbers that are forecast to measure a network


def steps_of(table: AbstractTable, target: ForecastTarget) -> StepTable:
    """Return a table as steps: as the task made it, or its rows in the order of time.

    Args:
        table: the data.
        target: fitted.

    Raises:
        DataError: a series is absent, or the times cannot be read.
    """
    if isinstance(table, StepTable):
        return table
    found = ordered(table, target.series, target.time, target.clock)
    return StepTable(table.take(found.order), found.steps)


def firsts_of(rows: StepTable, *, context: int, horizon: int) -> np.ndarray:
    """Return the steps with which forecasts of some rows begin.

    Args:
        rows: as steps.
        context: steps to look back.
        horizon: steps to look ahead.
    """
    return first_steps(rows.steps.with_gaps(rows.ids), context=context, horizon=horizon)


def values_from(steps: Steps, at: np.ndarray, horizon: int) -> np.ndarray:
    """Return what came, (forecasts, series, horizon), NaN where nothing was measured.

    Args:
        steps: of all series.
        at: first step of each forecast.
        horizon: steps of a forecast.
    """
    return steps.values[at[:, None] + np.arange(horizon)].swapaxes(1, 2)


class Forecasts(AbstractExaminer):
    """A forecast from every step whose horizon is known, fewer of very many."""

    is_by_row = False

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return the forecasts and what came.

        Raises:
            DataError: there are too few steps for one forecast.
        """
        rows = steps_of(table, target)
        at = judged_firsts(rows, target)
        if not len(at):
            raise too_few_steps(table, rows, target)
        values = values_from(rows.steps, at, target.horizon)
        return Asked(target.arrays(rows.steps, at), values, is_by_row=False)


def judged_firsts(rows: StepTable, target: ForecastTarget) -> np.ndarray:
    """Return the first step of each forecast that is judged, evenly spaced where there are very many.

    Args:
        rows: as steps.
        target: fitted.
    """
    at = firsts_of(rows, context=target.context, horizon=target.horizon)
    most = max(1, MOST_JUDGED // (len(target.series) * target.horizon))
    return at[np.asarray(sample_indices(len(at), most))]


def too_few_steps(table: AbstractTable, rows: StepTable, target: ForecastTarget) -> DataError:
    """Return the error for data too short for one forecast and what came.

    Args:
        table: the data.
        rows: the same as steps.
        target: fitted.
    """
    return DataError(
        "there are too few steps for one forecast",
        where=table.source,
        expected=f"{target.context} steps to look back at and {target.horizon} to compare with",
        received=rows.height,
        fix="give more rows, or fit with a shorter context= or horizon=",
    )
