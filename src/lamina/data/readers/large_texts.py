"""Texts that are too long to be held, and stay in their files."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lamina.core.errors import DataError
from lamina.data.memory import total_memory
from lamina.data.readers.packing import packing_of
from lamina.data.texts import files
from lamina.data.texts.column import FileTextColumn
from lamina.data.texts.files import BLOCK, TextFile
from lamina.data.texts.ranges import TextRanges
from lamina.data.texts.table import FileTextTable

# A text of characters in memory, its passages, int32 tokens, and windows that overlap by half, each once for
# training and once more on the device.
COPIES = 20
_PLAIN = "give it as a plain file in UTF-8, which is read from the disk as it is needed"


def is_large(paths: Sequence[str]) -> bool:
    """Return whether texts are to stay in their files: together they are long, and none is packed.

    Args:
        paths: of the files.
    """
    if any(packing_of(path) or not os.path.isfile(path) for path in paths):
        return False
    return sum(map(os.path.getsize, paths)) > files.LARGE_TEXT


def read_large(
    name: str, paths: Sequence[str], *, source: str, encoding: str | None = None
) -> FileTextTable | None:
    """Return the table of texts in files, one text a file; None where they cannot be read piece by piece.

    Cost: each file is passed through once, 16 MiB at a time.

    Args:
        name: of the column.
        paths: of plain files.
        source: the file, or the folder of the files.
        encoding: that was asked for, or None.

    Raises:
        DataError: a file is no text, or not UTF-8, with its line and byte.
    """
    from lamina.data.readers.parsers import text
    from lamina.data.readers.parsers.encodings import is_utf8

    if encoding is not None and not is_utf8(encoding):
        return None
    for path in paths:
        if not text.is_blank(path) and not text.load(path, encoding).is_plain:
            return None  # UTF-16, or line ends of old Mac OS
    found = [TextFile(path) for path in paths]
    for file in found:
        _check(file)
    return FileTextTable(FileTextColumn(name, TextRanges.of(found)), source=source)


def check_fits(path: str, size: int, *, fix: str = _PLAIN) -> None:
    """Refuse a long text that can only be read as a whole, where memory would not hold what is made of it.

    Args:
        path: the file.
        size: bytes of the text, unpacked.
        fix: what to do instead.

    Raises:
        DataError: with the memory that is needed and that there is.
    """
    if size <= files.LARGE_TEXT:
        return
    needed, there = COPIES * size / 1e9, total_memory() / 1e9
    if needed > there:
        raise DataError(
            f"the text has {size / 1e9:,.2f} GB and can only be read as a whole",
            where=path,
            expected=f"about {needed:,.0f} GB of memory",
            received=f"{there:,.0f} GB",
            fix=f"unpack it first: {fix}" if packing_of(path) else fix,
        )


def _check(file: TextFile) -> None:
    """Refuse a file that is not UTF-8.

    Raises:
        DataError: with the line and the byte.
    """
    from lamina.data.readers.parsers.text import first_fault

    place = first_fault(file.blocks())
    if place is None:
        return
    line = 1 + _line_ends(file, place)
    raise DataError(
        f"byte {place:,}, 0x{file.read(place, place + 1)[0]:02x}, is not UTF-8 text",
        where=f"{file.path}, line {line:,}",
        fix="correct it, or write the file anew in UTF-8: iconv -f WINDOWS-1252 -t UTF-8",
    )


def _line_ends(file: TextFile, stop: int) -> int:
    """Return how many lines end before a place."""
    places = range(0, stop, BLOCK)
    return sum(file.read(place, min(stop, place + BLOCK)).count(b"\n") for place in places)
