"""Lines above the header of a table: a title, comments, blank lines."""

from __future__ import annotations

import collections
from collections.abc import Sequence

from lamina.data.words import MISSING_WORDS, looks_numeric

COMMENT = "#"
_AS_WIDE = 0.95  # of the rows below a header, so many are as wide as it is, or all but one

Row = Sequence[str]


def rows_above(rows: Sequence[Row]) -> int:
    """Return how many of the first rows stand above the header; 0 wherever that is in doubt.

    A table of one column is left alone, and so is one whose first row may be its header. Blank rows and
    comments are skipped where a row of names follows; a title where, besides, a blank row follows it, or a
    column of numbers begins right below the names.

    Args:
        rows: the first rows, each its fields as texts; blank rows are empty.

    Example:
        >>> rows_above([["Sales 2024"], [], ["region", "sold"], ["North", "3"], ["South", "5"]])
        2
        >>> rows_above([["region", "sold"], ["North", "3"], ["South", "5"]])
        0
    """
    width = _width(rows)
    if width < 2:
        return 0
    position = next((i for i, row in enumerate(rows) if _may_be_header(row, width, rows[i + 1 :])), 0)
    above, below = rows[:position], rows[position + 1 :]
    if not any(above):  # there is no field in any of them
        return position
    if not _are_names(rows[position]) or not _as_wide(below, width):
        return 0
    texts = [row for row in above if not _is_blank(row) and not _is_comment(row)]
    evident = _begins_numbers(rows[position], below)
    set_apart = any(map(_is_blank, above)) and all(len(_filled(row)) == 1 for row in texts)
    return position if not texts or evident or set_apart else 0


def _width(rows: Sequence[Row]) -> int:
    """Return how many fields most rows have, comments and blank rows aside; the more where it is a tie."""
    widths = collections.Counter(len(row) for row in rows if not _is_blank(row) and not _is_comment(row))
    return max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]


def _filled(row: Row) -> list[str]:
    return [field for field in row if field.strip()]


def _is_blank(row: Row) -> bool:
    return not any(field.strip() for field in row)


def _is_comment(row: Row) -> bool:
    return bool(row) and row[0].lstrip().startswith(COMMENT)


def _may_be_header(row: Row, width: int, below: Sequence[Row]) -> bool:
    """Return whether a row is as wide as the table and neither a comment nor a title."""
    if len(row) != width or _is_blank(row):
        return False
    if _is_comment(row):  # the names of some tables begin with a hash
        following = next((other for other in below if not _is_blank(other)), ())
        return not (
            len(following) == width and _are_names(following) and _begins_numbers(following, below[1:])
        )
    return len(_filled(row)) > 1 or not row[0].strip()


def _are_names(row: Row) -> bool:
    """Return whether a row may be a header: different texts, none a number; the last one may be empty."""
    names = [field.strip() for field in (row[:-1] if not row[-1].strip() else row)]
    named = all(name and name not in MISSING_WORDS and not looks_numeric(name) for name in names)
    return named and len(set(names)) == len(names)


def _as_wide(rows: Sequence[Row], width: int) -> bool:
    """Return whether there are rows below a header, and nearly all are as wide as it is."""
    fit = [len(row) == width for row in rows if not _is_blank(row)]
    return any(fit) and sum(fit) >= min(len(fit) - 1, _AS_WIDE * len(fit))


def _begins_numbers(names: Row, below: Sequence[Row]) -> bool:
    """Return whether a column holds numbers from the row below its name on."""
    filled = [row for row in below if len(row) == len(names) and not _is_blank(row)]
    for column in range(len(names)):
        values = [row[column].strip() for row in filled]
        known = [value for value in values if value not in MISSING_WORDS]
        if known and all(map(_is_number, known)):
            return True
    return False


def _is_number(value: str) -> bool:
    return looks_numeric(value) or looks_numeric(value.replace(",", "."))
