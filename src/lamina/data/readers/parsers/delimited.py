"""CSV and TSV: any common dialect, read by Polars after the records were checked."""

from __future__ import annotations

import collections
import csv
import io
import re

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameColumn, FrameTable, check_names
from lamina.data.readers.parsers import records, text
from lamina.data.readers.parsers.failure import words_of
from lamina.data.readers.parsers.preamble import COMMENT, rows_above
from lamina.data.words import MISSING_WORDS, looks_numeric

_SAMPLE = 1 << 16  # bytes that the dialect is guessed from
_SAMPLE_ROWS = 100
_GUESS_ROWS = 10_000  # rows that types are guessed from first; all of them if that fails
_LONGEST_NAME = 10_000
_SAID = re.compile(r'"?sep=([,;\t|])"?\r?\n')
_DECIMAL_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_DECIMAL_POINT = re.compile(r"^[+-]?\d+\.\d+$")


def read_delimited(
    path: str, *, keep_text: frozenset[str] = frozenset(), encoding: str | None = None, prefer: str = ","
) -> FrameTable:
    """Return the table in a CSV or TSV file, perhaps packed; ``-`` is standard input.

    The separator (comma, semicolon, tab or bar), a byte-order mark, any line ends, decimal commas beside
    another separator, quotes in the wrong place, and a title or comments above the header are understood.

    Args:
        path: the file.
        keep_text: columns to leave as texts although they look like numbers.
        encoding: of the file; UTF-8 without, and a guess, which is said, where it is not.
        prefer: the separator where the text does not show one.

    Raises:
        DataError: with file, line, column and fix, whatever is wrong with the file.
    """
    given = text.load(path, encoding)
    try:
        return _table(given, keep_text, prefer)
    except text.NotUtf8:
        if encoding is not None:
            raise
    return _table(text.guessed(given), keep_text, prefer)


def _table(given: text.Text, keep_text: frozenset[str], prefer: str) -> FrameTable:
    """Return the table in a text."""
    sample = _sample(given.data)
    separator, above = _dialect(sample, prefer)
    given = given.after(above, " above the header") if above else given
    names, nameless = _header(given, separator)
    found = records.scan(given, separator, len(names))
    if found.count == found.blank.size:
        fix = "add rows below the header"
        raise DataError("there is a header, but no row below it", where=given.source, fix=fix)
    parser = _Parser(names, separator, keep_text, _decimal_comma(sample, separator))
    data = given.source if given.is_plain else bytes(given.data)
    frame = None if found.ragged else parser.parse(data)
    if frame is None or frame.height != found.count:
        text.check_utf8(given)
        plain, found = records.rewritten(given, separator, len(names))
        frame = parser.parse(plain)
        if frame is None or frame.height != found.count:
            raise DataError(
                f"not delimited text ({parser.failure})", where=given.source, fix="export the table anew"
            )
    if found.blank.size:
        keep = np.ones(found.count, bool)
        keep[found.blank] = False
        frame = frame.filter(pl.Series(keep))
    if nameless == names[-1] and frame[nameless].null_count() == frame.height:
        frame = frame.drop(nameless)  # every row ends with a separator
    return FrameTable(
        frame,
        source=given.source,
        first_line=2 + given.skipped,
        lines=None if found.lines is None else found.lines + given.skipped,
        remarks=given.remarks,
        doubts=given.doubts,
    )


def _sample(data: text.Buffer) -> str:
    """Return whole lines from the beginning of the text."""
    sample = bytes(data[:_SAMPLE]).decode("utf-8-sig", errors="replace")
    return sample[: sample.rindex("\n")] if len(data) > _SAMPLE and "\n" in sample else sample


def _dialect(sample: str, prefer: str) -> tuple[str, int]:
    """Return the separator, and how many lines stand above the header."""
    said = _SAID.match(sample)
    if said:  # a first line by which spreadsheets are told the separator
        return said[1], 1
    lines = sample.splitlines(keepends=True)
    separator = guess_separator(
        "".join(line for line in lines if not line.lstrip().startswith(COMMENT)), prefer=prefer
    )
    starts, rows = _numbered(sample, separator)
    return separator, starts[rows_above(rows)] - 1 if rows else 0


def _numbered(sample: str, separator: str) -> tuple[list[int], list[list[str]]]:
    """Return the line on which each of the first records begins, and the records; blank ones too."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    starts, rows, line = [], [], 1
    try:
        for row in reader:
            starts.append(line)
            rows.append(row)
            line = reader.line_num + 1
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return [], []
    return starts, rows


def guess_separator(sample: str, *, prefer: str = ",") -> str:
    r"""Return the separator that cuts the first records into equally many fields, and into the most.

    Example:
        >>> guess_separator("a;b\n1,5;2\n3,5;4")
        ';'
    """
    best, best_score = prefer, (0.0, 0, False)
    for separator in records.SEPARATORS:
        widths = collections.Counter(len(row) for row in _rows(sample, separator) if row)
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (round(rows / max(sum(widths.values()), 1), 1), width, separator == prefer)
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def _rows(sample: str, separator: str) -> list[list[str]]:
    """Return the first records of the sample, or none where they cannot be parsed."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    try:
        return [row for row, _ in zip(reader, range(_SAMPLE_ROWS), strict=False)]
    except csv.Error:
        return []


def _decimal_comma(sample: str, separator: str) -> bool:
    """Return whether numbers are written with a decimal comma: some with one, none with a point."""
    if separator == ",":
        return False
    fields = [field.strip() for row in _rows(sample, separator)[1:] for field in row]
    return any(map(_DECIMAL_COMMA.match, fields)) and not any(map(_DECIMAL_POINT.match, fields))


def _header(given: text.Text, separator: str) -> tuple[list[str], str]:
    """Return the names in the first record, and the name given to a last column that has none."""
    data, where, start = given.data, given.where(1), 0
    while True:  # a quoted name may hold line breaks
        end = data.find(b"\n", start)
        line = bytes(data[: end if end >= 0 else len(data)])
        if end < 0 or line.count(b'"') % 2 == 0:
            break
        start = end + 1
    try:
        stream = io.StringIO(line.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        text.check_utf8(given)
        raise
    with records.wide_fields():
        header = [name.strip() for name in next(csv.reader(stream, delimiter=separator), [])]
    if not any(header):
        raise DataError("the header is blank", where=where, fix="begin with the column names")
    if max(map(len, header)) > _LONGEST_NAME:
        longest = max(map(len, header))
        fix = "begin with a line of column names; is this a table at all?"
        raise DataError(
            f"the first line is no header: a name of {longest:,} characters", where=where, fix=fix
        )
    names = [name or f"column_{i + 1}" for i, name in enumerate(header)]
    check_names(names, where)
    return names, "" if header[-1] else names[-1]


class _Parser:
    """Polars' parser with the dialect of one file; ``failure`` says why it gave up."""

    def __init__(self, names: list[str], separator: str, keep_text: frozenset[str], decimal_comma: bool):
        self.names, self.failure = names, ""
        self.dialect = {
            "separator": separator,
            "has_header": True,
            "glob": False,  # a name may hold brackets and stars
            "new_columns": names,
            "null_values": list(MISSING_WORDS),
            "schema_overrides": {name: pl.String for name in names if name in keep_text},
            "decimal_comma": decimal_comma,
        }

    def parse(self, data: bytes | str) -> pl.DataFrame | None:
        """Return the frame with types guessed from the first rows, from all rows, or without types.

        None means that Polars cannot make records of the bytes at all.
        """
        for rows in (_GUESS_ROWS, None, 0):
            try:
                frame = pl.read_csv(data, infer_schema_length=rows, **self.dialect)
            except BaseException as error:  # a panic of the parser is no Exception
                self.failure = words_of(error)
            else:
                return self._unpadded(frame)
        return None

    def _unpadded(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with numbers read that stand between blanks, as in ``39, 77516``."""
        texts = [name for name in frame.columns if frame[name].dtype == pl.String]
        padded = [
            name for name in texts if name not in self.dialect["schema_overrides"] and _is_padded(frame[name])
        ]
        return frame.with_columns([_number_if_all(FrameColumn(frame[name]).series) for name in padded])


def _is_padded(series: pl.Series) -> bool:
    """Return whether the first value is a number with blanks around it."""
    known = series.drop_nulls()
    first = known[0] if len(known) else ""
    return first != first.strip() and (looks_numeric(first) or first.strip() in MISSING_WORDS)


def _number_if_all(series: pl.Series) -> pl.Series:
    """Return a text column as integers or floats if every value is one."""
    for dtype in (pl.Int64, pl.Float64):
        try:
            return series.cast(dtype)
        except pl.exceptions.PolarsError:
            continue
    return series
