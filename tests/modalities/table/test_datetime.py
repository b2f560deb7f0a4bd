"""Dates as calendar features."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.data import AbstractTable, read
from lamina.modalities.table.datetime import DatetimeEncoder, calendar

DAYS = [f"{2020 + i % 3}-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(60)]


def table_of(values) -> AbstractTable:
    return read(pl.DataFrame({"when": values}))


def fitted(values, *, form: str = "%Y-%m-%d", scale: str = "standard") -> DatetimeEncoder:
    table = table_of(values)
    return DatetimeEncoder.fit(table, "when", np.arange(table.height), form=form, scale=scale)


def filled(encoder: DatetimeEncoder, values) -> np.ndarray:
    out = np.full((len(values), len(encoder.features)), np.nan, np.float32)
    encoder.fill(table_of(values), out)
    return out


def test_calendar():
    moments = (
        np.array(["2024-02-29T18:00", "1969-12-31T00:00"], "datetime64[s]").astype(np.int64).astype(float)
    )
    parts = calendar(moments)
    np.testing.assert_array_equal(parts["year"], [2024, 1969])
    np.testing.assert_allclose(parts["month"] * 12 / (2 * np.pi), [1, 11])
    np.testing.assert_allclose(parts["day of week"] * 7 / (2 * np.pi), [3, 2])  # Thursday, Wednesday
    np.testing.assert_allclose(parts["day of year"] * 365.25 / (2 * np.pi), [59, 364])
    np.testing.assert_allclose(parts["hour"] * 24 / (2 * np.pi), [18, 0])


def test_parts_that_vary_become_features():
    assert fitted(DAYS).features == (
        "when elapsed", "when year",
        "when month (sin)", "when month (cos)",
        "when day of week (sin)", "when day of week (cos)",
        "when day of year (sin)", "when day of year (cos)",
    )  # fmt: skip
    one_month = [f"2024-03-{i % 28 + 1:02d}" for i in range(60)]
    assert [f for f in fitted(one_month).features if "month" in f or "year" in f] == [
        "when day of year (sin)",
        "when day of year (cos)",
    ]
    hours = [f"2024-03-01 {i % 24:02d}:00" for i in range(60)]
    assert fitted(hours, form="%Y-%m-%d %H:%M").features == (
        "when elapsed",
        "when hour (sin)",
        "when hour (cos)",
    )


def test_one_day_has_but_the_elapsed_time():
    encoder = fitted(["2024-03-01"] * 4)
    assert encoder.features == ("when elapsed",)
    assert filled(encoder, ["2024-03-01", "2024-03-02"])[0, 0] == 0.0


@pytest.mark.parametrize("scale", ["standard", "quantile"])
def test_missing_dates_are_zeros_and_marked(scale):
    encoder = fitted([*DAYS, None], scale=scale)
    assert encoder.features[-1] == "when is missing"
    found = filled(encoder, [None, *DAYS])
    assert found[0].tolist() == [0.0] * (len(encoder.features) - 1) + [1.0]
    assert (found[1:, -1] == 0).all() and np.isfinite(found).all()
    unmarked = fitted(DAYS, scale=scale)
    assert filled(unmarked, [None]).tolist() == [[0.0] * len(unmarked.features)]


@pytest.mark.parametrize("scale", ["standard", "quantile"])
def test_dates_survive_json(scale):
    encoder = fitted([*DAYS, None], scale=scale)
    again = DatetimeEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert (again.features, again.bins) == (encoder.features, encoder.bins)
    new = ["1999-12-31", None, "2031-01-01"]
    np.testing.assert_array_equal(filled(again, new), filled(encoder, new))


def test_each_feature_has_its_bins():
    encoder = fitted(DAYS)
    assert len(encoder.bins) == len(encoder.features)
    assert all(edges == tuple(sorted(set(edges))) for edges in encoder.bins)


def test_a_few_other_texts_are_missing_and_many_are_refused():
    encoder = fitted(DAYS)
    found = filled(encoder, ["soon", *DAYS])
    assert found[0].tolist() == [0.0] * len(encoder.features)
    with pytest.raises(DataError) as caught:
        filled(encoder, ["2024-01-01", "soon", "later"])
    assert str(caught.value) == (
        "<frame>, row 1, column 'when': not a date as in training; expected the format %Y-%m-%d, got 'soon'"
    )


def test_dates_that_are_dates_already():
    days = np.array(DAYS, "datetime64[D]")
    encoder = fitted(days, form="")
    np.testing.assert_array_equal(filled(encoder, days), filled(fitted(DAYS), DAYS))
    with pytest.raises(DataError, match="not a date as in training; expected dates, got 'soon'"):
        filled(encoder, ["soon"])
