"""Folders of text files: one subfolder a class, perhaps below train, valid and test."""

from __future__ import annotations

import os

from lamina.core.errors import DataError
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.class_folder import ClassFolder
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

ENDING = ".txt"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # marks at the beginning of a file
MOST_BYTES = 1 << 24  # of one file: longer ones are books, not examples


def is_text(name: str) -> bool:
    """Return whether a file is named as texts are.

    Example:
        >>> is_text("a/1.TXT"), is_text("a/1.csv")
        (True, False)
    """
    return name.lower().endswith(ENDING)


FOLDER = ClassFolder("text", is_text, (ENDING,), f"sport/1{ENDING}")


class TextFolderReader(AbstractReader):
    """Read a folder with text files in folders of classes."""

    name = "text_folder"

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds text files below it, and nothing else that counts.

        Text files beside images, and right in the folder beside tables, are notes about them.
        """
        texts = [name for name in source.files if is_text(name)]
        inside = any(os.path.dirname(name) for name in texts)
        return (
            source.is_folder
            and bool(texts)
            and len(texts) > len(source.files) / 2
            and (inside or len(texts) == len(source.files))
        )

    def read(self, source: Source) -> AbstractTable:
        """Return the table: columns ``text``, ``label`` and ``split``, where known."""
        import polars as pl

        from lamina.data.frame import FrameTable  # and with it Polars

        found = FOLDER.find(source.path, strict=source.strict)
        columns = {"text": [_content(path) for path in found.paths]} | {
            name: array.tolist() for name, array in found.columns().items()
        }
        return FrameTable(pl.DataFrame(columns), source=source.path)


def _content(path: str) -> str:
    """Return the text in a file.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    try:
        if os.path.getsize(path) > MOST_BYTES:
            fix = "cut it into the texts that are to be told apart"
            raise DataError(f"the text is longer than {MOST_BYTES >> 20} MiB", where=path, fix=fix)
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise DataError(f"the file cannot be read ({error.strerror})", where=path) from error
    if b"\x00" in content and content[:2] not in UTF_16:
        raise DataError("the file is no text", where=path, fix="remove it, or give it the ending of its type")
    try:
        return content.decode("utf-16" if content[:2] in UTF_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        fix = "write it anew in UTF-8"
        raise DataError(f"the text is not UTF-8 (byte {error.start})", where=path, fix=fix) from error


READERS.add(TextFolderReader.name, TextFolderReader())
