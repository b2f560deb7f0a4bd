"""How large the sheets of a workbook are, told without making them: one stray cell can make one huge."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator

from lamina.core.errors import DataError

MOST_CELLS = 1 << 27  # 4 GiB at the 32 bytes that calamine takes for a cell
_SHEET = re.compile(r".+\.xml", re.IGNORECASE)  # any part may be one
_COLUMN = re.compile(rb'\sr="([A-Z]{1,3})[0-9]')
_ROW = re.compile(rb'\sr="[A-Z]{0,3}([0-9]{1,7})"')
# A cell from column AAA or row 100,000 on: without one, a sheet has 70 million cells at most.
_FAR = re.compile(rb'\sr="(?:[A-Z]{3}[0-9]|[A-Z]{1,2}[0-9]{6})')
_BLOCK, _OVERLAP = 1 << 24, 16  # bytes; a reference is shorter than the overlap


def check(path: str) -> None:
    """Raise DataError where the cells of a sheet of an .xlsx file span more than can be held.

    A sheet is held whole, from its first cell to its last, so a stray cell in a far corner takes memory for
    all cells between. Cost: one pass over the sheets.

    Args:
        path: a workbook; only those of zipped XML are looked at.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = [member for member in archive.infolist() if _SHEET.fullmatch(member.filename)]
            extents = [_extent(archive, sheet) for sheet in sheets if _is_far(archive, sheet)]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error):
        return  # the reader says what is wrong with it
    for rows, columns in extents:
        if rows * columns > MOST_CELLS:
            raise DataError(
                f"a sheet spans {rows:,} rows and {columns:,} columns, more than can be held",
                where=path,
                fix="delete stray cells far from the table, or export it as CSV",
            )


def _blocks(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the text of a sheet in blocks that overlap, so that no reference is cut in all of them."""
    with archive.open(sheet) as stream:
        rest = b""
        while block := stream.read(_BLOCK):
            yield rest + block
            rest = block[-_OVERLAP:]


def _is_far(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> bool:
    """Return whether a sheet names a cell far enough away to need a closer look."""
    return any(_FAR.search(block) for block in _blocks(archive, sheet))


def _extent(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> tuple[int, int]:
    """Return the last row and the last column that a sheet names."""
    rows: set[bytes] = set()
    columns: set[bytes] = set()
    for block in _blocks(archive, sheet):
        columns.update(_COLUMN.findall(block))
        rows.update(_ROW.findall(block))
    return max(map(int, rows), default=0), max(map(_number, columns), default=0)


def _number(letters: bytes) -> int:
    """Return the number of a column from its letters.

    Example:
        >>> _number(b"A"), _number(b"AA"), _number(b"XFD")
        (1, 27, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
