"""Dates written as text, in the ways people write them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from lamina.data.dates import (
    ambiguous,
    deciding_row,
    exchanged,
    find_format,
    is_day_first,
    seconds_of,
)
from lamina.data.frame import FrameColumn

MOMENTS = [datetime.datetime(2024, 1 + i % 12, 1 + i * 5 % 28, i % 24, i * 7 % 60, i % 60) for i in range(40)]
FORMATS = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%m/%d/%y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m",
]


def column_of(words: list) -> FrameColumn:
    return FrameColumn.from_values("when", words)


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_found_and_read_exactly(form):
    words = [moment.strftime(form) for moment in MOMENTS]
    found = find_format(column_of(words))
    assert found
    expected = []
    for moment in MOMENTS:
        cut = moment
        if "%S" not in form:
            cut = cut.replace(second=0)
        if "%M" not in form:
            cut = cut.replace(minute=0, hour=0)
        if "%d" not in form:
            cut = cut.replace(day=1)
        expected.append((cut - datetime.datetime(1970, 1, 1)).total_seconds())
    np.testing.assert_array_equal(column_of(words).seconds(found), expected)


def test_numbers_without_leading_zeros():
    assert find_format(column_of([f"{m.month}/{m.day}/{m.year}" for m in MOMENTS])) == "%m/%d/%Y"


def test_month_before_day_is_preferred_and_the_doubt_is_known():
    column = column_of(["01/02/2024", "03/04/2024"] * 10)
    assert find_format(column) == "%m/%d/%Y"
    assert ambiguous(column, "%m/%d/%Y")
    assert not ambiguous(column_of(["01/02/2024", "01/14/2024"]), "%m/%d/%Y")
    assert not ambiguous(column, "%Y-%m-%d")


def test_one_late_row_decides_between_day_and_month():
    assert find_format(column_of(["01/02/2024"] * 300 + ["14/02/2024"] * 300)) == "%d/%m/%Y"


def test_several_formats_in_one_column():
    words = ["2024-01-05", "5/14/2024"] * 20
    found = find_format(column_of(words))
    assert found == "%Y-%m-%d|%m/%d/%Y"
    assert not np.isnan(column_of(words).seconds(found)).any()


@pytest.mark.parametrize(
    "words", [["12", "13"], ["a-b", "c-d"], ["1.5", "2.5"], ["192.168.0.1", "10.0.0.1"], ["2024-13-45"]]
)
def test_what_is_no_date(words):
    assert find_format(column_of(words * 10)) == ""


def test_a_few_cells_may_fail_and_are_missing():
    words = ["2024-01-05"] * 39 + ["soon"]
    found = find_format(column_of(words))
    assert np.flatnonzero(np.isnan(column_of(words).seconds(found))).tolist() == [39]


def test_the_format_is_found_where_none_was_stored():
    np.testing.assert_array_equal(seconds_of(column_of(["1970-01-02", None]), ""), [86400.0, np.nan])
    assert np.isnan(seconds_of(column_of(["x", "y"]), "")).all()


def test_words_without_a_digit_are_missing_up_to_half_of_the_cells():
    dates = ["2024-01-05", "2024-02-14", "2024-03-30"] * 10
    for words in (["unknown", "TBD"] * 5, ["not yet"] * 30):
        column = column_of(words + dates)
        form = find_format(column)
        assert form == "%Y-%m-%d"
        assert column.with_form(form).missing().sum() == len(words)
        assert not np.isnan(column.with_form(form).seconds()[len(words) :]).any()
    assert find_format(column_of(["not yet"] * 31 + dates)) == ""
    assert find_format(column_of(["unknown"] * 30)) == ""


@pytest.mark.parametrize("separator", ["/", "-"])
def test_a_wish_decides_where_nothing_else_does(separator):
    words = [word.replace("/", separator) for word in ["01/02/2024", "03/04/2024"] * 10]
    month_first, day_first = (f"%{a}/%{b}/%Y".replace("/", separator) for a, b in ("md", "dm"))
    assert find_format(column_of(words), day_first=True) == day_first
    assert find_format(column_of(words), day_first=False) == month_first
    for late in ("25/02/2024", "02/25/2024"):  # here the dates themselves decide
        column = column_of([*words, *[late.replace("/", separator)] * 2])
        expected = day_first if late.startswith("25") else month_first
        assert {find_format(column, day_first=wish) for wish in (None, True, False)} == {expected}
        assert deciding_row(column, expected) == len(words)


def test_order_in_formats():
    assert exchanged("%m/%d/%Y %H:%M") == "%d/%m/%Y %H:%M"
    assert exchanged("%d-%m-%y|%Y-%m-%d") == "%m-%d-%y|%Y-%m-%d"
    assert exchanged("%d.%m.%Y|%Y-%m-%d") == exchanged("%d %b %Y") == ""
    assert is_day_first("%d/%m/%Y") and not is_day_first("%m/%d/%Y") and not is_day_first("%Y-%m-%d")
    assert deciding_row(column_of(["2024-01-25"]), "%Y-%m-%d") is None


def test_years_of_two_digits():
    column = column_of(["03/25/69", "03/25/70", "03/25/00", "03/25/99"])
    assert find_format(column) == "%m/%d/%y"
    years = (column.seconds("%m/%d/%y") * 1e6).astype("datetime64[us]").astype("datetime64[Y]")
    assert years.astype(str).tolist() == ["2069", "1970", "2000", "1999"]


@pytest.mark.parametrize("form", ["%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%b %Y", "%B %Y"])
def test_names_of_months(form):
    words = [moment.strftime(form).replace(" 0", " ").lstrip("0") for moment in MOMENTS]
    found = find_format(column_of(words))
    assert found and not np.isnan(column_of(words).seconds(found)).any()
    months = (column_of(words).seconds(found) * 1e6).astype("datetime64[us]").astype("datetime64[M]")
    assert months.astype(str).tolist() == [f"{m:%Y-%m}" for m in MOMENTS]
