"""Workbooks by calamine: one sheet becomes a table, each column of the type that its cells have."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import DataError, require, suggest
from lamina.core.wording import counted
from lamina.data.frame import FrameTable, check_names
from lamina.data.readers.parsers import text, workbook_size
from lamina.data.readers.parsers.failure import words_of
from lamina.data.readers.parsers.preamble import rows_above
from lamina.data.table import LARGEST_EXACT_INTEGER
from lamina.data.words import MISSING_WORDS

_SAMPLE_ROWS = 100  # that the header is looked for in
_MOST_NAMED = 8
_MOST_SHOWN = 60  # characters of a title
_DATES = (datetime.datetime, datetime.date)


def read_spreadsheet(
    path: str, *, sheet: str | int | None = None, keep_text: frozenset[str] = frozenset()
) -> FrameTable:
    """Return the table in a sheet of a workbook (.xlsx .xlsm .xlsb .xls .ods).

    Empty rows and columns at the edges are passed over, and so is a title above the header. Cells that
    hold an error, such as ``#N/A``, are missing values. Hidden rows and columns are read like any others.

    Args:
        path: the file.
        sheet: name or number from 1; without, the first visible sheet that holds anything.
        keep_text: columns to leave as texts although they look like numbers.

    Raises:
        DataError: the file is damaged or protected, or there is no such sheet or nothing in it.
        MissingExtraError: the library that reads workbooks is not installed.
    """
    text.check_file(path)
    calamine = require("python_calamine", extra="excel", purpose="to read workbooks")
    workbook_size.check(path)
    book = _guarded(lambda: calamine.CalamineWorkbook.from_path(path), path)  # type: ignore[attr-defined]
    name, start, rows, remark = _chosen(book, path, sheet)
    where = f"{path}, sheet '{name}'"
    spelled = [[_spelled(cell) for cell in row] for row in rows[:_SAMPLE_ROWS]]
    above = rows_above(spelled)
    first = start + above  # row of the header, counted from 0
    remarks = remark + _title(spelled[:above])
    names = _names([_spelled(cell) for cell in rows[above]], rows[above + 1 :], f"{where}, row {first + 1}")
    below = [(i, row) for i, row in enumerate(rows[above + 1 :], first + 2) if any(c != "" for c in row)]
    if not below:
        raise DataError(
            "there is a header, but no row below it", where=where, fix="add rows below the header"
        )
    columns = [
        _series(names[i], [row[i] for _, row in below], as_text=names[i] in keep_text) for i in sorted(names)
    ]
    lines = np.array([i for i, _ in below])
    return FrameTable(pl.DataFrame(columns), source=path, lines=lines, remarks=remarks)


def _guarded(read: Any, path: str) -> Any:
    """Return what calamine reads, with every failure told as a fault of the file."""
    try:
        return read()
    except BaseException as error:  # a panic of the reader is no Exception
        if type(error).__name__ == "PasswordError":
            fix = "save a copy without the password"
            raise DataError("the workbook is protected by a password", where=path, fix=fix) from error
        fix = "save it anew, or export the sheet as CSV"
        raise DataError(f"not a whole workbook ({words_of(error)})", where=path, fix=fix) from error


def _chosen(book: Any, path: str, sheet: str | int | None) -> tuple[str, int, list[list[Any]], list[str]]:
    """Return name, first row, cells and remarks of the sheet that is read."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [s for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    names = [s.name for s in sheets]
    if sheet is not None:
        name = _asked(names, sheet, path)
        start, rows = _cells(book, name, path)
        if not rows:
            raise DataError("the sheet is empty", where=f"{path}, sheet '{name}'", fix=_other(names, name))
        return name, start, rows, []
    hidden = {s.name for s in sheets if s.visible != SheetVisibleEnum.Visible}
    for name in sorted(names, key=lambda name: name in hidden):
        start, rows = _cells(book, name, path)
        if rows:
            return name, start, rows, _said(names, name, hidden)
    raise DataError("no sheet holds anything", where=path, fix="check that it was saved to the end")


def _said(names: Sequence[str], name: str, hidden: set[str]) -> list[str]:
    """Return the remark on sheets that are not read."""
    others = [f"'{n}'" + (" (hidden)" if n in hidden else "") for n in names if n != name]
    more = f" and {len(others) - _MOST_NAMED:,} more" if len(others) > _MOST_NAMED else ""
    said = f"sheet '{name}' of {len(names):,} is read; others: {', '.join(others[:_MOST_NAMED])}{more}"
    return [f"{said} (sheet= chooses)"] if others else []


def _asked(names: Sequence[str], sheet: str | int, path: str) -> str:
    """Return the name of the sheet that was asked for by name or number."""
    if str(sheet) in names:
        return str(sheet)
    if str(sheet).isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise DataError(
        f"there is no sheet {sheet!r}{suggest(str(sheet), names)}",
        where=path,
        expected=f"one of {', '.join(names[:_MOST_NAMED])}, or a number from 1 to {len(names)}",
    )


def _other(names: Sequence[str], name: str) -> str:
    others = [f"'{other}'" for other in names if other != name]
    return f"choose another one: {', '.join(others[:_MOST_NAMED])}" if others else "fill it"


def _cells(book: Any, name: str, path: str) -> tuple[int, list[list[Any]]]:
    """Return the first row that is not empty, counted from 0, and the cells from there."""
    sheet = _guarded(lambda: book.get_sheet_by_name(name), f"{path}, sheet '{name}'")
    if sheet.start is None:
        return 0, []
    rows = _guarded(lambda: sheet.to_python(skip_empty_area=True), f"{path}, sheet '{name}'")
    blank = next((i for i, row in enumerate(rows) if any(cell != "" for cell in row)), len(rows))
    return sheet.start[0] + blank, rows[blank:]


def _title(above: Sequence[Sequence[str]]) -> list[str]:
    """Return the remark on the rows above the header."""
    words = next((cell.strip() for row in above for cell in row if cell.strip()), "")
    shown = repr(words if len(words) <= _MOST_SHOWN else words[:_MOST_SHOWN] + "…")
    return [f"{counted(len(above), 'row')} above the header skipped, the first one {shown}"] if words else []


def _names(header: list[str], rows: Sequence[Sequence[Any]], where: str) -> dict[int, str]:
    """Return the names of the columns by position; columns without name and value are left out."""
    given = {i: name.strip() for i, name in enumerate(header)}
    if not any(given.values()):
        raise DataError("the header is blank", where=where, fix="begin with the column names")
    empty = {i for i, name in given.items() if not name and all(row[i] == "" for row in rows)}
    names = {i: name or f"column_{i + 1}" for i, name in given.items() if i not in empty}
    check_names([*names.values()], where)
    return names


def _spelled(cell: Any) -> str:
    """Return a cell as a text, whole numbers without a point.

    Example:
        >>> _spelled(2.0), _spelled(True), _spelled(datetime.date(2024, 1, 2))
        ('2', 'true', '2024-01-02')
    """
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= LARGEST_EXACT_INTEGER:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, (*_DATES, datetime.time)) else str(cell)


def _series(name: str, cells: list[Any], *, as_text: bool) -> pl.Series:
    """Return a column of the type that its cells have in common; texts where they have none."""
    values = [None if isinstance(cell, str) and cell.strip() in MISSING_WORDS else cell for cell in cells]
    kinds = {type(value) for value in values} - {type(None)}
    if as_text or not kinds or str in kinds:
        return _texts(name, values)
    if kinds <= {int, float}:
        numbers = pl.Series(name, values, dtype=pl.Float64, strict=False)
        whole = bool((numbers.floor() == numbers).all()) and not (numbers.abs() > LARGEST_EXACT_INTEGER).any()
        return numbers.cast(pl.Int64) if whole else numbers
    if kinds <= {*_DATES}:
        return pl.Series(name, [_moment(value) for value in values], dtype=pl.Datetime("us"))
    if len(kinds) == 1:
        return pl.Series(name, values)
    return _texts(name, values)


def _texts(name: str, values: Sequence[Any]) -> pl.Series:
    return pl.Series(name, [None if value is None else _spelled(value) for value in values], dtype=pl.String)


def _moment(value: Any) -> datetime.datetime | None:
    """Return a date as the midnight that begins it."""
    if value is None or isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day)
