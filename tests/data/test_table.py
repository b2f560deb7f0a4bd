"""Tables of arrays and frames answer alike."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.data.array_table import ArrayTable
from lamina.data.frame import FrameTable


def both() -> list:
    matrix = np.array([[1.0, 10.0], [np.nan, 20.0], [3.0, 10.0]])
    frame = pl.DataFrame({"a": [1.0, None, 3.0], "b": [10.0, 20.0, 10.0], "y": ["p", "q", "p"]})
    return [ArrayTable(matrix, ["a", "b"], {"y": np.array(["p", "q", "p"])}), FrameTable(frame)]


@pytest.mark.parametrize("table", both(), ids=["arrays", "frame"])
def test_arrays_and_frames_answer_alike(table):
    assert table.names == ("a", "b", "y")
    assert table.height == 3
    column = table.column("a")
    assert column.storage == "float"
    assert column.missing().tolist() == [False, True, False]
    np.testing.assert_array_equal(column.numbers(), [1.0, np.nan, 3.0])
    assert table.column("b").distinct().values == (10.0, 20.0)
    assert table.column("b").distinct().codes.tolist() == [0, 1, 0]
    assert table.column("a").distinct().codes.tolist() == [0, -1, 1]
    assert table.column("b").distinct().counts().tolist() == [2, 1]
    assert table.labels("y").distinct().values == ("p", "q")
    assert table.column("b").value(1) == 20.0


@pytest.mark.parametrize("table", both(), ids=["arrays", "frame"])
def test_taken_rows_remember_where_they_came_from(table):
    part = table.take(np.array([2, 0])).take(np.array([0]))
    assert part.height == 1
    assert part.column("a").value(0) == 3.0
    assert part.where(0, "a") == f"{table.source}, row 2, column 'a'"


@pytest.mark.parametrize("table", both(), ids=["arrays", "frame"])
def test_dropped_columns_are_gone_and_absent_ones_are_named(table):
    assert table.drop(["a"]).names == ("b", "y")
    assert table.drop(["y"]).names == ("a", "b")
    with pytest.raises(DataError) as caught:
        table.column("B")
    assert str(caught.value) == (
        f"{table.source}: column 'B' is absent; expected one of a, b, y\n"
        "  fix: name a column that the data have, such as 'b'"
    )
    with pytest.raises(DataError, match="did you mean 'target'"):
        ArrayTable(np.zeros((1, 1)), ["x"], {"target": np.zeros(1)}).column("tarGetx")


def test_words_for_missing_are_missing_in_inputs_and_labels_in_targets():
    table = FrameTable(pl.DataFrame({"a": [" x ", "?", "NA", None]}))
    assert table.column("a").missing().tolist() == [False, True, True, True]
    assert table.column("a").value(0) == "x"
    assert table.labels("a").missing().tolist() == [False, False, False, True]
    assert table.labels("a").value(0) == " x "


def test_dates_times_and_durations_become_seconds():
    frame = pl.DataFrame(
        {
            "day": [datetime.date(1970, 1, 2), None],
            "zoned": pl.Series([datetime.datetime(1970, 1, 1, 1), None]).dt.replace_time_zone("Europe/Rome"),
            "time": [datetime.time(0, 1), None],
            "span": [datetime.timedelta(seconds=5), None],
        }
    )
    table = FrameTable(frame)
    for name, seconds in {"day": 86400.0, "zoned": 3600.0, "time": 60.0, "span": 5.0}.items():
        assert table.column(name).storage == "datetime"
        np.testing.assert_array_equal(table.column(name).numbers(), [seconds, np.nan])


def test_numpy_dates_become_seconds():
    array = np.array(["1970-01-02", "NaT"], "datetime64[D]")
    column = ArrayTable(np.zeros((2, 0)), [], {"day": array}).column("day")
    np.testing.assert_array_equal(column.numbers(), [86400.0, np.nan])


@pytest.mark.parametrize(
    ("values", "storage"),
    [
        (["a", None], "string"),
        (["a", float("nan")], "string"),
        ([True, None], "boolean"),
        ([1, None], "integer"),
        ([1, 2.5], "float"),
    ],
)
def test_object_arrays_of_one_type(values, storage):
    column = ArrayTable(np.zeros((2, 0)), [], {"y": np.array(values, object)}).column("y")
    assert column.storage == storage
    assert column.missing().tolist() == [False, values[1] != 2.5]


def test_object_arrays_of_several_types_are_refused():
    table = ArrayTable(np.zeros((2, 0)), [], {"y": np.array(["a", 1], object)})
    with pytest.raises(
        DataError, match=r"column 'y': values of several types stand in one column \(int, str\)"
    ):
        table.column("y")


def test_nested_frame_columns_are_refused():
    with pytest.raises(DataError, match="column 'a': values of type List"):
        FrameTable(pl.DataFrame({"a": [[1], [2]]})).column("a")


@pytest.mark.parametrize("values", [[1, 2**53 + 2], [1, -(2**60)], [1, 2**64 - 1]])
def test_integers_beyond_what_a_float_holds_are_found(values):
    assert FrameTable(pl.DataFrame({"a": values})).column("a").oversized() == 1
    dtype = np.uint64 if values[1] > 2**63 else np.int64
    assert ArrayTable(np.array(values, dtype).reshape(-1, 1), ["a"]).column("a").oversized() == 1


def test_the_largest_exact_integer_is_not_too_large():
    assert FrameTable(pl.DataFrame({"a": [2**53, -(2**53)]})).column("a").oversized() is None


def test_distinct_values_of_every_kind():
    frame = pl.DataFrame(
        {
            "flag": [True, None, False],
            "word": ["b", None, "a"],
            "whole": [3, None, 2],
            "day": [datetime.date(2024, 1, 2), None, datetime.date(2024, 1, 1)],
            "none": [None, None, None],
        }
    )
    table = FrameTable(frame)
    for name in ("flag", "word", "whole", "day"):
        found = table.column(name).distinct()
        assert found.codes.tolist() == [1, -1, 0], name
        assert list(found.values) == sorted(found.values)
    assert table.column("none").distinct().values == ()
    assert table.column("none").missing().all()


def test_integers_wider_than_numpy_keeps_are_still_counted():
    column = FrameTable(pl.DataFrame({"a": pl.Series([2**70, 2**70 + 1], dtype=pl.Int128)})).column("a")
    assert column.distinct().values == (2**70, 2**70 + 1)
    assert column.oversized() == 0
