"""CSV and TSV: any common dialect, read by Polars after the records were checked."""

from __future__ import annotations

import collections
import csv
import io

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.formats import records, text
from lamina.data.frame import FrameTable, check_names
from lamina.data.words import MISSING_WORDS

_SAMPLE = 1 << 16  # bytes that the dialect is guessed from
_GUESS_ROWS = 10_000  # rows that types are guessed from first; all of them if that fails


def read_delimited(path: str, *, keep_text: frozenset[str] = frozenset()) -> FrameTable:
    """Return the table in a CSV or TSV file (also .gz; ``-`` is standard input).

    Args:
        path: the file.
        keep_text: columns to leave as texts although they look like numbers.

    Raises:
        DataError: with file, line, column and mend, whatever is wrong with the file.
    """
    source = "<stdin>" if path == "-" else path
    data = text.load(path)
    separator = guess_separator(data, prefer="\t" if ".tsv" in path[-7:] else ",")
    names = _header(data, separator, source)
    found = records.scan(data, separator, len(names))
    if found.ragged is not None:
        text.check_utf8(data, source)
        records.confirm(data, separator, len(names), source)
    if found.count == found.blank.size:
        mend = "add rows below the header"
        raise DataError("there is a header, but no row below it", where=source, mend=mend)
    frame = _parse(data, separator, names, source, keep_text)
    if found.blank.size:
        keep = np.ones(found.count, bool)
        keep[found.blank] = False
        frame = frame.filter(pl.Series(keep)) if frame.height == found.count else frame
    return FrameTable(frame, source=source, first_line=2, lines=found.lines)


def guess_separator(data: text.Buffer, *, prefer: str = ",") -> str:
    """Return the separator that cuts the first records into equally many fields, and into the most."""
    sample = bytes(data[:_SAMPLE]).decode("utf-8-sig", errors="replace")
    if len(data) > _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n")]
    best, best_score = prefer, (0.0, 0)
    for separator in records.SEPARATORS:
        widths = collections.Counter(len(r) for r in _sample_rows(sample, separator) if r)
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (rows / max(sum(widths.values()), 1), width)
        if width > 1 and (round(score[0], 1), width, separator == prefer) > (*best_score, best == prefer):
            best, best_score = separator, (round(score[0], 1), width)
    return best


def _sample_rows(sample: str, separator: str) -> list[list[str]]:
    """Return the first records of the sample, or none where they cannot be parsed."""
    try:
        return [
            row
            for row, _ in zip(csv.reader(io.StringIO(sample), delimiter=separator), range(100), strict=False)
        ]
    except csv.Error:
        return []


def _header(data: text.Buffer, separator: str, source: str) -> list[str]:
    """Return the names in the first record."""
    end, start = -1, 0
    while True:  # a quoted name may hold line breaks
        end = data.find(b"\n", start)
        line = bytes(data[: end if end >= 0 else len(data)])
        if end < 0 or line.count(b'"') % 2 == 0:
            break
        start = end + 1
    try:
        names = next(csv.reader(io.StringIO(line.decode("utf-8-sig"), newline=""), delimiter=separator), [])
    except UnicodeDecodeError:
        text.check_utf8(data, source)
        raise
    except csv.Error as error:
        raise DataError(f"not delimited text ({error})", where=f"{source}, line 1") from error
    if not "".join(names).strip():
        raise DataError("the header is blank", where=f"{source}, line 1", mend="begin with the column names")
    names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(names)]
    check_names(names, f"{source}, line 1")
    return names


def _parse(
    data: text.Buffer, separator: str, names: list[str], source: str, keep_text: frozenset[str]
) -> pl.DataFrame:
    """Parse with types guessed from the first rows, then from all rows, then with all columns as texts."""
    overrides = {name: pl.String for name in names if name in keep_text}
    failure: Exception | None = None
    for guess in (_GUESS_ROWS, None, 0):
        try:
            return pl.read_csv(
                data if isinstance(data, bytes) else _path_or_bytes(data, source),
                separator=separator,
                has_header=True,
                new_columns=names,
                null_values=list(MISSING_WORDS),
                infer_schema_length=guess,
                schema_overrides=overrides,
            )
        except (pl.exceptions.PolarsError, OverflowError) as error:
            failure = error
            if "utf-8" in str(error):
                text.check_utf8(data, source)
    raise DataError(f"not delimited text ({str(failure).splitlines()[0]})", where=source) from failure


def _path_or_bytes(data: text.Buffer, source: str) -> object:
    """Return what Polars reads best: the path of a mapped file."""
    return source
