"""What the audit says of a table's columns, in exact words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.audited import LABELS, NOISE, ROWS, csv_of, said, with_cell, with_nan

from lamina.core.errors import DataError
from lamina.tasks.audit import check

FINDINGS = {
    "infinity": (
        {"a": with_cell(with_cell(NOISE, 7, "inf"), 9, "-inf")},
        [
            "error: t.csv, line 9, column 'a': infinity in 2 rows\n"
            "  fix: replace it by a number, or leave the cell empty"
        ],
    ),
    "an integer too large": (
        {"a": with_cell([i % 7 for i in range(ROWS)], 7, 2**53 + 1)},
        [
            "error: t.csv, line 9, column 'a': the integer 9007199254740993 does not fit: "
            "beyond ±2^53 neighbors become one number\n"
            '  fix: leave it out with drop=["a"], or scale it down; codes belong in a text column'
        ],
    ),
    "an integer far too large": (
        {"a": with_cell([str(i % 7) for i in range(ROWS)], 7, str(2**70))},
        [
            "error: t.csv, line 9, column 'a': the integer 1180591620717411303424 does not fit: "
            "beyond ±2^53 neighbors become one number\n"
            '  fix: leave it out with drop=["a"], or scale it down; codes belong in a text column'
        ],
    ),
    "words among numbers": (
        {"a": with_cell(with_cell([str(i % 7) for i in range(ROWS)], 5, "n/a"), 8, "abc")},
        [
            "warning: t.csv, line 10, column 'a': 1 cell of a numeric column can not be read as a number, "
            "the first one 'abc'; taken as missing\n  fix: correct the cells, or leave them empty",
            "note: t.csv: values are missing in 'a' (1.7%); the network is told which",
        ],
    ),
    "words among dates": (
        {"a": with_cell([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], 8, "soon")},
        [
            "note: t.csv, column 'a': 1 cell among dates holds a word, which is taken as missing ('soon' 1)",
            "note: t.csv: values are missing in 'a' (1.7%); the network is told which",
        ],
    ),
    "bad dates": (
        {"a": with_cell([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], 8, "2024-02-30")},
        [
            "warning: t.csv, line 10, column 'a': 1 cell of a column of dates can not be read as %Y-%m-%d, "
            "the first one '2024-02-30'; taken as missing\n  fix: write all dates alike, best as 2025-01-31"
        ],
    ),
    "dates of two kinds": (
        {"a": [f"2024-01-{i % 28 + 1:02d}" if i % 2 else f"1/{i % 28 + 1}/2024" for i in range(ROWS)]},
        [
            "warning: t.csv, column 'a': dates are written in several ways, read as %Y-%m-%d and %m/%d/%Y\n"
            "  fix: write all dates alike, best as 2025-01-31",
            "note: t.csv, line 14, column 'a': read as %Y-%m-%d|%m/%d/%Y, the month first: "
            "'1/13/2024' can not be read otherwise",
        ],
    ),
    "dates that could be others": (
        {"a": [f"{i % 5 + 1}/{i % 7 + 1}/2024" for i in range(ROWS)]},
        [
            "warning: t.csv, column 'a': read as %m/%d/%Y, the month first: no part above 12 tells "
            "day and month apart, so that is assumed\n"
            "  fix: choose dayfirst=true if the day comes first, else dayfirst=false; or write 2025-01-31"
        ],
    ),
    "categories by case": (
        {"a": with_cell(["ulm", "bonn", "köln"] * 20, 4, "BONN")},
        [
            "note: t.csv, column 'a': 1 value differs from another in case only\n"
            "  fix: write each category in one way"
        ],
    ),
    "numbers in disguise": (
        {"a": [f"${i % 9},{i % 9}00" for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': read as numbers: '$0,000' is 0 (unit $, thousands ','); every comma "
            "has three digits behind it, so it is taken to separate thousands\n"
            "  fix: if it is a decimal comma, write a point: 12.345"
        ],
    ),
    "numbers with ends of many kinds": (
        {"a": [f"{i % 9}{'abcd'[i % 4]}{'xyz'[i % 3]}" for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': most values look like numbers, such as '0ax'; learned as categories\n"
            "  fix: write plain numbers: 1234.5"
        ],
    ),
    "numbers and words": (
        {"a": [str(i % 20) if i % 3 else "abc"[i // 3 % 3] * 3 for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': 87% of the values are numbers; learned as categories\n"
            "  fix: if it is a quantity, empty the cells that are no number"
        ],
    ),
    "missing values": (
        {"a": with_cell(NOISE * 2 + NOISE**2, 6, ""), "b": with_cell(["u", "v", "w"] * 20, 6, "?")},
        ["note: t.csv: values are missing in 'a' (1.7%), 'b' (1.7%); the network is told which"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_each_finding_in_its_words(tmp_path, case):
    columns, expected = FINDINGS[case]
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == expected


def test_a_function_of_the_target_is_doubted_unless_time_explains_it():
    x = np.random.default_rng(1).normal(size=(100, 2))
    y = np.exp(x[:, 0])
    assert said(check((x, y))) == [
        "warning: <arrays>, column 'x0': rises and falls with the target in every row: it may "
        "give the answer away\n"
        '  fix: to leave it out: drop=["x0"]'
    ]
    assert said(check((x, y), keep=["x0"])) == []
    order = np.argsort(y)
    assert said(check((x[order], y[order]))) == []


def test_many_categories_are_noted(monkeypatch):
    monkeypatch.setattr("lamina.modalities.table.check.MOST_CATEGORIES", 5)
    result = check({"a": [f"c{i % 7}" for i in range(ROWS)], "b": NOISE, "y": LABELS}, "y")
    assert said(result) == ["note: <frame>, column 'a': 7 categories: the 5 most frequent are told apart"]


ARRAYS = {
    "nan": (
        lambda x, y: (with_nan(x), y),
        "error: <arrays>, row 4, column 'x1': NaN in 1 row\n"
        "  fix: fill the gaps in, or say that they are meant: allow_missing=True",
    ),
    "infinity": (
        lambda x, y: (with_nan(x, np.inf), y),
        "error: <arrays>, row 4, column 'x1': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "target nan": (
        lambda x, y: (x, np.where(np.arange(ROWS) == 5, np.nan, x[:, 0] + x[:, 1])),
        "error: <arrays>, row 5, column 'target': the target is NaN in 1 of 60 rows\n"
        "  fix: remove these rows, or fill them in",
    ),
    "an integer too large": (
        lambda x, y: (np.where(np.arange(ROWS)[:, None] == 9, 2**60, (x * 9).astype(np.int64)), y),
        "error: <arrays>, row 9, column 'x0': the integer 1152921504606846976 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["x0"], or scale it down; codes belong in a text column',
    ),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_are_held_to_more(case):
    make, expected = ARRAYS[case]
    x = np.random.default_rng(1).normal(size=(ROWS, 2))
    result = check(make(x, np.arange(ROWS) % 2))
    assert str(result.errors[0]) == expected
    with pytest.raises(DataError) as caught:
        result.raise_errors()
    assert str(caught.value) == expected.removeprefix("error: ") + "".join(
        f"\n  {'also' if i == 0 else '    '}: {f.where}: {f.message}" for i, f in enumerate(result.errors[1:])
    )


def test_missing_numbers_in_arrays_may_be_meant():
    x = with_nan(np.random.default_rng(1).normal(size=(ROWS, 2)))
    result = check((x, np.arange(ROWS) % 2), allow_missing=True)
    assert said(result) == ["note: <arrays>: values are missing in 'x1' (1.7%); the network is told which"]
    assert not check((pl.DataFrame(x), np.arange(ROWS) % 2)).errors


def test_nan_in_test_arrays():
    x = np.random.default_rng(0).normal(size=(ROWS, 2))
    result = check((x, np.arange(ROWS) % 2), test_data=(with_nan(x + 9), np.arange(ROWS) % 2))
    assert said(result)[0] == (
        "error: <arrays>, row 4, column 'x1': NaN in 1 row, none in training\n  fix: fill the gaps in"
    )
