"""Dates written as text: which format, or formats, a column uses."""

from __future__ import annotations

import re

import numpy as np

from lamina.data.table import ScalarColumn

DATE_SHARE = 0.95  # so many of the texts must be dates
MOST_FORMATS = 3
BETWEEN_FORMATS = "|"  # several formats are stored as one text
_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%m/%d/%y",
    "%d/%m/%y", "%d.%m.%y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
_TIMES = (
    "", " %H:%M:%S%.f", " %H:%M", "T%H:%M:%S%.f", "T%H:%M", " %I:%M:%S %p", " %I:%M %p",
    "T%H:%M:%S%.f%#z", " %H:%M:%S%.f%#z", " %H:%M:%S%.f %#z",
)  # fmt: skip
_FORMATS = (*(day + time for day in _DAYS for time in _TIMES), "%Y-%m")
_PLAUSIBLE = re.compile(r"^(?=.{6,40}$)(?=.*\d)[\w ,.:+/\-]*[/.\- ,][\w ,.:+/\-]*$")
_EXCHANGED = {"%m/%d": "%d/%m", "%m-%d": "%d-%m"}


def sample_of(column: ScalarColumn, size: int = 200) -> list[str]:
    """Return at most ``size`` known values, evenly spaced and cut at 200 characters."""
    return [str(column.value(int(row)))[:200] for row in _sample_rows(column, size)]


def _sample_rows(column: ScalarColumn, size: int) -> np.ndarray:
    """Return at most ``size`` rows with a known value, evenly spaced."""
    known = np.flatnonzero(~column.missing())
    return known[np.unique(np.linspace(0, known.size - 1, min(size, known.size)).astype(np.int64))]


def find_format(column: ScalarColumn) -> str:
    """Return the date formats in which nearly all of a text column can be read, or an empty text.

    The formats are tried on a sample first. Month before day is preferred where both fit. Up to three
    formats, joined by ``|``, are taken where one is not enough.
    """
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
    return _best_order(column, chosen)


def _best_order(column: ScalarColumn, chosen: list[str]) -> str:
    """Return the formats that read the whole column best: days and months exchanged where that helps."""
    known = max(np.count_nonzero(~column.missing()), 1)
    candidates = [chosen]
    for first, second in _EXCHANGED.items():
        if any(form.startswith(first) for form in chosen):
            candidates.append([second + form[5:] if form.startswith(first) else form for form in chosen])
    shares = [_read(column, BETWEEN_FORMATS.join(forms)).sum() / known for forms in candidates]
    best = int(np.argmax(shares))
    return BETWEEN_FORMATS.join(candidates[best]) if shares[best] >= DATE_SHARE else ""


def _shape(text: str) -> tuple[bool, bool, bool]:
    """Return which punctuation a format or a text has: formats of another shape are not tried."""
    return ":" in text, "/" in text, "," in text


def _read(column: ScalarColumn, form: str) -> np.ndarray:
    """Return which values a format can read."""
    return ~np.isnan(column.seconds(form))


def ambiguous(column: ScalarColumn, form: str) -> bool:
    """Return whether day and month could be exchanged without any value failing."""
    for first, second in _EXCHANGED.items():
        if form.startswith(first):
            return bool((_read(column, form.replace(first, second, 1)) == _read(column, form)).all())
    return False


def seconds_of(column: ScalarColumn, form: str) -> np.ndarray:
    """Return dates as seconds since 1970, their format found out where it is neither given nor needed."""
    if column.storage == "string" and not form:
        form = find_format(column)
        if not form:
            return np.full(len(column), np.nan)
    return column.seconds(form or None)
