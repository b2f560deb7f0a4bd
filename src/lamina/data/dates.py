"""Dates written as text: which format a column uses."""

from __future__ import annotations

import re

import numpy as np

from lamina.data.table import AbstractColumn

DATE_SHARE = 0.95
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
_TIMES = (
    "",
    " %H:%M:%S%.f",
    " %H:%M",
    "T%H:%M:%S%.f",
    "T%H:%M",
    " %I:%M:%S %p",
    " %I:%M %p",
    "T%H:%M:%S%.f%#z",
    " %H:%M:%S%.f%#z",
    " %H:%M:%S%.f %#z",
)
_PLAUSIBLE = re.compile(r"^(?=.{6,40}$)(?=.*\d)[\w ,.:+/\-]*[/.\- ,][\w ,.:+/\-]*$")
_PAIRS = {"%m/%d": "%d/%m", "%m-%d": "%d-%m"}


def find_format(column: AbstractColumn, sample: list[str], known: int) -> str:
    """Return the date format in which nearly all of a text column can be read, or an empty text.

    The formats are tried on a sample first; month before day is preferred where both fit.
    """
    if sum(bool(_PLAUSIBLE.match(word)) for word in sample) < DATE_SHARE * len(sample):
        return ""
    from lamina.data.frame import FrameColumn

    small = FrameColumn.from_values(column.name, sample)
    best, share = "", 0.0
    for form in (*(day + time for day in _DAYS for time in _TIMES), "%Y-%m"):
        if _shape_differs(form, sample[0]) or (parsed := _share(small, form, len(sample))) < DATE_SHARE / 2:
            continue
        if parsed >= DATE_SHARE / 2 and (whole := _share(column, form, known)) > share:
            best, share = form, whole
    return best if share >= DATE_SHARE else ""


def _shape_differs(form: str, word: str) -> bool:
    """Return whether a format has other punctuation than a text, which spares trying it."""
    return (":" in form) != (":" in word) or any((mark in form) != (mark in word) for mark in "/,")


def _share(column: AbstractColumn, form: str, known: int) -> float:
    """Return the share of the known values that a format can read."""
    return float(np.count_nonzero(~np.isnan(column.seconds(form)))) / max(known, 1)


def ambiguous(column: AbstractColumn, form: str) -> bool:
    """Return whether day and month could be exchanged without any value failing."""
    for first, second in _PAIRS.items():
        if form.startswith(first):
            other = column.seconds(form.replace(first, second, 1))
            return bool((np.isnan(other) == np.isnan(column.seconds(form))).all())
    return False
