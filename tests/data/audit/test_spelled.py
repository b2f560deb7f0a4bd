"""What the audit says of texts that are read as numbers or dates, in exact words."""

from __future__ import annotations

import numpy as np
import pytest
from tests.audited import LABELS, NOISE, ROWS, csv_of, said
from tests.casting import cast

from lamina.core.errors import ConfigError
from lamina.data import read, split_rows
from lamina.tasks.audit import check

PRICES = [f"${value:,.2f}" for value in np.abs(NOISE) * 5000]
LONGEST = max(PRICES, key=len)
MISSING = "note: t.csv: values are missing in 'a' ({}); the network is told which"
AMBIGUOUS = [f"{i % 5 + 1:02d}/{i % 7 + 1:02d}/2024" for i in range(ROWS)]
DAY_FIRST = [f"{i % 28 + 1:02d}/{i % 7 + 1:02d}/2024" for i in range(ROWS)]
FINDINGS = {
    "money": (
        PRICES,
        [
            f"note: t.csv, column 'a': read as numbers: {LONGEST!r} is "
            f"{float(LONGEST[1:].replace(',', '')):.15g} (unit $, thousands ',')"
        ],
    ),
    "a decimal comma": (
        [f"{i % 7},{i % 9}5" for i in range(ROWS)],
        ["note: t.csv, column 'a': read as numbers: '0,05' is 0.05 (decimal ',')"],
    ),
    "brackets": (
        [f"({i % 7}.5)" if i % 3 else f"{i % 5}.5" for i in range(ROWS)],
        ["note: t.csv, column 'a': read as numbers: '(1.5)' is -1.5"],
    ),
    "ambiguous points": (
        [f"{i % 7 + 1}.{i % 900 + 100} €" for i in range(ROWS)],
        [
            "note: t.csv, column 'a': read as numbers: '1.100 €' is 1.1 (unit €); every point has three "
            "digits behind it, and is taken for a decimal point\n"
            "  fix: if it separates thousands, leave it out: 1234"
        ],
    ),
    "words among numbers": (
        ["TBD" if i % 20 == 0 else "unknown" if i % 20 == 1 else f"{i % 7} kg" for i in range(ROWS)],
        [
            "note: t.csv, column 'a': read as numbers: '2 kg' is 2 (unit kg)",
            "note: t.csv, column 'a': 6 cells among numbers hold words, which are taken as missing "
            "('TBD' 3, 'unknown' 3)",
            MISSING.format("10.0%"),
        ],
    ),
    "no unit in some": (
        [f"{i % 7}" if i % 6 == 0 else f"{i % 7}%" for i in range(ROWS)],
        [
            "warning: t.csv, column 'a': 10 cells have no unit where others have %: taken as % too\n"
            "  fix: write the unit in every cell, or in none",
            "note: t.csv, column 'a': read as numbers: '1%' is 1 (unit %)",
        ],
    ),
    "several units, all different": (
        [f"{i + 2} kg" if i % 3 else f"{i + 2} g" for i in range(ROWS)],
        [
            "warning: t.csv, column 'a': left out: numbers with several units (kg in 40, g in 20 cells)\n"
            '  fix: write all cells in one unit; to learn from it as categories: keep=["a"]'
        ],
    ),
    "several units, repeated": (
        ["3 kg", "200 g", "5 kg"] * 20,
        [
            "warning: t.csv, column 'a': numbers with several units (kg in 40, g in 20 cells): "
            "not read as numbers\n  fix: write all cells in one unit, and give the column its name",
            "note: t.csv, column 'a': most values look like numbers, such as '200 g'; learned as categories\n"
            "  fix: write plain numbers: 1234.5",
        ],
    ),
    "the day first": (
        DAY_FIRST,
        [
            "note: t.csv, line 14, column 'a': read as %d/%m/%Y, the day first: '13/06/2024' can not be "
            "read otherwise"
        ],
    ),
    "short years and words": (
        ["soon" if i % 30 == 0 else f"{i % 12 + 1:02d}/{i % 20 + 1:02d}/24" for i in range(ROWS)],
        [
            "note: t.csv, column 'a': 2 cells among dates hold words, which are taken as missing ('soon' 2)",
            "note: t.csv, line 14, column 'a': read as %m/%d/%y, the month first: '01/13/24' can not be "
            "read otherwise",
            "note: t.csv, column 'a': years of two digits are those from 1970 to 2069\n"
            "  fix: write four digits",
            MISSING.format("3.3%"),
        ],
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_each_finding_in_its_words(tmp_path, case):
    values, expected = FINDINGS[case]
    path = csv_of(tmp_path, {"a": values})
    assert said(check(path, target="y"), path) == expected


def test_a_wish_for_the_order_of_day_and_month(tmp_path):
    path = csv_of(tmp_path, {"a": AMBIGUOUS})
    for wish, form, first in ((True, "%d/%m/%Y", "day"), ("false", "%m/%d/%Y", "month")):
        result = check(path, target="y", dayfirst=wish)
        assert said(result, path) == [
            f"note: t.csv, column 'a': read as {form}, the {first} first, as dayfirst={first == 'day'} says"
        ]
        assert result.schema is not None and result.schema.inputs[1].detail == form
    path = csv_of(tmp_path, {"a": DAY_FIRST})
    assert said(check(path, target="y", dayfirst=False), path) == [
        "warning: t.csv, line 14, column 'a': read as %d/%m/%Y, the day first though dayfirst=False asks for "
        "the other order\n  fix: write all dates alike, best as 2025-01-31"
    ]
    with pytest.raises(ConfigError, match="dayfirst is a switch"):
        check(path, target="y", dayfirst="perhaps")


def test_the_order_decides_the_split_by_time_too():
    rows = {
        "when": [f"{i % 12 + 1:02d}/{i % 5 + 1:02d}/2024" for i in range(ROWS)],
        "noise": NOISE,
        "y": LABELS,
    }
    for wish, part in ((True, 3), (False, 0)):  # the last rows are those of the last month
        found = cast(read(rows), "y", dayfirst=wish, time="when")
        table = found.claims.table
        split = split_rows(table, found.schema, seed=0)
        months = [int(str(table.column("when").value(row))[part : part + 2]) for row in range(ROWS)]
        assert min(months[row] for row in split.valid) >= max(months[row] for row in split.train)


def test_targets_with_several_units_and_with_one(tmp_path):
    path = csv_of(tmp_path, {"t": [f"{i + 1} kg" if i % 2 else f"{i + 1} g" for i in range(ROWS)]})
    words = said(check(path, target="t"), path)
    assert words[0].startswith("error: t.csv, column 't': 60 classes in 60 rows")
    assert words[1].startswith(
        "warning: t.csv, column 't': numbers with several units (g in 30, kg in 30 cells)"
    )
    words = said(check(path, target="t", task="regression"), path)
    assert words[0].startswith("error: t.csv, line 2, column 't': regression learns numbers, got '1 g'")
    assert "several units" in words[1]
    path = csv_of(tmp_path, {"t": PRICES})
    result = check(path, target="t")
    assert result.schema is not None and result.schema.task == "regression"
    assert result.schema.forms == (("t", "1,234.5 $"),)
    assert said(result, path)[0].startswith("note: t.csv, column 't': read as numbers: ")


def test_a_price_in_cents_gives_the_price_away(tmp_path):
    cents = [round(float(price[1:].replace(",", "")) * 100) for price in PRICES]
    path = csv_of(tmp_path, {"cents": cents, "price": PRICES})
    assert any("it equals the target" in text for text in said(check(path, target="price"), path))


def test_numbers_with_marks_that_count_the_rows_are_no_input(tmp_path):
    counting = [f"{i + 990:,}" for i in range(ROWS)]
    result = check(csv_of(tmp_path, {"nr": counting, "id": counting}), target="y")
    assert result.schema is not None
    assert "id" in dict(result.schema.dropped) and "nr" not in dict(result.schema.dropped)
