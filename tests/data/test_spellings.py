"""Numbers as people write them: how a column of them is read, and what is no number."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lamina.data.spellings import NumberForm, example, find_numbers, is_number, read_numbers, unit_of
from lamina.data.units import is_known, unit_key

READ = {  # cells: the form that is found, and their values
    "dollars": (["$1,234.50", "$12", "-$7.25"], "1,234.5 $", [1234.5, 12, -7.25]),
    "pounds": (["£9.90", "£12.00"], "1234.5 £", [9.9, 12]),
    "euros behind": (["9,90 €", "1.234,50 €"], "1.234,5 €", [9.9, 1234.5]),
    "euros before, minus inside": (["€-4", "€5.5", "-€3"], "1234.5 €", [-4, 5.5, -3]),
    "percent": (["12.3%", "5 %", "-1%"], "1234.5 %", [12.3, 5, -1]),
    "a unit": (["3.1 kg", "4kg", "5 KG"], "1234.5 kg", [3.1, 4, 5]),
    "a unit with a power": (["50 m2", "60 m²", "7.5m2"], "1234.5 m²", [50, 60, 7.5]),
    "a word apart": (["3 rooms", "1 room"], "1234.5 room", [3, 1]),
    "commas of thousands": (["1,234,567", "12,345", "950"], "1,234.5", [1234567, 12345, 950]),
    "points of thousands": (["1.234.567", "12.345", "950"], "1.234,5", [1234567, 12345, 950]),
    "a decimal comma": (["1.234,56", "7,5", "12"], "1.234,5", [1234.56, 7.5, 12]),
    "a decimal comma alone": (["0,125", "1,250"], "1234,5", [0.125, 1.25]),
    "a decimal comma beside points": (["1,5", "1.5"], "1234,5", [1.5, 1.5]),
    "spaces": (["1 234,5", "12", "1 234 567"], "1 234,5", [1234.5, 12, 1234567]),
    "spaces of all sorts": (["1\u00a0234.5", "7\u2009000", "8\u202f000"], "1 234.5", [1234.5, 7000, 8000]),
    "apostrophes": (["1'234.50", "12", "1’000.5"], "1'234.5", [1234.5, 12, 1000.5]),
    "brackets": (["(12.50)", "3.00", "($4)"], "1234.5 $", [-12.5, 3, -4]),
    "a sign": (["+3 m", "\u22124 m", "\u20135 m"], "1234.5 m", [3, -4, -5]),
    "exponents": (["1.2e3 m", "4E-1 m"], "1234.5 m", [1200, 0.4]),
    "a code of money": (["CHF 1'234.50", "CHF 3"], "1'234.5 CHF", [1234.5, 3]),
    "synonyms": (["US$5", "USD 7", "$9"], "1234.5 $", [5, 7, 9]),
    "zeros": (["$0,000", "$1,100"], "1,234.5 $", [0, 1100]),
    "words for missing": (["$5", "unknown", "$7", "$8", "TBD", "-"], "1234.5 $", [5, None, 7, 8, None, None]),
    "plain numbers and words": (["5", "unknown", "7"], "1234.5", [5, None, 7]),
    "few with separators": (["950"] * 97 + ["1,200"], "1,234.5", [950] * 97 + [1200]),
}


@pytest.mark.parametrize("case", READ)
def test_a_column_is_read_as_a_whole(case):
    cells, form, expected = READ[case]
    reading = find_numbers(pl.Series(cells))
    assert reading is not None and reading.form is not None
    assert str(reading.form) == form
    assert NumberForm.parse(form) == reading.form
    assert read_numbers(pl.Series(cells), reading.form).to_list() == expected


NO_NUMBERS = {
    "identifiers": ["AB-00123", "AB-00124"],
    "versions": ["1.2.3", "1.10.0", "2.0.1"],
    "addresses": ["10.0.0.1", "192.168.100.200"],
    "addresses that look grouped": ["192.168.100.200", "192.168.100.201"],
    "telephone": ["(555) 123-4567", "555-123-4568"],
    "telephone in groups of three": [f"612 345 {i}" for i in range(100, 120)],
    "dates": ["2021-03-01", "2021-03-02"],
    "dates with points": ["03.11.2021", "04.11.2021"],
    "dates with slashes": ["03/11/2021", "04/11/2021"],
    "ranges": ["10-20", "20-30"],
    "ranges with a dash": ["10\u201320", "20\u201330"],
    "times": ["12:30", "13:45"],
    "ZIP codes": ["02139-4307", "02140-1234"],
    "seats": ["12A", "12B", "14C"],
    "generations": ["4G", "5G"],
    "ordinals": ["1st", "2nd", "3rd"],
    "heights": ["5'11", "6'1"],
    "coordinates": ["52.52, 13.40", "48.1, 11.5"],
    "lists": ["1,2,3", "4,5"],
    "fractions": ["1/2", "3/4"],
    "streets": ["12 Main", "14 Oak"],
    "hexadecimal": ["0x12", "0xff"],
    "a zero before a group": ["012,345", "098,765"],
    "two signs": ["+-5 m", "--5 m"],
    "half a bracket": ["(5", "6)"],
    "plain numbers": ["1", "2.5", "-1e3"],
    "words": ["red", "green"],
    "words only": ["unknown", "tbd"],
    "nothing": [None, None],
    "more words than numbers": ["$5", "unknown", "unknown", "tbd"],
    "too many others": ["$5"] * 9 + ["abc"],
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_number_is_left_alone(case):
    assert find_numbers(pl.Series(NO_NUMBERS[case] * 6, dtype=pl.String)) is None


def test_nothing_tells_the_separators_apart():
    comma, point = find_numbers(pl.Series(["12,345", "950"])), find_numbers(pl.Series(["1.234 €", "950 €"]))
    assert comma is not None and (str(comma.form), comma.ambiguous) == ("1,234.5", ",")
    assert point is not None and (str(point.form), point.ambiguous) == ("1234.5 €", ".")
    for decided in (["1,234,567", "950"], ["12,345", "9.50"], ["1.234,5 €"], ["1,5"]):
        reading = find_numbers(pl.Series(decided))
        assert reading is not None and reading.ambiguous == ""


@pytest.mark.parametrize(
    "cells",
    [["3 kg", "200 g"], ["$5", "€6"], ["$300K", "$1.2M"], ["5%", "3 €"]],
    ids=["masses", "moneys", "factors", "others"],
)
def test_several_units_are_counted_and_not_converted(cells):
    reading = find_numbers(pl.Series(cells * 5))
    assert reading is not None and reading.form is None
    assert sorted(reading.units.values()) == [5, 5]
    assert reading.counts.endswith(" in 5") and ", " in reading.counts


def test_cells_of_another_form_are_missing_and_plain_ones_are_kept():
    euro = NumberForm(".", ",", "€")
    cells = ["1.234,50 €", "1.234", "7.5", "12", "5 $", "1,234.5", "abc", None, "1e3", "(2,5 €)"]
    assert read_numbers(pl.Series(cells), euro).to_list() == [
        1234.5, 1234.0, 7.5, 12.0, None, None, None, None, 1000.0, -2.5,
    ]  # fmt: skip
    assert read_numbers(pl.Series([], dtype=pl.String), euro).to_list() == []


def test_random_numbers_come_back():
    random = np.random.default_rng(0)
    values = np.round(random.normal(scale=10.0 ** random.integers(0, 9, 2000)), 2)
    for thousands, decimal, unit in ((",", ".", "$"), (".", ",", "kg"), (" ", ",", ""), ("'", ".", "%")):
        texts = [f"{v:,.2f}".replace(",", "_").replace(".", decimal).replace("_", thousands) for v in values]
        cells = pl.Series([f"{text} {unit}".strip() for text in texts])
        reading = find_numbers(cells)
        assert reading is not None and reading.form == NumberForm(thousands, decimal, unit)
        np.testing.assert_array_equal(read_numbers(cells, reading.form).to_numpy(), values)


def test_forms_are_texts_by_example():
    for form in (NumberForm(), NumberForm(",", ".", "$"), NumberForm(" ", ",", "km/h"), NumberForm("'", ".")):
        assert NumberForm.parse(str(form)) == form
    for other in ("", None, "%Y-%m-%d", "1.234.5", "1,234,5", "1234.5 ", "1234.5 a b", "read from text"):
        assert NumberForm.parse(other) is None
    assert NumberForm(",", ",").words == "thousands ',', decimal ','"
    assert unit_of("1234.5 kg") == "kg" and unit_of("%Y") == ""


def test_the_example_is_the_longest_of_the_first_cells():
    assert example(pl.Series(["5", "$7", "$1,234.50", "abc"]), NumberForm(",", ".", "$")) == (
        "$1,234.50",
        1234.5,
    )
    assert example(pl.Series(["5", "7"]), NumberForm()) is None


def test_single_words():
    numbers = ("5", "-1e3", "$5", "5 kg", "(5)", "1 234", "1\u00a0234", "\u22125 €")
    assert all(map(is_number, numbers))
    assert not any(map(is_number, ("", "abc", "10-20", "12:30", "AB-1", "1/2", "5 and 6")))


def test_units():
    assert unit_key("KG") == unit_key("kg.") == "kg"
    assert unit_key("US$") == unit_key("USD") == unit_key("dollars") == "$"
    assert unit_key("M") != unit_key("m")
    assert [is_known(name) for name in ("°C", "km/h", "$M", "€/h", "A", "xyz", "")] == [True] * 4 + [
        False
    ] * 3
