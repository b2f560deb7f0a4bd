"""Rows become features and come back, whatever a column holds."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lamina.core.errors import ArtifactError, DataError
from lamina.data import ColumnSchema, read
from lamina.tasks.samples.rows import RowSpace

DAY = datetime.date(2020, 2, 28)


def fitted(values: Any, kind: str, **keys: Any) -> tuple[RowSpace, Any]:
    """A space of one column called x, restored from its JSON, and its table."""
    table = read({"x": values, "other": [0.0] * len(values)})
    space = RowSpace.fit(table, [ColumnSchema("x", kind)], **keys)
    return RowSpace.restore(json.loads(json.dumps(space.to_json())), "space"), table


def again(values: Any, kind: str, **keys: Any) -> list[Any]:
    """A column after the way to features and back."""
    space, table = fitted(values, kind, **keys)
    x = space.arrays(None, table)
    assert x.dtype == np.float32
    assert x.shape == (len(values), *space.inputs(0).shape)
    assert np.isfinite(x).all()
    return space.samples(x).frame()["x"].to_list()


COLUMNS = {
    "integers": ("numeric", [3, -7, 12, 90, 15, 15]),
    "one row": ("numeric", [3]),
    "constant": ("numeric", [2.5] * 40),
    "all missing": ("numeric", [None, float("nan")]),
    "constant with gaps": ("numeric", [2.5, None, 2.5]),
    "gaps": ("numeric", [1.25, None, 7.5, -3.0]),
    "integers with gaps": ("numeric", [1, None, 7, 5]),
    "spike": ("numeric", [0.0] * 30 + [1.5, 2.25, 8.75] * 10 + [float(i) for i in range(40)]),
    "spike with gaps": ("numeric", [0] * 30 + [None] * 10 + list(range(5, 45))),
    "few values": ("numeric", [1, 2, 3, 5] * 20),
    "multiples": ("numeric", [100, 350, 2000, 1050]),
    "decimals": ("numeric", [0.01, 0.02, 17.35, 3.1]),
    "unsigned": ("numeric", np.array([1, 2, 200], np.uint8)),
    "booleans": ("boolean", [True, False, True]),
    "booleans with gaps": ("boolean", [True, False, None]),
    "one boolean": ("boolean", [True, True]),
    "categories": ("category", ["Zürich", "東京", "a,b\n'\"", "Zürich"]),
    "one category": ("category", ["a", "a"]),
    "categories with gaps": ("category", ["a", None, "b"]),
    "category or gap": ("category", ["a", None, "a"]),
    "codes": ("category", [3, 1, 2, 3]),
    "dates": ("datetime", [DAY, DAY + datetime.timedelta(2), None, DAY + datetime.timedelta(9)]),
    "moments": ("datetime", [datetime.datetime(2020, 1, 1, 12, 30, s) for s in (1, 5, 30)]),
    "times": ("datetime", [datetime.time(1, 30), datetime.time(23, 59, 59)]),
    "durations": ("datetime", [datetime.timedelta(hours=3), datetime.timedelta(days=9)]),
    "texts of dates": ("datetime", ["2020-02-28", "2021-12-01", "1969-07-20"]),
    "texts of German dates": ("datetime", ["28.02.2020", "01.12.2021", "20.07.1969"]),
    "texts of moments": ("datetime", ["2020-02-28T10:00:30", "2020-02-29T23:59:59", "2020-03-02T00:00:00"]),
    "texts of numbers": ("numeric", ["7", "12", "8"]),
}


@pytest.mark.parametrize("scale", ["quantile", "standard"])
@pytest.mark.parametrize("dither", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back(name: str, scale: str, dither: bool):
    kind, values = COLUMNS[name]
    expected = pl.Series("x", values, strict=False).fill_nan(None) if name == "all missing" else values
    expected = [int(v) for v in values] if name == "texts of numbers" else list(expected)
    assert again(values, kind, scale=scale, dither=dither) == expected


def test_types_of_the_columns_stay():
    types = {n: type(again(values, kind)[0]) for n, (kind, values) in COLUMNS.items() if n != "all missing"}
    assert types["integers"] is types["integers with gaps"] is types["codes"] is int
    assert types["decimals"] is float
    assert types["booleans"] is types["booleans with gaps"] is bool
    assert types["texts of dates"] is str


@settings(max_examples=60, deadline=None)
@given(some.lists(some.integers(-(2**24), 2**24), min_size=1, max_size=40))
def test_any_integers_come_back_nearly(values: list[int]):
    found = np.array(again(values, "numeric"))
    near = max(1, (max(values) - min(values)) * 2e-6)
    assert np.abs(found - values).max() <= near
    assert found.min() >= min(values) and found.max() <= max(values)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=40), some.booleans())
def test_any_numbers_come_back_nearly(values: list[float], dither: bool):
    found = np.array(again(values, "numeric", dither=dither))
    np.testing.assert_allclose(found, values, atol=max(np.ptp(values) * 2e-6, 1e-8))


@settings(max_examples=40, deadline=None)
@given(some.lists(some.one_of(some.none(), some.text(min_size=1, max_size=5)), min_size=1, max_size=30))
def test_any_texts_come_back(values: list[str | None]):
    table = read(pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}))
    space = RowSpace.fit(table, [ColumnSchema("x", "category")])
    given_as = table.column("x").series.to_list()
    assert space.samples(space.arrays(None, table)).columns["x"].tolist() == given_as


@pytest.mark.parametrize("values", [[2**62, -(2**62), 5], [2**64 - 1, 0, 7], [2**63 - 1, -(2**63)]])
def test_huge_integers_stay_integers_within_their_range(values: list[int]):
    kind = pl.UInt64 if max(values) >= 2**63 else pl.Int64
    table = read(pl.DataFrame({"x": pl.Series(values, dtype=kind)}))
    space = RowSpace.fit(table, [ColumnSchema("x", "numeric")])
    found = space.samples(space.arrays(None, table)).frame()["x"]
    assert found.dtype == kind
    np.testing.assert_allclose(found.to_numpy().astype(float), np.array(values, float), rtol=1e-5, atol=2**44)


def test_samples_stay_within_what_was_seen_and_on_its_grid():
    space, _ = fitted([0.25, 1.5, 0.75, 4.0], "numeric")
    found = space.samples(np.linspace(-9, 9, 101, dtype=np.float32)[:, None]).columns["x"]
    assert found.min() == 0.25 and found.max() == 4.0
    assert set((found * 4) % 1) == {0.0}


def test_dithered_numbers_are_normal_and_constant_over_calls():
    random = np.random.default_rng(0)
    values = np.where(random.random(6000) < 0.4, 40, random.integers(20, 60, 6000))
    space, table = fitted(values, "numeric", dither=True)
    assert space.inputs(0).groups == (1, 2)  # the number, and whether it is 40
    x = space.arrays(None, table)
    np.testing.assert_array_equal(x, space.arrays(None, table))
    assert abs(x[:, 0].mean()) < 0.05 and abs(x[:, 0].std() - 1) < 0.05
    assert len(np.unique(x[:, 0])) > 5900


def test_rare_categories_share_a_feature_and_are_drawn_as_often():
    values = [f"often {i % 100}" for i in range(3000)] + [f"rare {i}" for i in range(20)] + ["rare 0"] * 19
    space, table = fitted(values, "category")
    assert space.inputs(0).groups == (101,)
    found = space.samples(space.arrays(None, table)).columns["x"]
    rare = np.array([value.startswith("rare") for value in found])
    assert rare.sum() == 39
    assert 0.3 < np.mean(found[rare] == "rare 0") < 0.7


def test_a_value_that_training_never_saw():
    space, _ = fitted(["a", "b", None], "category")
    table = read({"x": ["c", "b", None]})
    assert space.arrays(None, table).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 1]]
    space, _ = fitted([1, 2, 5] * 20, "numeric")
    assert space.samples(space.arrays(None, read({"x": [7, 3, 1]}))).columns["x"].tolist() == [5, 2, 1]


def test_classes_come_back_in_their_place():
    table = read({"a": [1.0, 2.0], "class": ["no", "yes"], "b": [True, False]})
    space = RowSpace.fit(table, [ColumnSchema("a", "numeric"), ColumnSchema("b", "boolean")], label="class")
    samples = space.samples(space.arrays(None, table), ["yes", "no"])
    assert samples.csv() == b"a,class,b\n1.0,yes,true\n2.0,no,false\n"
    assert list(space.samples(space.arrays(None, table)).columns) == ["a", "b"]
    assert space.features == ("a", "b", "b")


def test_samples_are_shown_and_written():
    table = read({"size": [1.5, None, 3.0] * 5, "name": ["a long name of a thing", "b", "c"] * 5})
    space = RowSpace.fit(table, [ColumnSchema("size", "numeric"), ColumnSchema("name", "category")])
    samples = space.samples(space.arrays(None, table))
    shown = "".join(samples.shown())
    lines = shown.splitlines()
    assert lines[0] == "size  name" and lines[2] == "      b" and shown.endswith("\n")
    assert lines[1] == "1.5   a long nam…f a thing"
    assert lines[-1] == "… 15 rows in all; to keep them: --out rows.csv"
    assert samples.told() == {"samples": 15, "columns": ["size", "name"]}
    assert pl.read_parquet(samples.saved(".parquet")).equals(samples.frame())
    assert pl.read_csv(samples.saved(".csv"))["size"].to_list() == [1.5, None, 3.0] * 5


def test_an_absent_column_is_named():
    space, _ = fitted([1.0, 2.0], "numeric")
    with pytest.raises(DataError, match="column 'x' is absent"):
        space.arrays(None, read({"y": [1.0]}))


def test_a_gap_in_arrays_that_had_none_is_refused():
    space, _ = fitted([1.0, 2.0], "numeric")
    with pytest.raises(DataError, match="NaN where training had none"):
        from lamina.data import ArrayTable

        space.arrays(None, ArrayTable(np.array([[np.nan]]), ["x"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place": 7}, "space.place"),
        ({"dither": 1}, "space.dither"),
        ({"codecs": [{"kind": "other"}]}, "space.codecs.0.kind"),
        ({"codecs": [{"kind": "number"}]}, "the keys"),
        ({"limits": [2.0, 1.0]}, "limits"),
        ({"grid": {"step": 1.0, "start": 0.0, "decimals": 99}}, "decimals"),
        ({"spikes": ["a"]}, "spikes.0"),
        ({"scaler": {"kind": "quantile", "knots": [2.0, 1.0], "levels": [0.0, 1.0]}}, "scaler.knots"),
    ],
)
def test_a_stored_space_is_checked(change: dict[str, Any], message: str):
    stored = fitted([1.0, 2.0, 4.5], "numeric")[0].to_json()
    target = stored if set(change) <= set(stored) else stored["codecs"][0]
    target.update(change)
    with pytest.raises(ArtifactError, match=message):
        RowSpace.restore(stored, "space")


def test_stored_categories_and_dates_are_checked():
    for kind, values, change, message in (
        ("category", ["a", "b"], {"counts": [1]}, "counts"),
        ("category", ["a", "b"], {"values": ["a"], "rare": ["b"], "counts": [1]}, "values"),
        ("category", ["a", "b"], {"values": [[]]}, "values.0"),
        ("datetime", [DAY, DAY], {"form": "%Y-%M"}, "form"),
        ("datetime", [DAY, DAY], {"holds": "weeks"}, "holds"),
    ):
        stored = fitted(values, kind)[0].to_json()
        stored["codecs"][0].update(change)
        with pytest.raises(ArtifactError, match=message):
            RowSpace.restore(stored, "space")
