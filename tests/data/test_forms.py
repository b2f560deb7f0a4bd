"""Columns of texts that are read as numbers or dates, in every kind of table."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl
import pytest

from lamina.data import AbstractTable, CellTable, FrameTable, read, reads_as_date, reads_as_number
from lamina.data.cells import with_cells
from lamina.data.forms import find_form, find_reading, words_left_out
from lamina.data.images.column import ImageColumn
from lamina.data.images.store import ArrayImages

CELLS = ["$1,200", "unknown", "$7.50", "8"]
FORM = "1,234.5 $"
EXPECTED = [1200.0, np.nan, 7.5, 8.0]


def in_frame() -> AbstractTable:
    return read(pl.DataFrame({"x": [1, 2, 3, 4], "price": CELLS}))


def in_arrays() -> AbstractTable:
    return read(np.zeros((4, 2)), y=np.array(CELLS)).changed(values={"price": CELLS})


def beside_cells() -> AbstractTable:
    images = ImageColumn("image", ArrayImages(np.zeros((4, 2, 2, 1), np.uint8)))
    return with_cells(in_frame(), {"image": images})


@pytest.mark.parametrize("make", [in_frame, in_arrays, beside_cells])
def test_a_table_keeps_its_forms(make):
    table = make()
    assert "price" in table.text_names
    assert table.changed(forms={"absent": FORM}) is table
    read_in = table.changed(forms={"price": FORM})
    for own in (read_in, read_in.take(np.arange(4)), read_in.drop([read_in.names[0]])):
        for column in (own.scalar("price"), own.labels("price"), own.scalar("price").take(np.arange(4))):
            np.testing.assert_array_equal(column.numbers(), EXPECTED)
            assert column.missing().tolist() == [False, True, False, False]
            assert column.form == FORM and column.storage == "string"
            assert column.value(0) == "$1,200"
    assert words_left_out(read_in.scalar("price")) == {"unknown": 1}
    assert not table.scalar("price").missing().any()  # the given table is as it was
    back = read_in.changed(forms={"price": ""}).scalar("price")
    assert not back.missing().any() and np.isnan(back.numbers()[:3]).all()


@pytest.mark.parametrize("make", [in_frame, in_arrays, beside_cells])
def test_other_values_in_a_column(make):
    table = make().changed(values={"price": ["a", None, "b", "a"]})
    assert table.names == make().names
    assert table.labels("price").distinct().values == ("a", "b")
    assert table.labels("price").missing().tolist() == [False, True, False, False]
    if isinstance(table, CellTable):
        assert table.cell_names == ("image",)


def test_a_column_of_a_matrix_is_replaced_by_texts():
    table = read(np.arange(6.0).reshape(3, 2)).changed(values={"x0": ["a", "b", "c"]})
    assert set(table.names) == {"x0", "x1"}
    assert table.labels("x0").distinct().values == ("a", "b", "c")
    assert table.scalar("x1").numbers().tolist() == [1.0, 3.0, 5.0]


def test_numbers_that_were_asked_for_can_be_written_to():
    column = in_frame().changed(forms={"price": FORM}).scalar("price")
    column.numbers()[:] = 0
    np.testing.assert_array_equal(column.numbers(), EXPECTED)


@pytest.mark.parametrize(
    ("values", "number", "date"),
    [
        ([1, 2, 3], True, False),
        ([1.5, None, 2.5], True, False),
        (["1", "2", "3"], True, False),
        (["$1", "$2,000", "unknown"], True, False),
        (["2021-01-05", "TBD", "2021-02-05"], False, True),
        ([datetime.date(2021, 1, 5)] * 3, False, True),
        (["AB-1", "AB-2", "AB-3"], False, False),
        (["3 kg", "200 g", "5 kg"], False, False),
        ([True, False, True], False, False),
        (["it was good", "it was bad", "no 5 of 7"], False, False),
    ],
)
def test_any_modality_can_ask(values, number, date):
    column = read(pl.DataFrame({"a": values})).scalar("a")
    assert (reads_as_number(column), reads_as_date(column)) == (number, date)
    form = find_form(column)
    read_in = column.with_form(form)
    assert (reads_as_number(read_in), reads_as_date(read_in)) == (number, date)


def test_categories_have_no_form():
    frame = pl.DataFrame({"a": pl.Series(["$1", "$2,000"]).cast(pl.Categorical)})
    column = FrameTable(frame).column("a")
    assert find_form(column) == "" and find_reading(column) is None
    assert not reads_as_number(column)
    assert column.with_form(FORM).form is None and column.with_form(FORM).categorical
