"""Rows as arrays, and the same arrays from a stored encoder."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests.casting import schema_of

from lamina.core.errors import ConfigError, DataError
from lamina.core.inputs import TableInputs
from lamina.data import ColumnSchema, read
from lamina.modalities.table.encoder import TableEncoder

ROWS = 60
RANDOM = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "size": RANDOM.lognormal(size=ROWS),
        "rooms": [i * 7 % 5 for i in range(ROWS)],
        "age": [None if i % 6 == 0 else float(i * 11 % 17) for i in range(ROWS)],
        "flat": [i % 4 == 0 for i in range(ROWS)],
        "town": [["Ulm", "Köln", "Bonn", None][i * 3 % 4] for i in range(ROWS)],
        "sold": [f"{i % 12 + 1}/{i % 28 + 1}/{2020 + i % 3}" for i in range(ROWS)],
        "price": RANDOM.normal(size=ROWS),
    }
)


def encoder_of(frame: pl.DataFrame = FRAME, **keys) -> TableEncoder:
    table = read(frame)
    return TableEncoder.fit(table, schema_of(table, "price").inputs, **keys)


def only(name: str, kind: str, detail: str = "") -> tuple[ColumnSchema, ...]:
    return (ColumnSchema(name, kind, detail),)


def test_shapes_types_and_names_agree():
    encoder = encoder_of()
    arrays = encoder.transform(read(FRAME))
    assert arrays["numeric"].dtype == np.float32
    assert arrays["category"].dtype == np.int32
    assert arrays["numeric"].shape == (ROWS, encoder.inputs.numeric) == (ROWS, len(encoder.numeric_features))
    assert arrays["category"].shape == (ROWS, 1)
    assert encoder.category_features == ("town",)
    assert encoder.inputs.cardinalities == (5,)
    assert len(encoder.inputs.bins) == encoder.inputs.numeric
    assert isinstance(encoder.inputs, TableInputs)
    assert np.isfinite(arrays["numeric"]).all()


def test_each_kind_has_its_features():
    assert encoder_of().numeric_features == (
        "size", "rooms", "age", "age is missing", "flat", "sold elapsed", "sold year",
        "sold month (sin)", "sold month (cos)", "sold day of week (sin)", "sold day of week (cos)",
        "sold day of year (sin)", "sold day of year (cos)",
    )  # fmt: skip


def test_missing_numbers_are_zero_and_marked():
    arrays = encoder_of().transform(read(FRAME))["numeric"]
    missing = FRAME["age"].is_null().to_numpy()
    assert (arrays[missing, 2] == 0).all()
    np.testing.assert_array_equal(arrays[:, 3], missing)


def test_booleans_are_plus_and_minus_one():
    np.testing.assert_array_equal(
        encoder_of().transform(read(FRAME))["numeric"][:, 4], np.where(FRAME["flat"], 1, -1)
    )
    table = read({"flat": [True, None, False, None], "price": [1.0, 2.0, 3.0, 4.0]})
    encoder = TableEncoder.fit(table, only("flat", "boolean"))
    assert encoder.transform(table)["numeric"].tolist() == [[1, 0], [0, 1], [-1, 0], [0, 1]]


def test_categories_by_frequency_rare_missing_and_unseen():
    words = ["b"] * 4 + ["a"] * 3 + ["c"] * 3 + ["rare", None]
    table = read({"w": words, "price": list(range(12))})
    encoder = TableEncoder.fit(table, only("w", "category"))
    assert encoder.category[0].values == ("b", "a", "c")
    other = read({"w": ["a", "b", "c", "rare", "new", None]})
    assert encoder.transform(other)["category"][:, 0].tolist() == [3, 2, 4, 0, 0, 1]


def test_missing_counts_as_unseen_where_training_had_none():
    table = read({"w": ["a", "b"] * 5, "price": list(range(10))})
    encoder = TableEncoder.fit(table, only("w", "category"))
    assert encoder.transform(read({"w": ["a", None]}))["category"][:, 0].tolist() == [2, 0]


def test_the_most_frequent_categories_are_kept(monkeypatch):
    monkeypatch.setattr("lamina.modalities.table.category.MOST_CATEGORIES", 2)
    table = read({"w": ["a"] * 5 + ["b"] * 4 + ["c"] * 3, "price": list(range(12))})
    assert TableEncoder.fit(table, only("w", "category")).category[0].values == ("a", "b")


def test_categories_are_known_again_in_another_type():
    table = read({"w": [1, 2, 3] * 4, "price": list(range(12))})
    encoder = TableEncoder.fit(table, only("w", "category"))
    codes = encoder.transform(table)["category"][:3, 0].tolist()
    for same in ([1.0, 2.0, 3.0], ["1", "2", "3"]):
        assert encoder.transform(read({"w": same}))["category"][:, 0].tolist() == codes


def test_fitting_sees_the_training_rows_only():
    frame = FRAME.with_columns(
        pl.when(pl.int_range(ROWS) < 40).then(pl.col("size")).otherwise(1e6).alias("size")
    )
    rows = np.arange(40)
    part = encoder_of(frame.head(40))
    whole = TableEncoder.fit(read(frame), schema_of(read(frame.head(40)), "price").inputs, rows=rows)
    assert whole.to_json() == part.to_json()


def test_chosen_rows_are_those_of_the_whole():
    encoder, table, rows = encoder_of(), read(FRAME), np.array([5, 3, 59])
    whole, part = encoder.transform(table), encoder.transform(table, rows)
    for key in ("numeric", "category"):
        np.testing.assert_array_equal(part[key], whole[key][rows])


@pytest.mark.parametrize("scale", ["quantile", "standard"])
def test_a_stored_encoder_gives_the_same_arrays(scale):
    encoder, table = encoder_of(numeric=scale), read(FRAME)
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again.inputs == encoder.inputs
    for key, array in encoder.transform(table).items():
        np.testing.assert_array_equal(again.transform(table)[key], array)


def test_arrays_and_frames_are_encoded_alike():
    matrix = RANDOM.normal(size=(500, 3)).astype(np.float32)
    arrays = read(matrix, y=matrix[:, 0], names=["a", "b", "c"])
    frame = read({name: matrix[:, i] for i, name in enumerate("abc")} | {"target": matrix[:, 0]})
    columns = [ColumnSchema(name, "numeric") for name in "abc"]
    first, second = TableEncoder.fit(arrays, columns), TableEncoder.fit(frame, columns)
    assert first.to_json() == second.to_json()
    np.testing.assert_array_equal(first.transform(arrays)["numeric"], second.transform(frame)["numeric"])


def test_large_tables_are_fitted_on_a_sample_that_is_always_the_same(monkeypatch):
    monkeypatch.setattr("lamina.modalities.table.encoder.MOST_FITTED_ROWS", 500)
    values = RANDOM.normal(size=5000)
    table = read({"a": values, "price": values})
    first, second = (TableEncoder.fit(table, only("a", "numeric")) for _ in range(2))
    assert first.to_json() == second.to_json()
    scaled = first.transform(table)["numeric"][:, 0]
    assert abs(scaled.mean()) < 0.15
    assert abs(scaled.std() - 1) < 0.15


def test_columns_without_any_kind():
    table = read({"price": [1.0, 2.0]})
    arrays = TableEncoder.fit(table, []).transform(table)
    assert arrays["numeric"].shape == arrays["category"].shape == (2, 0)


def test_dates_in_another_form_than_in_training():
    table = read(FRAME)
    encoder = TableEncoder.fit(table, schema_of(table, "price").inputs)
    same = FRAME.with_columns(pl.col("sold").str.to_date("%m/%d/%Y"))
    np.testing.assert_array_equal(
        encoder.transform(read(same))["numeric"], encoder.transform(table)["numeric"]
    )
    stored = TableEncoder.fit(read(same), schema_of(read(same), "price").inputs)
    np.testing.assert_array_equal(stored.transform(table)["numeric"], stored.transform(read(same))["numeric"])


def test_what_cannot_be_encoded_says_where(tmp_path):
    encoder = encoder_of()
    with pytest.raises(DataError, match=r"<frame>: column 'rooms' is absent; expected the columns"):
        encoder.transform(read(FRAME.drop("rooms")))
    path = tmp_path / "new.csv"
    words = [str(x) for x in FRAME["rooms"]]
    words[4:9] = ["many"] * 5
    FRAME.with_columns(pl.Series("rooms", words)).write_csv(path)
    with pytest.raises(DataError) as caught:
        encoder.transform(read(path))
    assert str(caught.value) == (
        f"{path}, line 6, column 'rooms': not a number, in a column that was numeric in training; "
        "got 'many'\n"
        "  fix: leave the cell empty if the value is unknown"
    )
    with pytest.raises(DataError) as caught:
        encoder.transform(read(FRAME.with_columns(pl.Series("size", [1.0, np.inf] * 30))))
    assert str(caught.value) == (
        "<frame>, row 1, column 'size': infinity is not a number to learn from\n"
        "  fix: replace it by a number, or leave the cell empty"
    )
    with pytest.raises(
        DataError, match=r"row 0, column 'sold': not a date as in training; expected the format %m/%d/%Y"
    ):
        encoder.transform(read(FRAME.with_columns(pl.Series("sold", ["soon"] * ROWS))))


def test_nan_in_arrays_is_refused_where_training_had_none():
    table = read(RANDOM.normal(size=(50, 2)), y=[0, 1] * 25)
    encoder = TableEncoder.fit(table, schema_of(table, "target").inputs)
    with pytest.raises(DataError) as caught:
        encoder.transform(read([[0.5, 1.0], [0.5, np.nan]]))
    assert str(caught.value) == (
        "<arrays>, row 1, column 'x1': NaN where training had none\n  fix: fill the gap in"
    )


def test_an_encoder_knows_its_scales():
    with pytest.raises(ConfigError, match=r"unknown scale 'quantil' \(did you mean 'quantile'\?\)"):
        encoder_of(numeric="quantil")
