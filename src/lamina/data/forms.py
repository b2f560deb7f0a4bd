"""How a column of texts is read as numbers or dates: found once over the whole column, then kept as a text.

A form is a number written that way (``1.234,5 €``), one or several formats of dates (``%d.%m.%Y``), or empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.data import dates, spellings
from lamina.data.spellings import NumberForm
from lamina.data.words import NUMERIC_SHARE, UNKNOWN_WORDS, looks_numeric

if TYPE_CHECKING:
    import polars as pl

    from lamina.data.table import ScalarColumn

_SOME = 40  # values that are looked at before a whole column is


def find_form(column: ScalarColumn, *, day_first: bool | None = None) -> str:
    """Return how the texts of a column are read as numbers or dates; empty where they are neither.

    Plain numbers need no form. Cost: a look at 40 values where they are neither, else O(cells).

    Args:
        column: of any type; only texts have a form.
        day_first: whether the day comes before the month where that is open; None: decided from the dates.
    """
    if column.storage != "string" or column.categorical:
        return ""
    reading = find_reading(column)
    if reading is not None:
        return str(reading.form) if reading.form else ""
    return dates.find_format(column, day_first=day_first)


def find_reading(column: ScalarColumn) -> spellings.Reading | None:
    """Return how the texts of a column are read as numbers, or which units keep them from it.

    Args:
        column: of any type.
    """
    if column.storage != "string" or column.categorical:
        return None
    sample = [word for word in dates.sample_of(column, _SOME) if word.strip().lower() not in UNKNOWN_WORDS]
    if not sample or sum(map(spellings.is_number, sample)) < 0.5 * len(sample):
        return None
    return spellings.find_numbers(column.texts())


def reads_as_number(column: ScalarColumn) -> bool:
    """Return whether a column holds numbers, be it as texts with units, separators or words for "missing".

    Args:
        column: of any type.

    Example:
        >>> from lamina.data import read
        >>> table = read({"price": ["$1,200", "$7.50"], "code": ["AB-1", "AB-2"], "size": [1, 2]})
        >>> [reads_as_number(table.column(name)) for name in table.names]
        [True, False, True]
    """
    if column.storage in ("integer", "float"):
        return not column.categorical
    if column.storage != "string" or column.categorical:
        return False
    if column.form is not None and NumberForm.parse(column.form):
        return True
    return holds_plain_numbers(column) or NumberForm.parse(find_form(column)) is not None


def reads_as_date(column: ScalarColumn) -> bool:
    """Return whether a column holds dates, be it as texts.

    Args:
        column: of any type.

    Example:
        >>> from lamina.data import read
        >>> table = read({"when": ["3 Nov 2021", "unknown", "14 May 2020"], "code": ["a-1", "a-2", "a-3"]})
        >>> [reads_as_date(table.column(name)) for name in table.names]
        [True, False]
    """
    return column.storage == "datetime" or bool(date_form(find_form(column)))


def holds_plain_numbers(column: ScalarColumn) -> bool:
    """Return whether nearly all texts of a column are plain numbers, such as ``-1.5e3``.

    Args:
        column: of texts.
    """
    sample = dates.sample_of(column)
    if not sample or sum(map(looks_numeric, sample)) < 0.5 * len(sample):
        return False
    known = np.count_nonzero(~column.missing())
    return bool(np.count_nonzero(~np.isnan(column.numbers())) >= NUMERIC_SHARE * known)


def date_form(form: str | None) -> str:
    """Return a form if it is one of dates, else an empty text.

    Example:
        >>> date_form("%d.%m.%Y"), date_form("1,234.5"), date_form(None)
        ('%d.%m.%Y', '', '')
    """
    return form if form and form.startswith("%") else ""


def numbers_in(texts: pl.Series, form: str) -> np.ndarray:
    """Return texts as float64, NaN where one is no number in a form.

    Args:
        texts: the cells, null where there is none.
        form: of numbers; one of dates reads no number.
    """
    import polars as pl

    own = NumberForm.parse(form)
    numbers = spellings.read_numbers(texts, own) if own else texts.cast(pl.Float64, strict=False)
    return numbers.fill_null(float("nan")).to_numpy()


def without_words(texts: pl.Series, form: str) -> pl.Series:
    """Return texts with null for the words that mean "missing" in a form.

    Among dates every cell without a digit is such a word; among numbers those of a list.

    Args:
        texts: the cells.
        form: of numbers or dates.
    """
    words = dates.are_words(texts) if date_form(form) else spellings.unknown_words(texts)
    return texts.set(words, None) if words.any() else texts


def words_left_out(column: ScalarColumn) -> dict[str, int]:
    """Return the words of a column that mean "missing" in its form, each with its number of cells.

    Args:
        column: with a form.
    """
    texts = column.texts()
    known = without_words(texts, column.form or "")
    words = texts.filter(known.is_null() & texts.is_not_null())
    return dict(words.value_counts(sort=True).iter_rows()) if column.form else {}
