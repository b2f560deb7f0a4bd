"""Findings about texts that are read as numbers or dates: what was decided, by which cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lamina.core.wording import counted
from lamina.data import dates
from lamina.data.audit.findings import Finding, note, warning
from lamina.data.audit.roles import MIXED_UNITS, MIXED_UNITS_CODE
from lamina.data.forms import find_reading, words_left_out
from lamina.data.spellings import NumberForm, example
from lamina.data.table import AbstractTable, ScalarColumn

_NAMED_WORDS = 3
_WRITE_ISO = "write all dates alike, best as 2025-01-31"


def of_spelled_numbers(table: AbstractTable, column: ScalarColumn) -> Iterator[Finding]:
    """Yield how texts with units, separators or words for "missing" are read as numbers.

    Args:
        table: the data.
        column: of texts, with its form.
    """
    form = NumberForm.parse(column.form)
    if form is None:
        return
    where, reading = table.where(name=column.name), find_reading(column.with_form(None))
    shown = example(column.texts(), form)
    if shown is not None:
        said = f"read as numbers: {shown[0]!r} is {shown[1]:.15g}" + (
            f" ({form.words})" if form.words else ""
        )
        yield note("read-as-numbers", where, *_with_doubt(said, reading.ambiguous if reading else ""))
    yield from _of_words(where, column, "numbers")
    bare = reading.units.get("", 0) if reading else 0
    if form.unit and bare:
        message = (
            f"{counted(bare, 'cell')} have no unit where others have {form.unit}: taken as {form.unit} too"
        )
        yield warning("no-unit", where, message, "write the unit in every cell, or in none")


def _with_doubt(said: str, ambiguous: str) -> tuple[str, str]:
    """Return what is said of a separator that may be meant otherwise, and what to do then."""
    if ambiguous == ",":
        more = "; every comma has three digits behind it, so it is taken to separate thousands"
        return said + more, "if it is a decimal comma, write a point: 12.345"
    if ambiguous == ".":
        more = "; every point has three digits behind it, and is taken for a decimal point"
        return said + more, "if it separates thousands, leave it out: 1234"
    return said, ""


def of_units(table: AbstractTable, column: ScalarColumn) -> Iterator[Finding]:
    """Yield a warning for numbers with several units, which are not converted.

    Args:
        table: the data.
        column: of texts.
    """
    reading = find_reading(column)
    if reading is not None and reading.form is None:
        message = f"{MIXED_UNITS} ({reading.counts} cells): not read as numbers"
        fix = "write all cells in one unit, and give the column its name"
        yield warning(MIXED_UNITS_CODE, table.where(name=column.name), message, fix)


def of_written_dates(
    table: AbstractTable, form: str, column: ScalarColumn, missing: np.ndarray, day_first: bool | None
) -> Iterator[Finding]:
    """Yield findings about dates written as text.

    Args:
        table: the data.
        form: formats in which they are read.
        column: of texts.
        missing: where there is no date.
        day_first: whether somebody said that the day comes before the month.
    """
    where = table.where(name=column.name)
    bad = np.flatnonzero(np.isnan(column.seconds(form)) & ~missing)
    if bad.size:
        row = int(bad[0])
        message = (
            f"{counted(bad.size, 'cell')} of a column of dates can not be read as {form}, "
            f"the first one {column.value(row)!r}; taken as missing"
        )
        yield warning("not-a-date", table.where(row, column.name), message, _WRITE_ISO)
    yield from _of_words(where, column, "dates")
    if dates.BETWEEN_FORMATS in form:
        shown = " and ".join(form.split(dates.BETWEEN_FORMATS))
        yield warning("mixed-dates", where, f"dates are written in several ways, read as {shown}", _WRITE_ISO)
    if dates.exchanged(form):
        yield _of_order(table, form, column, day_first)
    if "%y" in form:
        yield note(
            "short-years", where, "years of two digits are those from 1970 to 2069", "write four digits"
        )


def _of_order(table: AbstractTable, form: str, column: ScalarColumn, day_first: bool | None) -> Finding:
    """Return how day and month are told apart, and by which cell."""
    row, first = dates.deciding_row(column, form), "day" if dates.is_day_first(form) else "month"
    where = table.where(row, column.name) if row is not None else table.where(name=column.name)
    said = f"read as {form}, the {first} first"
    if day_first is not None and day_first != dates.is_day_first(form):
        return warning(
            "day-order", where, f"{said} though dayfirst={day_first} asks for the other order", _WRITE_ISO
        )
    if row is not None:
        return note("day-order", where, f"{said}: {column.value(row)!r} can not be read otherwise")
    if day_first is not None:
        return note("day-order", where, f"{said}, as dayfirst={day_first} says")
    message = f"{said}: no part above 12 tells day and month apart, so that is assumed"
    fix = "choose dayfirst=true if the day comes first, else dayfirst=false; or write 2025-01-31"
    return warning("ambiguous-dates", where, message, fix)


def _of_words(where: str, column: ScalarColumn, noun: str) -> Iterator[Finding]:
    """Yield a note for words among numbers or dates that are taken as missing."""
    words: Mapping[str, int] = words_left_out(column)
    if words:
        shown = ", ".join(f"{word!r} {count:,}" for word, count in list(words.items())[:_NAMED_WORDS])
        more = ", …" if len(words) > _NAMED_WORDS else ""
        cells = counted(sum(words.values()), "cell")
        hold = "holds a word, which is" if sum(words.values()) == 1 else "hold words, which are"
        message = f"{cells} among {noun} {hold} taken as missing ({shown}{more})"
        yield note("words-as-missing", where, message)
