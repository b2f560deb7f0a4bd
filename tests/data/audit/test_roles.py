"""Findings about the table as a whole, and about columns that are left out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.audited import LABELS, NOISE, ROWS, csv_of, said

from lamina.tasks.audit import check

KEEP = '  fix: to learn from it all the same: keep=["a"]'

FINDINGS = {
    "identifier by counting": (
        {"a": list(range(ROWS))},
        ["warning: t.csv, column 'a': left out: identifier (counts the rows)\n" + KEEP],
    ),
    "identifier by its form": (
        {"a": [f"AB-{i:05d}" for i in range(ROWS)]},
        ["warning: t.csv, column 'a': left out: identifier (every value is different)\n" + KEEP],
    ),
    "text": (
        {"a": [f"Mr. {max(i, 1)}" for i in range(ROWS)]},
        ["warning: t.csv, column 'a': left out: free text (almost every value is different)\n" + KEEP],
    ),
    "constant": (
        {"a": ["x"] * ROWS, "b": [1] * ROWS},
        ["note: t.csv: left out, as every row holds the same value: 'a', 'b'"],
    ),
    "nothing but missing": (
        {"a": ["NA"] * ROWS},
        ["warning: t.csv, column 'a': left out: every value is missing\n  fix: fill it in, or remove it"],
    ),
    "equals the target": (
        {"a": [{"no": 0, "yes": 1}[label] for label in LABELS]},
        [
            "warning: t.csv, column 'a': left out: it equals the target, so it would give the answer away\n"
            + KEEP + '; to silence this: drop=["a"]'
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_each_finding_in_its_words(tmp_path, case):
    columns, expected = FINDINGS[case]
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == expected


def test_what_is_kept_is_kept_without_a_warning(tmp_path):
    path = csv_of(tmp_path, {"a": list(range(ROWS)), "b": [{"no": 0, "yes": 1}[label] for label in LABELS]})
    result = check(path, target="y", keep=["a", "b"])
    assert said(result, path) == []
    assert [column.name for column in result.schema.inputs] == ["noise", "a", "b"]
    assert said(check(path, target="y", drop=["a", "b"]), path) == []


def test_a_header_that_is_data(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{x},{i % 3 + 4},{i * 7 % 2}\n" for i, x in enumerate(NOISE)))
    assert said(check(str(path)), str(path))[0] == (
        "warning: t.csv: all column names are numbers: the first row seems to be data\n"
        "  fix: put a line with the column names above it"
    )


def test_nothing_to_learn_from(tmp_path):
    path = csv_of(tmp_path, {"noise": [1] * ROWS, "a": ["NA"] * ROWS})
    assert said(check(path, target="y"), path)[0] == (
        "error: t.csv: no column is left to learn from: 'noise' (every row holds the same value); "
        "'a' (every value is missing)\n"
        '  fix: name the columns to learn from: keep=["..."]'
    )
    path = tmp_path / "y.csv"
    path.write_text("y\n1\n2\n")
    assert "there is no column beside the target\n  fix: add columns to learn from" in str(check(str(path)))


def test_the_only_column_is_kept_with_a_warning(tmp_path):
    words = (
        "column '{}': kept although it is doubtful (equals the target): "
        "there is no other column to learn from\n"
    )
    x = np.arange(1.0, 51.0) ** 2
    fix = "  fix: add columns to learn from"
    assert said(check(({"a": x}, x * 2))) == ["note: <arrays>, " + words.format("a") + fix]
    pl.DataFrame({"a": x, "y": x * 2}).write_csv(tmp_path / "t.csv")
    assert said(check(str(tmp_path / "t.csv")), str(tmp_path / "t.csv")) == [
        "warning: t.csv, " + words.format("a") + fix
    ]
