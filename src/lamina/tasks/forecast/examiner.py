"""What a network of series is asked: forecasts from every step that can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.sample import sample_indices
from lamina.data.series.ordered import ordered
from lamina.data.series.steps import STEP, StepColumn, Steps, first_steps
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.forecast.target import ForecastTarget, steps_in

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

MOST_JUDGED = 1 << 25  # numbers that are forecast to measure a network


def steps_of(table: AbstractTable, target: ForecastTarget) -> StepColumn:
    """Return the steps of a table: those that the task put beside the rows, or the rows in their order.

    Args:
        table: the data.
        target: fitted.

    Raises:
        DataError: a series is absent, or the times cannot be read.
    """
    found = steps_in(table)
    if found is not None:
        return found
    return StepColumn(STEP, ordered(table, target.series, target.time, target.clock).steps)


def firsts_of(column: StepColumn, *, context: int, horizon: int) -> np.ndarray:
    """Return the steps with which forecasts of a column's rows begin.

    Args:
        column: of the rows.
        context: steps to look back.
        horizon: steps to look ahead.
    """
    return first_steps(column.steps.with_gaps(column.ids), context=context, horizon=horizon)


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
        column = steps_of(table, target)
        at = judged_firsts(column, target)
        if not len(at):
            raise too_few_steps(table, column, target)
        values = values_from(column.steps, at, target.horizon)
        return Asked(target.arrays(column.steps, at), values, is_by_row=False)


def judged_firsts(column: StepColumn, target: ForecastTarget) -> np.ndarray:
    """Return the first step of each forecast that is judged, evenly spaced where there are very many.

    Args:
        column: of the rows.
        target: fitted.
    """
    at = firsts_of(column, context=target.context, horizon=target.horizon)
    most = max(1, MOST_JUDGED // (len(target.series) * target.horizon))
    return at[np.asarray(sample_indices(len(at), most))]


def too_few_steps(table: AbstractTable, column: StepColumn, target: ForecastTarget) -> DataError:
    """Return the error for data too short for one forecast and what came.

    Args:
        table: the data.
        column: their steps.
        target: fitted.
    """
    return DataError(
        "there are too few steps for one forecast",
        where=table.source,
        expected=f"{target.context} steps to look back at and {target.horizon} to compare with",
        received=len(column),
        fix="give more rows, or fit with a shorter context= or horizon=",
    )
