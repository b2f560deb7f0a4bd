"""What a column of a table holds, judged from its values and, for identifiers, from its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.data import dates
from lamina.data.audit.duplicates import COUNTER
from lamina.data.audit.roles import CONSTANT, EMPTY, MIXED_UNITS
from lamina.data.forms import date_form, find_form, find_reading, holds_plain_numbers
from lamina.data.table import LARGEST_EXACT_INTEGER, AbstractTable, ScalarColumn
from lamina.modalities.base import Description

KINDS = ("numeric", "category", "boolean", "datetime", "text", "identifier", "constant")
UNIQUE_SHARE = 0.9  # texts that differ in so many rows cannot be learned as categories
TEXT_WORDS = 5  # average words in free text
SMALLEST_JUDGED = 10  # rows below which "all different" says nothing

_IDENTIFIER_NAME = re.compile(
    r"(^|[_\-. ])(id|ids|uid|uuid|guid|key|index|idx|rowid|row|rownum|rownames|serial|identifier)"
    r"($|[_\-. ]?no\.?$)"
    r"|[a-z](Id|ID|UUID|Key)$|^unnamed: ?\d+$|^column_1$|^record$|^instant$",
)
_SERIAL = re.compile(
    r"^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # UUID
    r"|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}"  # hash
    r"|[A-Za-z]{0,6}[_\-#/. ]?\d{2,}(?:[_\-/.]\d+)*"  # serial number: AB-00123
    r"|[A-Z0-9]{8,})$"
)


def forms(table: AbstractTable, names: Sequence[str], *, day_first: bool | None) -> dict[str, str]:
    """Return how columns of texts are read as numbers or dates, by name; empty where they are neither.

    Args:
        table: the data.
        names: of columns that may hold texts.
        day_first: whether the day comes before the month, where that is open.
    """
    columns = [column for name in names if (column := table.scalar(name)).storage == "string"]
    return {column.name: find_form(column, day_first=day_first) for column in columns}


def describe(table: AbstractTable, name: str, *, kept: bool) -> Description:
    """Return the kind of a column, and why it cannot be an input, if so.

    Args:
        table: the data.
        name: the column.
        kept: whether it is learned from although it looks like an identifier.
    """
    return _describe(table.scalar(name), kept)


def _describe(column: ScalarColumn, kept: bool) -> Description:
    """Return the kind of a column by its storage."""
    missing = column.missing()
    if missing.all():
        return Description(column.name, "constant", reason=EMPTY)
    if column.storage == "string":
        return _describe_text(column, missing, kept)
    numbers = column.numbers()
    if not missing.any() and (numbers == numbers[0]).all() and len(column.distinct().values) == 1:
        return Description(column.name, "constant", reason=CONSTANT)
    if column.storage in ("boolean", "datetime"):
        return Description(column.name, column.storage)
    if column.storage == "integer" and not missing.any() and not kept:
        reason = integer_identifier(column, numbers)
        if reason:
            return Description(column.name, "numeric", reason=reason, doubtful=True)
    if column.categorical:
        return Description(column.name, "category")
    return Description(column.name, "numeric")


def _described_by_form(column: ScalarColumn, kept: bool) -> Description | None:
    """Return what texts hold that are read as numbers or dates, None where they are neither."""
    form = find_form(column) if column.form is None else column.form
    if date_form(form):
        return Description(column.name, "datetime", detail=form)
    if not form and not holds_plain_numbers(column):
        return None
    numbers = column.with_form(form).numbers()
    whole = not np.isnan(numbers).any() and (numbers == np.floor(numbers)).all()
    reason = integer_identifier(column, numbers) if form and whole and not kept else ""
    detail = f"written as {form}" if form else "read from text"
    return Description(column.name, "numeric", detail=detail, reason=reason, doubtful=bool(reason))


def _are_codes(sample: Sequence[str]) -> bool:
    """Return whether texts are digits of one length, some with a zero in front, as ZIP codes are."""
    if len({len(word) for word in sample}) != 1 or len(sample[0]) < 2:
        return False
    return all(map(str.isdigit, sample)) and any(word[0] == "0" for word in sample)


def integer_identifier(column: ScalarColumn, numbers: np.ndarray) -> str:
    """Return why integers are an identifier, or an empty text.

    All different, and: named like one, or counting up from 0 or 1, or too large to be a quantity.
    """
    rows, low, high = numbers.size, numbers.min(), numbers.max()
    if rows < SMALLEST_JUDGED or high - low < rows - 1:
        return ""
    counting = low in (0, 1) and high - low == rows - 1
    huge = max(-low, high) > LARGEST_EXACT_INTEGER
    if not (counting or huge or named_like_identifier(column.name)):
        return ""
    different = len(column.distinct().values) if huge else np.unique(numbers).size
    if different < (UNIQUE_SHARE * rows if huge else rows):
        return ""
    return f"identifier ({COUNTER if counting else 'every value is different'})"


def named_like_identifier(name: str) -> bool:
    """Return whether a column is named as identifiers are.

    Example:
        >>> [named_like_identifier(name) for name in ("id", "PassengerId", "user_id", "humidity", "grid")]
        [True, True, True, False, False]
    """
    return bool(_IDENTIFIER_NAME.search(name) or _IDENTIFIER_NAME.search(name.lower()))


def _describe_text(column: ScalarColumn, missing: np.ndarray, kept: bool) -> Description:
    """Return the kind of a column of texts."""
    sample = dates.sample_of(column)
    if len(set(sample)) == 1 and not missing.any() and len(column.distinct().values) == 1:
        return Description(column.name, "constant", reason=CONSTANT)
    found = None if column.categorical or _are_codes(sample) else _described_by_form(column, kept)
    if found is not None:
        return found
    found = _described_as_words(column, missing, sample, kept)
    reading = find_reading(column) if found.reason else None
    if reading is None or reading.form is not None:
        return found
    return replace(found, reason=f"{MIXED_UNITS} ({reading.counts} cells)")


def _described_as_words(
    column: ScalarColumn, missing: np.ndarray, sample: Sequence[str], kept: bool
) -> Description:
    """Return the kind of a column of texts that are neither numbers nor dates."""
    name, known, values = column.name, np.flatnonzero(~missing), column.distinct().values
    if kept or known.size < SMALLEST_JUDGED or len(values) < UNIQUE_SHARE * known.size:
        return Description(name, "category")
    words = float(np.mean([len(value.split()) for value in sample]))
    if words >= TEXT_WORDS:
        return Description(name, "text", reason="free text (each value is a sentence of its own)")
    if len(values) == known.size or words < 2:
        serial = named_like_identifier(name) or np.mean([bool(_SERIAL.match(v)) for v in sample]) > 0.9
        reason = (
            "every value is different" if len(values) == known.size else "almost every value is different"
        )
        return Description(name, "identifier" if serial else "text", reason=f"identifier ({reason})")
    return Description(name, "text", reason="free text (almost every value is different)")
