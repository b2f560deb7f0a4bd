"""Parquet and Arrow files, which carry their types with them."""

from __future__ import annotations

import os
from typing import Any

import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameTable, check_names
from lamina.data.readers.parsers import text
from lamina.data.readers.parsers.failure import words_of

_PATTERN = frozenset("*?[")


def _read_parquet(path: str) -> pl.DataFrame:
    """Return the frame in one file, whatever its name."""
    return pl.read_parquet(path, glob=False)


def _read_arrow(path: str) -> pl.DataFrame:
    """Return the frame in one file; where Polars would take its name for a pattern, it gets the bytes."""
    if not _PATTERN & set(path):
        return pl.read_ipc(path)
    with open(path, "rb") as stream:
        return pl.read_ipc(stream)


_READERS = {
    ".parquet": (b"PAR1", "Parquet", _read_parquet),
    ".feather": (b"ARROW1", "Arrow", _read_arrow),
    ".arrow": (b"ARROW1", "Arrow", _read_arrow),
}


def read_columnar(path: str, ending: str) -> FrameTable:
    """Return the table in a Parquet or Arrow file.

    Raises:
        DataError: the file is missing, empty, damaged or of another type.
    """
    magic, kind, reader = _READERS[ending]
    text.check_file(path)
    _check_ends(path, magic, kind)
    frame = _guarded(reader, path, kind)
    if not frame.width or not frame.height:
        raise DataError("the table has no row", where=path, fix="add rows")
    check_names(frame.columns, path)
    return FrameTable(frame, source=path)


def _check_ends(path: str, magic: bytes, kind: str) -> None:
    """Raise DataError unless the file begins and ends as its type does: the reader may crash on others.

    Both types end with a directory of the contents, its length in four bytes, and the mark they begin with
    (Apache Parquet format, "File format"; Apache Arrow columnar format, "IPC file format").
    """
    tail = 4 + len(magic)
    with open(path, "rb") as stream:
        begins = stream.read(len(magic)) == magic
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - tail, 0))
        ending = stream.read()
    if not begins:
        older = "; Feather version 1 must be saved anew" if kind == "Arrow" else ""
        fix = f"give the file the ending of its type{older}"
        raise DataError(f"this is no {kind} file", where=path, fix=fix)
    length = int.from_bytes(ending[:4], "little")
    if size < tail + len(magic) or not ending.endswith(magic):
        reason = "it is cut short: its end is not there"
    elif not 0 < length <= size - tail - len(magic):
        reason = f"its directory of {length:,} bytes does not fit into {size:,}"
    else:
        return
    raise DataError(f"damaged {kind} file ({reason})", where=path, fix="write the file anew")


def _guarded(reader: Any, path: str, kind: str) -> pl.DataFrame:
    """Return the frame, with every failure of the reader told as a fault of the file."""
    try:
        return reader(path)
    except BaseException as error:  # a panic of the reader is no Exception
        message = f"damaged {kind} file ({words_of(error)})"
        raise DataError(message, where=path, fix="write the file anew") from error
