"""Every row of the tables in "What is read, and how" holds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.casting import cast

from lamina.data import read
from lamina.data.words import MISSING_WORDS, UNKNOWN_WORDS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "what-is-read.md"
ROWS = 60
RANDOM = np.random.default_rng(0)
BESIDE = {"noise": RANDOM.normal(size=ROWS), "y": [["p", "q"][i] for i in RANDOM.integers(0, 2, ROWS)]}


def section(title: str) -> str:
    """The text of a section of the page."""
    return PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def codes(text: str) -> list[str]:
    """What stands as code, and the word "missing" between it."""
    return [code or "missing" for code, _ in re.findall(r"`([^`]*)`|\b(missing)\b", text)]


def rows_of(title: str) -> list[tuple[list[str], str]]:
    """The cells and the right side of every row of a section's table."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    assert lines
    return [(codes(cells), right) for _, cells, right, _ in (line.split("|") for line in lines)]


def case_name(case: tuple[list[str], str]) -> str:
    return " ".join(case[0])


def column_of(folder: Path, cells: list[str]):
    """Kind and column of cells that are repeated down a CSV file."""
    values = (cells * ROWS)[:ROWS]
    pl.DataFrame({"a": values, **BESIDE}).write_csv(folder / "t.csv")
    found = cast(read(str(folder / "t.csv")), "y")
    kinds = {column.name: column.kind for column in found.schema.inputs}
    return kinds.get("a", "left out"), found.claims.table.scalar("a")


@pytest.mark.parametrize("case", rows_of("Numbers"), ids=case_name)
def test_numbers(tmp_path: Path, case: tuple[list[str], str]):
    cells, right = case
    kind, column = column_of(tmp_path, cells)
    assert kind == "numeric"
    expected = [np.nan if word == "missing" else float(word) for word in codes(right)]
    np.testing.assert_array_equal(column.numbers()[: len(cells)], expected)
    np.testing.assert_array_equal(column.missing()[: len(cells)], np.isnan(expected))


@pytest.mark.parametrize("case", rows_of("What is no number"), ids=case_name)
def test_no_numbers(tmp_path: Path, case: tuple[list[str], str]):
    cells, right = case
    if "where the cells are texts" in right:
        found = cast(read(pl.DataFrame({"a": cells * (ROWS // 2), **BESIDE})), "y")
        assert found.schema.inputs[0].kind == "category"
        assert column_of(tmp_path, cells)[0] == "numeric"  # in a CSV file
    else:
        assert column_of(tmp_path, cells)[0] in ("category", "left out")


@pytest.mark.parametrize("case", rows_of("Dates"), ids=case_name)
def test_dates(tmp_path: Path, case: tuple[list[str], str]):
    cells, right = case
    kind, column = column_of(tmp_path, cells)
    assert kind == "datetime"
    expected = [
        np.nan if word == "missing" else np.datetime64(word, "s").astype(np.int64) for word in codes(right)
    ]
    np.testing.assert_array_equal(column.seconds()[: len(cells)], expected)
    np.testing.assert_array_equal(column.missing()[: len(cells)], np.isnan(expected))


@pytest.mark.parametrize("case", rows_of("True and false"), ids=case_name)
def test_truth(tmp_path: Path, case: tuple[list[str], str]):
    cells, right = case
    assert column_of(tmp_path, [*cells, cells[0]])[0] == right.strip()


def test_words_for_missing(tmp_path: Path):
    missing, beside = section("What is missing").split("<!-- words beside numbers -->")
    words = codes(missing.split("<!-- missing words -->")[1].split("\n\n")[0])
    assert {"", *words} == set(MISSING_WORDS)
    assert set(codes(beside)) == set(UNKNOWN_WORDS)
    for word in (*words, *(word.upper() for word in UNKNOWN_WORDS)):
        kind, column = column_of(tmp_path, ["$1", "$2", "$3", word])
        assert kind == "numeric" and column.missing()[:4].tolist() == [False, False, False, True], word
