"""Where the records of a delimited text begin, and whether each has as many fields as the header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.readers.parsers.text import Buffer, Text, nul_error

SEPARATORS = ",;\t|"
_BLOCK = 1 << 23
_NEWLINE, _QUOTE, _RETURN = 10, 34, 13


@dataclass(frozen=True)
class Records:
    """What a pass over the bytes found.

    Args:
        lines: the line on which each record below the header begins, or None if they run 2, 3, 4 ….
        blank: positions, among all records below the header, of those that are blank lines.
        count: number of records below the header, blank ones included.
        ragged: whether a record seems to have another number of fields than the header.
    """

    lines: np.ndarray | None
    blank: np.ndarray
    count: int
    ragged: bool = False


class _Counts:
    """Running counts at the end of each record: position, separators so far, line breaks so far."""

    def __init__(self):
        self.ends: list[np.ndarray] = []
        self.separators: list[np.ndarray] = []
        self.breaks: list[np.ndarray] = []
        self.seen_separators = self.seen_breaks = self.inside = 0

    def add(self, block: np.ndarray, start: int, separator: int) -> None:
        """Count on over one block of bytes."""
        breaks = np.flatnonzero(block == _NEWLINE)
        separators = np.flatnonzero(block == separator)
        quotes = np.flatnonzero(block == _QUOTE)
        ends, counted = breaks, separators
        if self.inside or quotes.size:  # a break or separator after an odd number of quotes is inside
            ends = breaks[(np.searchsorted(quotes, breaks) + self.inside) % 2 == 0]
            counted = separators[(np.searchsorted(quotes, separators) + self.inside) % 2 == 0]
            self.inside = (self.inside + quotes.size) % 2
        self.ends.append(ends + start)
        self.separators.append(np.searchsorted(counted, ends) + self.seen_separators)
        self.breaks.append(np.searchsorted(breaks, ends) + 1 + self.seen_breaks)
        self.seen_separators += counted.size
        self.seen_breaks += breaks.size


def scan(text: Text, separator: str, width: int) -> Records:
    """Count the fields of every record without parsing them; O(bytes), a few passes in NumPy.

    A quote toggles "inside": exact for quoting by doubling, and wrong for stray quotes in the middle of a
    field, which is why a record that seems ragged must be parsed again by :func:`rewritten`.

    Raises:
        DataError: there is a NUL byte, so this is not text.
    """
    counts, data = _Counts(), text.data
    for start in range(0, len(data), _BLOCK):
        block = np.frombuffer(data[start : start + _BLOCK], np.uint8)
        if not block.all():
            raise nul_error(text, start + int(block.argmin()))
        counts.add(block, start, ord(separator))
    return _summary(data, counts, width)


def _summary(data: Buffer, counts: _Counts, width: int) -> Records:
    """Turn the counts at the record ends into a Records."""
    ends, separators, breaks = map(np.concatenate, (counts.ends, counts.separators, counts.breaks))
    if not ends.size or ends[-1] != len(data) - 1:  # the last record has no line break
        ends = np.append(ends, len(data))
        separators = np.append(separators, counts.seen_separators)
        breaks = np.append(breaks, counts.seen_breaks + 1)
    fields, lines = np.diff(separators) + 1, breaks[:-1] + 1
    starts, lengths = ends[:-1] + 1, np.diff(ends) - 1
    blank = lengths == 0
    for i in np.flatnonzero(lengths == 1):
        blank[i] = data[int(starts[i])] == _RETURN
    in_step = not blank.any() and bool((lines == np.arange(2, lines.size + 2)).all())
    return Records(
        lines=None if in_step else lines[~blank],
        blank=np.flatnonzero(blank),
        count=lines.size,
        ragged=bool(counts.inside) or bool(((fields != width) & ~blank).any()),
    )


@contextmanager
def wide_fields() -> Iterator[None]:
    """Let the standard library's parser take fields of any length, and put its limit back."""
    limit = csv.field_size_limit(1 << 30)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def rewritten(text: Text, separator: str, width: int) -> tuple[bytes, Records]:
    """Return the text with plain quoting, as the standard library's parser understands it, and its records.

    This is slow and exact: it is called only where the quick pass found something odd.

    Raises:
        DataError: a record has too many or too few fields, or a quote is never closed.
    """
    stream = io.TextIOWrapper(io.BytesIO(bytes(text.data[:])), encoding="utf-8-sig", newline="")
    out, lines, line = io.StringIO(newline=""), [], 1
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    with wide_fields():
        reader = csv.reader(stream, delimiter=separator)
        try:
            for record in reader:
                if record and len(record) != width:
                    raise _ragged_error(text, (line, reader.line_num), len(record), width)
                if record:
                    writer.writerow(record)
                    lines.append(line)
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(f"not delimited text ({error})", where=text.where(line)) from error
    return out.getvalue().encode(), Records(
        np.array(lines[1:], np.int64), np.zeros(0, np.int64), len(lines) - 1
    )


def _ragged_error(text: Text, lines: tuple[int, int], fields: int, width: int) -> DataError:
    """Return the error for a record, on the lines given, with too many or too few fields."""
    first, last = lines
    where = text.where(first)
    if last > first and last >= bytes(text.data[:]).count(b"\n"):
        fix = 'close it, or write "" for a quote that belongs to the value'
        return DataError("a quote is opened here and never closed", where=where, fix=fix)
    if fields < width:
        fix = "fill the missing fields (an empty field is allowed), or remove the line"
    elif first == 2 and fields == width + 1:
        fix = "name the first column in the header too, or remove the separator at the end of each row"
    else:
        fix = "put quotes around a value that contains the separator, or remove the surplus"
    return DataError(f"ragged row: {fields} fields where the header has {width}", where=where, fix=fix)
