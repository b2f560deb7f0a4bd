"""JSON: one object per line, or an array of objects; nested objects are flattened one level."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameTable
from lamina.data.readers.parsers import text
from lamina.data.readers.parsers.failure import words_of

_MOST_NAMED = 8
_FIX = 'write one object per line, such as {"age": 31, "price": 7.5}'
_OF_PANDAS = 'write [{"age": 31, "price": 7.5}, …]; pandas does with to_json(path, orient="records")'


def read_jsonl(path: str, *, encoding: str | None = None) -> FrameTable:
    """Return the table of a file with one JSON object per line, perhaps packed; keys are the columns.

    An object in an object gives a column for each of its keys, as ``meta.b``; a list of words, as texts and
    tags are written word by word, becomes a text with blanks between. Other lists, and what lies deeper, are
    left out, which a remark says.

    Args:
        path: the file.
        encoding: of the file; UTF-8 without, and a guess, which is said, where it is not.

    Raises:
        DataError: with file, line and fix, whatever is wrong with the file.
    """
    return _of_lines(text.load_utf8(path, encoding))


def read_json(path: str, *, encoding: str | None = None) -> FrameTable:
    """Return the table of a file that holds an array of JSON objects, or one object per line.

    Args:
        path: the file.
        encoding: as in `read_jsonl`.

    Raises:
        DataError: with file, row and fix, whatever is wrong with the file.
    """
    given = text.load_utf8(path, encoding)
    raw = _bytes(given)
    if raw.lstrip()[:1] == b"{" and raw.rstrip().count(b"\n"):
        first = raw.lstrip().split(b"\n", 1)[0]
        if _is_object(first):
            return _of_lines(given)
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise DataError("not JSON (nested too deep)", where=path, fix="write it anew") from error
    except json.JSONDecodeError as error:
        raise DataError(f"not JSON ({error.msg})", where=given.where(error.lineno), fix=_OF_PANDAS) from error
    except ValueError as error:
        raise DataError(f"not JSON ({error})", where=path, fix=_OF_PANDAS) from error
    if not isinstance(found, list):
        kind = "one object" if isinstance(found, dict) else type(found).__name__
        raise DataError("not an array of JSON objects", where=path, received=kind, fix=_OF_PANDAS)
    for number, row in enumerate(found):
        _check_object(row, f"{path}, row {number}")
    frame, remarks = framed(found, path)
    return _checked(frame, given, remarks)


def _bytes(given: text.Text) -> bytes:
    return bytes(given.data[:]).removeprefix(b"\xef\xbb\xbf")


def _is_object(line: bytes) -> bool:
    """Return whether a line is a JSON object by itself."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _of_lines(given: text.Text) -> FrameTable:
    """Return the table of one object per line."""
    raw = _bytes(given)
    blank, remarks = _blank_lines(raw), []
    try:
        frame = pl.read_ndjson(raw, infer_schema_length=None)
    except BaseException as error:  # a panic of the parser is no Exception
        words_of(error)
        frame, remarks = _read_slowly(raw, given.source)
    else:
        nested = any(dtype.is_nested() or dtype == pl.Object for dtype in frame.dtypes)
        if nested or _lost_something(frame, raw):
            frame, remarks = _read_slowly(raw, given.source)
    lines = None if blank is None else blank[: frame.height]
    return _checked(frame, given, remarks, first_line=1, lines=lines)


def _checked(
    frame: pl.DataFrame,
    given: text.Text,
    remarks: Sequence[str],
    *,
    first_line: int = 0,
    lines: np.ndarray | None = None,
) -> FrameTable:
    """Return the table, which must have a value."""
    if not frame.height or not frame.width:
        raise DataError("there is no row", where=given.source, fix="write one JSON object per line")
    return FrameTable(
        frame,
        source=given.source,
        first_line=first_line,
        lines=lines,
        remarks=(*given.remarks, *remarks),
        doubts=given.doubts,
    )


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


def _read_slowly(raw: bytes, path: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the frame line by line with remarks; the first line that is no object raises DataError."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            rows.append(_object(line, f"{path}, line {number}"))
    return framed(rows, path)


def _object(line: bytes, where: str) -> dict[str, Any]:
    """Return the object on a line."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON ({error})", where=where, fix=_FIX) from error
    _check_object(found, where)
    return found


def _check_object(found: Any, where: str) -> None:
    """Raise DataError for what is no object."""
    if not isinstance(found, dict):
        fix = "put the values into { } with names"
        raise DataError("not a JSON object", where=where, received=type(found).__name__, fix=fix)


def framed(rows: list[dict[str, Any]], path: str) -> tuple[pl.DataFrame, list[str]]:
    """Return objects as columns, and a remark on what was left out.

    Args:
        rows: one object each.
        path: where they came from, for messages.

    Raises:
        DataError: two values have one name, or there is nothing but lists and objects in objects.
    """
    flat = _joined([_flattened(row) for row in rows])
    _check_collisions(rows, path)
    names = list(dict.fromkeys(name for row in flat for name in row))
    left = list(dict.fromkeys(name for row in flat for name, value in row.items() if _is_nested(value)))
    known = [name for name in names if name not in set(left)]
    if left and not known:
        raise DataError(
            f"there is nothing but lists and objects in objects ({_named(left)})",
            where=path,
            fix="spread them over plain columns",
        )
    frame = pl.DataFrame([_series(name, [row.get(name) for row in flat]) for name in known])
    return frame, [f"left out, as lists or objects in objects: {_named(left)}"] if left else []


def _flattened(row: dict[str, Any]) -> dict[str, Any]:
    """Return an object with the objects in it spread out, as ``meta.b``."""
    if not any(isinstance(value, dict) for value in row.values()):
        return row
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": item for inner, item in value.items()}
        else:
            flat[name] = value
    return flat


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return objects with lists of words as texts, where each value of a key is one."""
    names = {name for row in rows for name, value in row.items() if isinstance(value, list) and value}
    names = {name for name in names if all(_is_words(row.get(name)) for row in rows)}
    if not names:
        return rows
    joined = [{n: " ".join(v) for n, v in row.items() if n in names and v is not None} for row in rows]
    return [{**row, **own} for row, own in zip(rows, joined, strict=True)]


def _is_words(value: Any) -> bool:
    """Return whether a value is a list of texts without blanks, or nothing."""
    if not isinstance(value, list):
        return value is None
    return all(isinstance(word, str) and word.split() == [word] for word in value)


def _check_collisions(rows: list[dict[str, Any]], path: str) -> None:
    """Raise DataError where a key reads as one that flattening makes: ``a.b`` beside ``b`` in ``a``."""
    plain = {name for row in rows for name, value in row.items() if not isinstance(value, dict)}
    spread = {(n, inner) for row in rows for n, v in row.items() if isinstance(v, dict) for inner in v}
    made: dict[str, str] = {}
    for name, inner in sorted(spread):
        whole = f"{name}.{inner}"
        if whole in plain or made.setdefault(whole, name) != name:
            raise DataError(
                f"two values are called '{whole}': one of them is '{inner}' in '{name}'",
                where=path,
                fix="rename one of them",
            )


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_MOST_NAMED]) + more


def _series(name: str, values: list[Any]) -> pl.Series:
    """Return a column of JSON values; numbers and texts in one column become texts."""
    types = {type(value) for value in values} - {type(None)}
    if str in types and len(types) > 1:
        values = [None if value is None else str(value) for value in values]
    try:
        return pl.Series(name, values, strict=False)
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else float(value) for value in values])
