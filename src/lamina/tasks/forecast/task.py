"""Forecasting as a task: what comes next."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wanted import FUTURE
from lamina.data.audit.roles import ON_REQUEST
from lamina.data.forms import reads_as_number
from lamina.data.schema import NOTHING, Schema
from lamina.data.series.links import neighbor_weights, read_links
from lamina.data.series.ordered import ordered
from lamina.data.series.steps import StepTable
from lamina.data.split import Split, SplitKeys, rows_in_order, split_rows
from lamina.modalities import MODALITIES
from lamina.modalities.base import Description, Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.tasks.base import AbstractSelector, AbstractTask, Examples, Roles, Selection
from lamina.tasks.forecast import check
from lamina.tasks.forecast.examiner import Forecasts, firsts_of, steps_of
from lamina.tasks.forecast.guide import ForecastGuide, context_for
from lamina.tasks.forecast.keys import ForecastKeys
from lamina.tasks.forecast.target import ForecastTarget
from lamina.tasks.forecast.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.core.inputs import Inputs
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

FORECAST = "forecast"
SERIES = "numeric"  # what a series is to the modality of its column
_NO_NUMBERS = "not a column of numbers"


class ForecastTask(AbstractTask, AbstractSelector):
    """The next steps of one series or several."""

    name = FORECAST
    summary = "forecasts the next steps of series"
    keys = ForecastKeys
    target_kind = NOTHING
    needs_target = False
    predicts = False
    noun = "step"
    verbs = VERBS
    wants = FUTURE
    guide = ForecastGuide()
    examiner = Forecasts()

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return columns of numbers as series: those that are named as targets, or all.

        Raises:
            DataError: there is no series, or weights or groups are named.
        """
        table, where = claims.table, claims.table.source
        time = given.keys.time or _time_of(claims, given)
        roles, named = Roles((), dataclasses.replace(given.keys, time=time)), given.targets
        rest = next(name for name in MODALITIES if MODALITIES[name].takes_the_rest)

        def describe(claims: Claims, names: Sequence[str], *, keep: Sequence[str]) -> list[Description]:
            return [Description(n, SERIES, reason=_reason(table, n, named)) for n in names]

        claims = dataclasses.replace(claims, modalities={**claims.modalities, **dict.fromkeys(named, rest)})
        schema = assign_roles(claims, roles, task=self.name, target_kind=self.target_kind, describe=describe)
        for role in ("weight", "group"):
            if getattr(given.keys, role) is not None:
                message = f"the task {self.name} has no {role}s"
                raise DataError(message, where=where, fix=f"leave {role}= out")
        if not schema.inputs:
            raise DataError(
                "there is no series to forecast",
                where=where,
                expected="a column of numbers, one row a step",
                received=", ".join(table.names[:6]),
            )
        return schema

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return the rows in the order of time, each with its step."""
        names = [column.name for column in schema.inputs]
        found = ordered(table, names, schema.time)
        rows = StepTable(table.take(found.order), found.steps)

        def cut(shares: SplitKeys, seed: int) -> Split:
            if schema.split is not None:
                return split_rows(rows, schema, seed=seed, valid=shares.valid, test=shares.test)
            return rows_in_order(rows.height, valid=shares.valid, test=shares.test)

        return Selection(rows, split=cut, rule="the last steps validate")

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the order of the rows, and with each series."""
        table, schema = subject.table if other is None else other, subject.schema
        names = [column.name for column in schema.inputs]
        found = ordered(table, names, schema.time)
        yield from check.of_order(table, found, schema.time)
        yield from check.of_series(table, found)

    def fit(self, learned: Learned, keys: ForecastKeys) -> ForecastTarget:
        """Learn scales, calendar and neighbors from training rows.

        Raises:
            DataError: the training steps are too few, or the graph does not fit the series.
        """
        table = learned.table
        if not isinstance(table, StepTable):
            raise TypeError("the rows are no steps: they come from `select`")
        steps, ids = table.steps, table.ids[np.asarray(learned.rows)]
        mean, scale = ForecastTarget.scales(steps, ids)
        calendar = steps.clock.parts(keys.season)
        context = keys.context or context_for(keys.horizon, calendar, len(ids))
        if len(ids) < context + keys.horizon:
            raise DataError(
                "the training steps are too few for one forecast",
                where=table.source,
                expected=f"{context} to look back at and {keys.horizon} to look ahead",
                received=len(ids),
                fix="give more rows, or lower horizon=, context= or valid=",
            )
        neighbors = neighbor_weights(read_links(keys.graph, steps.names)) if keys.graph else None
        time = learned.schema.time
        return ForecastTarget(
            steps.names, mean, scale, context, keys.horizon, calendar, steps.clock, neighbors, time
        )

    def restore(self, stored: Mapping[str, Any], place: str) -> ForecastTarget:
        """Return the target in an artifact's JSON."""
        return ForecastTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: Any, rows: np.ndarray
    ) -> Examples:
        """Return forecasts whose steps are all among the rows; the steps before them may be others."""
        own = steps_of(table, target).take(np.asarray(rows))
        at = firsts_of(own, context=target.context, horizon=target.horizon)
        weight = np.ones(len(at), np.float32)
        return Examples({"x": target.arrays(own.steps, at), "weight": weight}, len(at))

    def objective(self, inputs: Inputs, target: Any, keys: ForecastKeys) -> AbstractObjective:
        """Return the error of the steps that come."""
        from lamina.objectives.forecast import ForecastObjective

        levels = tuple(sorted(keys.quantiles))
        return ForecastObjective(keys.horizon, tuple(target.scale.tolist()), loss=keys.loss, quantiles=levels)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return how good the forecasts are, step by step and series by series, and some of them."""
        from lamina.tasks.forecast.sections import forecast_sections

        return forecast_sections(outcome)


def _reason(table: AbstractTable, name: str, named: Sequence[str]) -> str:
    """Return why a column is no series, or an empty text."""
    if named:
        return "" if name in named else ON_REQUEST
    if name in table.cell_names:
        return _NO_NUMBERS
    column = table.scalar(name)
    return "" if column.storage in ("integer", "float") or reads_as_number(column) else _NO_NUMBERS


def _time_of(claims: Claims, given: Roles) -> str | None:
    """Return the only column of dates, or None."""
    table = claims.table
    busy = {*given.targets, given.keys.split, *given.keys.drop, *table.cell_names}
    dates = [
        name
        for name in table.names
        if name not in busy
        and (table.scalar(name).storage == "datetime" or (table.scalar(name).form or "").startswith("%"))
    ]
    return dates[0] if len(dates) == 1 else None


TASKS.add(FORECAST, ForecastTask())
