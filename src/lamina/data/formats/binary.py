"""Parquet and Arrow files, which carry their types with them."""

from __future__ import annotations

from typing import Any

import polars as pl

from lamina.core.errors import DataError
from lamina.data.formats import text
from lamina.data.formats.failure import words_of
from lamina.data.frame import FrameTable, check_names

_READERS = {
    ".parquet": (b"PAR1", "Parquet", pl.read_parquet),
    ".feather": (b"ARROW1", "Arrow", pl.read_ipc),
    ".arrow": (b"ARROW1", "Arrow", pl.read_ipc),
}


def read_binary(path: str, ending: str) -> FrameTable:
    """Return the table in a Parquet or Arrow file.

    Raises:
        DataError: the file is missing, empty, damaged or of another type.
    """
    magic, kind, reader = _READERS[ending]
    text.check_file(path)
    with open(path, "rb") as stream:
        if not stream.read(8).startswith(magic):
            raise DataError(
                f"this is no {kind} file",
                where=path,
                mend="give the file the ending of its type; Feather version 1 must be saved anew"
                if kind == "Arrow"
                else "give the file the ending of its type",
            )
    frame = _guarded(reader, path, kind)
    if not frame.width or not frame.height:
        raise DataError("the table has no row", where=path, mend="add rows")
    check_names(frame.columns, path)
    return FrameTable(frame, source=path)


def _guarded(reader: Any, path: str, kind: str) -> pl.DataFrame:
    """Return the frame, with every failure of the reader told as a fault of the file."""
    try:
        return reader(path)
    except BaseException as error:  # a panic of the reader is no Exception
        message = f"damaged {kind} file ({words_of(error)})"
        raise DataError(message, where=path, mend="write the file anew") from error
