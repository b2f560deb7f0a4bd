"""What a column of a table holds, judged from its values and, for identifiers, from its name."""

from __future__ import annotations

import re

import numpy as np

from lamina.data import dates
from lamina.data.audit.duplicates import COUNTER
from lamina.data.audit.roles import CONSTANT, EMPTY
from lamina.data.table import LARGEST_EXACT_INTEGER, AbstractTable, ScalarColumn
from lamina.data.words import NUMERIC_SHARE, looks_numeric
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
    name, known = column.name, np.flatnonzero(~missing)
    sample = dates.sample_of(column)
    if not column.categorical:
        if sum(map(looks_numeric, sample)) >= 0.5 * len(sample):
            if np.count_nonzero(~np.isnan(column.numbers())) >= NUMERIC_SHARE * known.size:
                return Description(name, "numeric", detail="read from text")
        form = dates.find_format(column)
        if form:
            return Description(name, "datetime", detail=form)
    values = column.distinct().values
    if len(values) == 1 and known.size == missing.size:
        return Description(name, "constant", reason=CONSTANT)
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
