"""What people do with a network of series: look ahead, and look how good it would have been."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.keys import NOT_NEGATIVE, key
from lamina.tasks.base import Verb

if TYPE_CHECKING:
    from lamina.tasks.forecast.ahead import Backtest


@dataclass(frozen=True)
class AheadKeys:
    """The keys of a forecast."""

    data: Any = key(None, "the rows before: the forecast begins after the last one")  # noqa: RUF009


@dataclass(frozen=True)
class BacktestKeys:
    """The keys of a backtest."""

    data: Any = key(None, "rows to forecast, with those before them")  # noqa: RUF009
    last: int = key(0, "forecast only these last rows; 0: all", **NOT_NEGATIVE)


def _read(network: Any, data: Any, verb: str) -> Any:
    if data is None:
        raise ConfigError("there are no rows", expected="a path or a table", fix=f"{verb}(data)")
    return network.read(data)


def _ahead(network: Any, keys: AheadKeys) -> Mapping[str, np.ndarray]:
    from lamina.tasks.forecast.ahead import forecast_columns

    return forecast_columns(network, _read(network, keys.data, "forecast"))


def _backtest(network: Any, keys: BacktestKeys) -> Backtest:
    from lamina.tasks.forecast.ahead import backtest

    return backtest(network, _read(network, keys.data, "backtest"), last=keys.last)


def _text(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float | np.floating) else str(value)


def _csv(columns: Mapping[str, Any]) -> Iterator[str]:
    """Yield columns as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(value) for value in row] for row in zip(*columns.values(), strict=True))
    yield buffer.getvalue()


def _told(columns: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {"forecast": {name: values.tolist() for name, values in columns.items()}}


def _rows(found: Backtest) -> dict[str, list[Any]]:
    """Return the errors as columns: step, series, and those of each method."""
    steps, series = next(iter(found.rmse.values())).shape
    columns: dict[str, list[Any]] = {
        "step": np.repeat(np.arange(1, steps + 1), series).tolist(),
        "series": [*found.series] * steps,
    }
    for method in found.rmse:
        name = method.replace(" ", "_")
        columns[f"{name}_rmse"] = found.rmse[method].reshape(-1).tolist()
        columns[f"{name}_mae"] = found.mae[method].reshape(-1).tolist()
    return columns


def _shown(found: Backtest) -> Iterator[str]:
    """Yield the errors of each step, over all series, as a table for a person."""
    methods = list(found.rmse)
    yield f"{found.forecasts:,} forecasts of {len(found.series)} series; means over all series\n"
    yield f"{'step':>6}" + "".join(f"{method + ' RMSE':>22}{'MAE':>10}" for method in methods)
    for step in range(len(found.rmse[methods[0]])):
        line = f"\n{step + 1:>6}"
        for method in methods:
            rmse = float(np.sqrt(np.nanmean(found.rmse[method][step] ** 2)))
            line += f"{rmse:>22.5g}{float(np.nanmean(found.mae[method][step])):>10.4g}"
        yield line


def _told_errors(found: Backtest) -> dict[str, Any]:
    return {
        "forecasts": found.forecasts,
        "overall": found.upto(len(next(iter(found.rmse.values())))),
        "steps": _rows(found),
    }


VERBS = {
    "forecast": Verb(
        "the steps that come after the last row of data",
        AheadKeys,
        _ahead,
        "DATA --out next.csv",
        asked="data",
        reads=True,
        shown=_csv,
        told=_told,
        saved={".csv": lambda found: "".join(_csv(found)).encode()},
    ),
    "backtest": Verb(
        "how far past forecasts would have been off, step by step",
        BacktestKeys,
        _backtest,
        "DATA --last 100",
        asked="data",
        reads=True,
        shown=_shown,
        told=_told_errors,
        saved={".csv": lambda found: "".join(_csv(_rows(found))).encode()},
    ),
}
