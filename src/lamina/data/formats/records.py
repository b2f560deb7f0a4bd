"""Where the records of a delimited text begin, and whether each has as many fields as the header."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.formats.text import Buffer

SEPARATORS = ",;\t|"
_BLOCK = 1 << 23


@dataclass(frozen=True)
class Records:
    """What a pass over the bytes found.

    Args:
        lines: the line on which each record below the header begins, or None if they run 2, 3, 4 ….
        blank: positions, among all records below the header, of those that are blank lines.
        count: number of records below the header, blank ones included.
        ragged: line of the first record with another number of fields than the header, or None.
        fields: the number of fields there, if ``ragged``.
    """

    lines: np.ndarray | None
    blank: np.ndarray
    count: int
    ragged: int | None = None
    fields: int = 0


def scan(data: Buffer, separator: str, width: int) -> Records:
    """Count the fields of every record without parsing them; O(bytes), a few passes in NumPy.

    A quote toggles "inside": exact for quoting by doubling, and wrong only for stray quotes in the middle of
    a field, which is why a ragged record found here must be confirmed by :func:`confirm`.
    """
    ends: list[np.ndarray] = []  # position of each newline that ends a record
    commas: list[np.ndarray] = []  # separators up to that newline, cumulative
    breaks: list[np.ndarray] = []  # physical newlines up to that newline, cumulative
    inside = seen = physical = 0
    for start in range(0, len(data), _BLOCK):
        block = np.frombuffer(data[start : start + _BLOCK], np.uint8)
        newline, comma = block == 10, block == ord(separator)
        all_newlines = newline
        quote = block == 34
        if inside or quote.any():
            within = ((np.cumsum(quote, dtype=np.int32) + inside) & 1).astype(bool)
            newline, comma = newline & ~within, comma & ~within
            inside = int(within[-1])
        at = np.flatnonzero(newline)
        ends.append(at + start)
        commas.append(_cumulative(comma, at) + seen)
        same = newline is all_newlines
        breaks.append((np.arange(1, at.size + 1) if same else _cumulative(all_newlines, at)) + physical)
        seen += int(np.count_nonzero(comma))
        physical += int(np.count_nonzero(all_newlines))
    return _summary(data, [np.concatenate(part) for part in (ends, commas, breaks)], seen, physical, width)


def _cumulative(marks: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return how many marks stand before each of the increasing positions."""
    return np.searchsorted(np.flatnonzero(marks), at)


def _summary(data: Buffer, parts: list[np.ndarray], seen: int, physical: int, width: int) -> Records:
    """Turn cumulative counts at the record ends into a Records."""
    ends, commas, breaks = parts
    if not ends.size or ends[-1] != len(data) - 1:  # the last record has no newline
        ends = np.append(ends, len(data))
        commas, breaks = np.append(commas, seen), np.append(breaks, physical + 1)
    fields = np.diff(commas) + 1
    starts = ends[:-1] + 1
    lines = breaks[:-1] + 1
    length = ends[1:] - starts
    blank = length == 0
    for i in np.flatnonzero(length == 1):
        blank[i] = data[int(starts[i])] == 13
    wrong = np.flatnonzero((fields != width) & ~blank)
    in_step = bool((lines == np.arange(2, lines.size + 2)).all()) and not blank.any()
    return Records(
        lines=None if in_step else lines[~blank],
        blank=np.flatnonzero(blank),
        count=lines.size,
        ragged=int(lines[wrong[0]]) if wrong.size else None,
        fields=int(fields[wrong[0]]) if wrong.size else 0,
    )


def confirm(data: Buffer, separator: str, width: int, source: str) -> None:
    """Read the records with the standard library's parser and raise DataError at the first ragged one."""
    text = io.TextIOWrapper(io.BytesIO(bytes(data[:])), encoding="utf-8-sig", newline="")
    csv.field_size_limit(1 << 27)
    reader, line = csv.reader(text, delimiter=separator), 1
    try:
        for record in reader:
            if record and len(record) != width:
                raise ragged_error(source, line, len(record), width)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"not delimited text ({error})", where=f"{source}, line {line}") from error


def ragged_error(source: str, line: int, fields: int, width: int) -> DataError:
    """Return the error for a record with too many or too few fields."""
    more = fields > width
    return DataError(
        f"ragged row: {fields} fields where the header has {width}",
        where=f"{source}, line {line}",
        mend="put quotes around a value that contains the separator, or remove the surplus"
        if more
        else "fill the missing fields (an empty field is allowed), or remove the line",
    )
