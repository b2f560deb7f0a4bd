"""JSON lines: one object per line."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameTable
from lamina.data.readers.parsers import text
from lamina.data.readers.parsers.failure import words_of

_NESTED = (pl.List, pl.Struct, pl.Array, pl.Object)


def read_jsonl(path: str) -> FrameTable:
    """Return the table of a file with one JSON object per line (also .gz); keys are the columns.

    Raises:
        DataError: with file, line and fix, whatever is wrong with the file.
    """
    data = text.load(path)
    raw = bytes(data[:]).removeprefix(b"\xef\xbb\xbf")
    blank = _blank_lines(raw)
    try:
        frame = pl.read_ndjson(raw, infer_schema_length=None)
    except BaseException as error:  # a panic of the parser is no Exception
        words_of(error)
        frame = _read_slowly(raw, path)
    else:
        if _lost_something(frame, raw):
            frame = _read_slowly(raw, path)
    if not frame.height or not frame.width:
        raise DataError("there is no row", where=path, fix="write one JSON object per line")
    for name, dtype in frame.schema.items():
        if dtype in _NESTED:
            raise DataError(
                "lists and objects cannot be learned from",
                where=f"{path}, column '{name}'",
                fix="drop the column, or spread it over several plain columns",
            )
    lines = None if blank is None else blank[: frame.height]
    return FrameTable(frame, source=path, first_line=1, lines=lines)


def _blank_lines(raw: bytes) -> np.ndarray | None:
    """Return the line of each row where some lines are blank, otherwise None."""
    lines = raw.split(b"\n")
    filled = [i + 1 for i, line in enumerate(lines) if line.strip()]
    return None if filled == list(range(1, len(filled) + 1)) else np.array(filled)


def _lost_something(frame: pl.DataFrame, raw: bytes) -> bool:
    """Return whether the quick parser left rows or values out: some versions drop what is of another type."""
    rows = sum(1 for line in raw.split(b"\n") if line.strip())
    if frame.height != rows:
        return True
    for name in frame.columns:
        empty = frame[name].null_count()
        if empty:
            given = re.findall(
                re.escape(json.dumps(name, ensure_ascii=False).encode()) + rb"\s*:\s*(?!null)\S", raw
            )
            if len(given) > rows - empty:
                return True
    return False


def _read_slowly(raw: bytes, path: str) -> pl.DataFrame:
    """Return the frame line by line, or raise DataError at the first line that is no object."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            rows.append(_object(line, f"{path}, line {number}"))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pl.DataFrame([_series(name, [row.get(name) for row in rows], path) for name in names])


def _object(line: bytes, where: str) -> dict[str, Any]:
    """Return the object on a line."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"not JSON ({error})",
            where=where,
            fix='write one object per line, such as {"age": 31, "price": 7.5}',
        ) from error
    if not isinstance(found, dict):
        raise DataError(
            "not a JSON object",
            where=where,
            received=type(found).__name__,
            fix="put the values into { } with names",
        )
    return found


def _series(name: str, values: list[Any], path: str) -> pl.Series:
    """Return a column of JSON values; numbers and texts in one column become texts."""
    types = {type(value) for value in values} - {type(None)}
    if types & {list, dict}:
        raise DataError(
            "lists and objects cannot be learned from",
            where=f"{path}, column '{name}'",
            fix="drop the column, or spread it over several plain columns",
        )
    if str in types and len(types) > 1:
        values = [None if value is None else str(value) for value in values]
    try:
        return pl.Series(name, values, strict=False)
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else float(value) for value in values])
