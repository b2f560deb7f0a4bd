"""Dates written as text: which format, or formats, a column uses.

Years of two digits are those from 1970 to 2069.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

    from lamina.data.table import ScalarColumn

DATE_SHARE = 0.95  # so many of the texts must be dates
MOST_WORDS = 0.5  # so many may be words without a digit, which are taken as missing
MOST_FORMATS = 3
BETWEEN_FORMATS = "|"  # several formats are stored as one text
_DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
)
_MONTHS = ("%Y-%m", "%b %Y", "%B %Y")  # fmt: skip
_TIMES = (
    "", " %H:%M:%S%.f", " %H:%M", "T%H:%M:%S%.f", "T%H:%M", " %I:%M:%S %p", " %I:%M %p",
    "T%H:%M:%S%.f%#z", " %H:%M:%S%.f%#z", " %H:%M:%S%.f %#z",
)  # fmt: skip
_FORMATS = (*(day + time for day in _DAYS for time in _TIMES), *_MONTHS)
_PLAUSIBLE = re.compile(r"^(?=.{6,40}$)(?=.*\d)[\w ,.:+/\-]*[/.\- ,][\w ,.:+/\-]*$")
_EXCHANGED = {"%m/%d": "%d/%m", "%m-%d": "%d-%m"}
_ANY_DATE = "%"  # a form in which words are no dates


def sample_of(column: ScalarColumn, size: int = 200) -> list[str]:
    """Return at most ``size`` known values, evenly spaced and cut at 200 characters."""
    return [str(column.value(int(row)))[:200] for row in _sample_rows(column, size)]


def _sample_rows(column: ScalarColumn, size: int) -> np.ndarray:
    """Return at most ``size`` rows with a known value, evenly spaced."""
    known = np.flatnonzero(~column.missing())
    return known[np.unique(np.linspace(0, known.size - 1, min(size, known.size)).astype(np.int64))]


def are_words(texts: pl.Series) -> pl.Series:
    """Return which texts hold no digit, and so no date."""
    return ~texts.str.contains(r"\d").fill_null(True)


def find_format(column: ScalarColumn, *, day_first: bool | None = None) -> str:
    """Return the date formats in which nearly all of a text column can be read, or an empty text.

    The formats are tried on a sample first. Words without a digit, up to half of the cells, are taken as
    missing. Month before day is preferred where both fit. Up to three formats, joined by ``|``, are taken
    where one is not enough.

    Args:
        column: of texts.
        day_first: whether the day comes before the month, where the dates can be read so; None: as they tell.
    """
    given = sample_of(column, 40)
    dated = [word for word in given if any(map(str.isdigit, word))]
    likely = sum(bool(_PLAUSIBLE.match(word)) for word in dated)
    if len(dated) < (1 - MOST_WORDS) / 2 * len(given) or likely < DATE_SHARE**2 * len(dated):
        return ""
    known = len(column) - np.count_nonzero(column.missing())
    column = column.with_form(_ANY_DATE)
    dated = len(column) - np.count_nonzero(column.missing())
    if not dated or dated < (1 - MOST_WORDS) * known:
        return ""
    sample = sample_of(column)
    if sum(bool(_PLAUSIBLE.match(word)) for word in sample) < DATE_SHARE * len(sample):
        return ""
    small = column.take(_sample_rows(column, len(sample)))
    shapes = {_shape(word) for word in sample}
    reads = {form: _read(small, form) for form in _FORMATS if _shape(form) in shapes}
    chosen, done = [], np.zeros(len(sample), bool)
    while len(chosen) < MOST_FORMATS and not done.all():
        gains = {form: int((read & ~done).sum()) for form, read in reads.items()}
        best = max(gains, key=lambda form: gains[form], default="")
        if not best or not gains[best]:
            break
        chosen.append(best)
        done |= reads[best]
    if done.mean() < DATE_SHARE or not chosen:
        return ""
    return _best_order(column, BETWEEN_FORMATS.join(chosen), day_first)


def _best_order(column: ScalarColumn, chosen: str, day_first: bool | None) -> str:
    """Return the formats that read the whole column best: days and months exchanged where that helps."""
    known = max(np.count_nonzero(~column.missing()), 1)
    candidates = [chosen, *([other] if (other := exchanged(chosen)) else [])]
    shares = {form: _read(column, form).sum() / known for form in candidates}
    fitting = {form: share for form, share in shares.items() if share >= DATE_SHARE}
    asked = [form for form in fitting if day_first is not None and is_day_first(form) == day_first]
    return next(iter(asked), max(fitting, key=lambda form: fitting[form], default=""))


def exchanged(form: str) -> str:
    """Return formats with day and month exchanged, empty where their places are certain.

    Example:
        >>> exchanged("%m/%d/%Y|%Y-%m-%d"), exchanged("%d.%m.%Y")
        ('%d/%m/%Y|%Y-%m-%d', '')
    """
    both = {**_EXCHANGED, **{second: first for first, second in _EXCHANGED.items()}}
    forms = form.split(BETWEEN_FORMATS)
    other = BETWEEN_FORMATS.join(both.get(one[:5], one[:5]) + one[5:] for one in forms)
    return "" if other == form else other


def is_day_first(form: str) -> bool:
    """Return whether the day comes before the month in the first format in which that is open.

    Example:
        >>> is_day_first("%d/%m/%Y"), is_day_first("%m-%d-%Y")
        (True, False)
    """
    forms = form.split(BETWEEN_FORMATS)
    return next((one[:5] in _EXCHANGED.values() for one in forms if exchanged(one)), False)


def deciding_row(column: ScalarColumn, form: str) -> int | None:
    """Return the first row that tells day and month apart: it cannot be read the other way round.

    Args:
        column: of texts.
        form: in which they are read.
    """
    other = exchanged(form)
    rows = np.flatnonzero(_read(column, form) & ~_read(column, other)) if other else np.empty(0, int)
    return int(rows[0]) if rows.size else None


def _shape(text: str) -> tuple[bool, bool, bool]:
    """Return which punctuation a format or a text has: formats of another shape are not tried."""
    return ":" in text, "/" in text, "," in text


def _read(column: ScalarColumn, form: str) -> np.ndarray:
    """Return which values a format can read."""
    return ~np.isnan(column.seconds(form))


def ambiguous(column: ScalarColumn, form: str) -> bool:
    """Return whether day and month could be exchanged without any value failing."""
    other = exchanged(form)
    return bool(other) and bool((_read(column, other) == _read(column, form)).all())


def seconds_of(column: ScalarColumn, form: str) -> np.ndarray:
    """Return dates as seconds since 1970, their format found out where it is neither given nor needed."""
    if column.storage == "string" and not form:
        form = (column.form or "") if column.form is not None else find_format(column)
        form = form if form.startswith("%") else ""
        if not form:
            return np.full(len(column), np.nan)
    return column.seconds(form or None)
