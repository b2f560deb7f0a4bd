"""What comes after the last row, and how far forecasts of the rows would have been off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.series.calendar import written
from lamina.data.table import free_name
from lamina.tasks.forecast.baselines import last_values, season_before, season_of
from lamina.tasks.forecast.examiner import judged_firsts, steps_of, too_few_steps, values_from
from lamina.tasks.forecast.target import ForecastTarget

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


def forecast_columns(network: Any, table: AbstractTable) -> dict[str, np.ndarray]:
    """Return the steps that come after the last row, one row each.

    Args:
        network: trained.
        table: the rows before, at least as many as the network looks back.

    Returns:
        The time, or how many steps ahead, then each series; of quantiles a column for each, as ``sales_0.9``.

    Raises:
        DataError: there are too few rows, or a series is absent.
    """
    target: ForecastTarget = network.target
    steps = steps_of(table, target).steps
    if steps.count < target.context:
        raise DataError(
            "there are too few rows to look back at",
            where=table.source,
            expected=f"at least {target.context}, the network's context",
            received=steps.count,
        )
    found = network.decoded(target.arrays(steps, np.array([steps.count])))[0]
    levels = network.objective.quantiles
    ahead = np.arange(1, target.horizon + 1)
    columns: dict[str, np.ndarray] = {}
    if steps.times is None or target.time is None:
        columns[free_name("step", target.series)] = ahead
    else:
        times = target.clock.after(steps.times, target.horizon)
        columns[target.time] = written(times) if target.clock.dated else times
    for name, own in zip(target.series, found, strict=True):
        if levels:
            columns[name] = own[:, levels.index(0.5)]
            columns |= {
                f"{name}_{level:g}": own[:, place] for place, level in enumerate(levels) if level != 0.5
            }
        else:
            columns[name] = own
    return columns


@dataclass(frozen=True)
class Backtest:
    """Errors of forecasts of what is known by now, in the series' own units.

    Args:
        forecasts: how many there were.
        series: names.
        rmse: method → root of the mean squared error of each step and series, (horizon, series).
        mae: method → mean absolute error, (horizon, series).
    """

    forecasts: int
    series: tuple[str, ...]
    rmse: Mapping[str, np.ndarray]
    mae: Mapping[str, np.ndarray]

    def upto(self, steps: int) -> dict[str, dict[str, float]]:
        """Return rmse and mae of each method over the first steps and all series.

        Args:
            steps: of the horizon.
        """
        return {
            method: {
                "rmse": float(np.sqrt(np.nanmean(self.rmse[method][:steps] ** 2))),
                "mae": float(np.nanmean(self.mae[method][:steps])),
            }
            for method in self.rmse
        }


def backtest(network: Any, table: AbstractTable, *, last: int = 0) -> Backtest:
    """Return how far forecasts from each step would have been off, beside those of naive methods.

    Args:
        network: trained.
        table: the rows; what the network learned from should not be among those that are forecast.
        last: forecast only these last rows; 0: all that have enough rows before them.

    Raises:
        DataError: there are too few rows for one forecast.
    """
    target: ForecastTarget = network.target
    rows = steps_of(table, target)
    if last:
        rows = rows.take(np.arange(max(0, rows.height - last), rows.height))
    at = judged_firsts(rows, target)
    if not len(at):
        raise too_few_steps(table, rows, target)
    known = values_from(rows.steps, at, target.horizon)
    decoded = network.objective.point(network.decoded(target.arrays(rows.steps, at)))
    methods = {"network": decoded, "last value": last_values(rows.steps, at, target.horizon)}
    season = season_of(target)
    if season:
        methods["season before"] = season_before(rows.steps, at, target.horizon, season)
    errors = {name: found.astype(np.float64) - known for name, found in methods.items()}
    with np.errstate(all="ignore"):
        rmse = {name: np.sqrt(_mean(error**2)).T for name, error in errors.items()}
        mae = {name: _mean(np.abs(error)).T for name, error in errors.items()}
    return Backtest(len(at), target.series, rmse, mae)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over forecasts, NaN where none is known."""
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
