"""Series from a file to a forecast: fit, save, load, forecast, backtest, report, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lamina
from lamina.cli.main import main
from lamina.core.errors import ConfigError, DataError, LaminaWarning

ROWS, SEASON = 300, 12
KEYS = ("horizon=6", "context=24", "epochs=25", "lr=0.02")


def frame(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    """Two hourly series with a season and little noise, and a column of words."""
    random = np.random.default_rng(seed)
    steps = np.arange(rows)
    days, hours = steps // 24 + 1, steps % 24
    return pl.DataFrame(
        {
            "when": [
                f"2024-{1 + d // 28:02d}-{1 + d % 28:02d} {h:02d}:00"
                for d, h in zip(days, hours, strict=True)
            ],
            "sales": 100 + 20 * np.sin(2 * np.pi * steps / SEASON) + random.normal(size=rows),
            "visits": 5 + 2 * np.cos(2 * np.pi * steps / SEASON) + 0.1 * random.normal(size=rows),
            "note": ["word"] * rows,
        }
    )


def series() -> pl.DataFrame:
    """The same without the words."""
    return frame().drop("note")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    frame().write_csv(path)
    return path


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "shop"
    assert main(["fit", str(data), "--task", "forecast", "--out", str(out), "test=0.2", *KEYS]) == 0
    return out


@pytest.fixture(scope="module")
def net(run: Path) -> Any:
    return lamina.load(run)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_numbers_are_series_and_dates_their_times(run: Path, net: Any):
    assert net.model_name == "nlinear" and net.schema.time == "when"
    assert [column.name for column in net.schema.inputs] == ["sales", "visits"]
    assert dict(net.schema.dropped)["note"] == "not a column of numbers"
    assert [(part.name, part.size) for part in net.target.calendar] == [("slot", 24), ("weekday", 7)]
    assert net.info.metrics["test"]["mse"] < 0.05  # the last value repeated has 1 and more
    assert net.config["context"] == 24
    page = (run / "report.html").read_text()
    assert "Error by step" in page and "repeating the last value" in page


def test_scales_are_those_of_the_training_rows(net: Any):
    own = frame()["sales"].to_numpy()[: int(0.6 * ROWS)]
    assert net.target.mean[0] == pytest.approx(own.mean()) and net.target.scale[0] == pytest.approx(own.std())


def test_a_forecast_begins_after_the_last_row(data: Path, run: Path, net: Any, tmp_path: Path):
    out = tmp_path / "next.csv"
    assert main(["forecast", str(run), str(data), "--out", str(out)]) == 0
    found = pl.read_csv(out)
    assert found.columns == ["when", "sales", "visits"] and found.height == 6
    assert found["when"][0] == "2024-01-14 12:00:00"  # 300 hours after the second of January
    steps = np.arange(ROWS, ROWS + 6)
    np.testing.assert_allclose(found["sales"], 100 + 20 * np.sin(2 * np.pi * steps / SEASON), atol=5)
    again = net.forecast(frame().sample(fraction=1, shuffle=True, seed=1))  # rows in any order
    np.testing.assert_allclose(found["visits"], again["visits"], rtol=1e-5)


def test_a_backtest_compares_with_the_last_value_and_the_season(
    data: Path, run: Path, net: Any, capsys: Any, tmp_path: Path
):
    out = tmp_path / "errors.csv"
    found = said(capsys, "backtest", str(run), str(data), "--last", "60", "--out", str(out))
    assert pl.read_csv(out).height == 6 * 2
    assert found["forecasts"] == 60 - 6 + 1
    assert set(found["overall"]) == {"network", "last value", "season before"}
    assert found["overall"]["network"]["rmse"] < 0.5 * found["overall"]["last value"]["rmse"]
    own = net.backtest(data, last=60)
    values = frame().select("sales", "visits").to_numpy()
    at = np.arange(ROWS - 60, ROWS - 6 + 1)
    for step in range(6):
        error = values[at - 1] - values[at + step]
        np.testing.assert_allclose(own.rmse["last value"][step], np.sqrt((error**2).mean(0)), rtol=1e-9)
        season = values[at + step - 24] - values[at + step]
        np.testing.assert_allclose(own.mae["season before"][step], np.abs(season).mean(0), rtol=1e-9)
    assert main(["backtest", str(run), str(data)]) == 0
    assert "last value RMSE" in capsys.readouterr().out


def test_evaluate_of_the_test_rows_with_the_rows_before_them(net: Any):
    """Metrics of a fit are those of all forecasts whose steps are test rows."""
    start = int(0.8 * ROWS)
    found = net.evaluate(frame()[start - 24 :])
    assert found == pytest.approx(net.info.metrics["test"], rel=1e-5)


def test_levels_come_beside_the_forecast():
    net = lamina.fit(
        series(), task="forecast", quantiles="0.1,0.5,0.9", horizon=3, context=12, epochs=20, lr=0.02
    )
    found = net.forecast(series())
    assert list(found) == ["when", "sales", "sales_0.1", "sales_0.9", "visits", "visits_0.1", "visits_0.9"]
    assert (found["sales_0.1"] <= found["sales"]).all() and (found["sales"] <= found["sales_0.9"]).all()
    assert 0.4 < net.info.metrics["valid"]["coverage"] <= 1


def test_named_series_alone_are_forecast_and_neighbors_are_heard_of(tmp_path: Path):
    graph = tmp_path / "edges.csv"
    graph.write_text("from,to\nsales,visits\n")
    net = lamina.fit(series(), task="forecast", graph=str(graph), horizon=3, context=12, epochs=2, size=8)
    assert net.model_name == "series-mlp" and net.target.neighbors.tolist() == [[0, 1], [1, 0]]
    path = net.save(tmp_path / "net")
    again = lamina.load(path)
    np.testing.assert_array_equal(again.forecast(series())["sales"], net.forecast(series())["sales"])
    one = lamina.fit(series(), target="visits", task="forecast", horizon=3, context=12, epochs=1)
    assert list(one.forecast(series())) == ["when", "visits"]


def test_gaps_are_said_and_filled():
    rows = series().with_row_index().filter(~pl.col("index").is_in([50, 51, 200])).drop("index")
    rows = rows.with_columns(
        sales=pl.when(pl.int_range(pl.len()) == 100).then(None).otherwise(pl.col("sales"))
    )
    audit = lamina.check(rows, task="forecast")
    assert any("3 steps between the first and the last have no row" in f.message for f in audit.warnings)
    with pytest.warns(LaminaWarning, match="have no row"):
        net = lamina.fit(rows, task="forecast", horizon=3, context=12, epochs=10, lr=0.02)
    assert np.isfinite(net.info.metrics["valid"]["mse"])


def test_without_times_rows_stand_in_their_order():
    values = frame().select("sales", "visits")
    net = lamina.fit(values, task="forecast", horizon=2, context=12, epochs=2, season=SEASON)
    found = net.forecast(values)
    assert list(found) == ["step", "sales", "visits"] and found["step"].tolist() == [1, 2]
    assert net.backtest(values).rmse.keys() == {"network", "last value", "season before"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"context": 400}, "too few for one forecast"),
        ({"graph": "nowhere.csv"}, "there is no such file"),
        ({"weight": "sales"}, "has no weights"),
        ({"drop": ("sales", "visits")}, "no series to forecast"),
        ({"model": "mlp"}, "not for"),
        ({"quantiles": "0.1,0.9"}, "0.5 among them"),
        ({"folds": 3}, "one network"),
    ],
)
def test_what_cannot_be_forecast_is_refused(keys: dict[str, Any], message: str):
    with pytest.raises((DataError, ConfigError), match=message):
        lamina.fit(series(), task="forecast", **{"epochs": 1, "horizon": 3, **keys})


def test_new_data_that_are_too_short_are_refused(net: Any):
    with pytest.raises(DataError, match="too few rows to look back at"):
        net.forecast(frame()[:10])
    with pytest.raises(DataError, match="too few steps for one forecast"):
        net.evaluate(frame()[:25])
    with pytest.raises(DataError, match="'sales' is absent"):
        net.forecast(frame().drop("sales"))
    with pytest.raises(ConfigError, match="no prediction for a row"):
        net.predict(frame())
