"""Folders of text files: one subfolder a class, perhaps below train, valid and test."""

from __future__ import annotations

import os

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.class_folder import ClassFolder
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.parsers.encodings import WINDOWS
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

ENDING = ".txt"
MOST_BYTES = 1 << 24  # of one file: longer ones are books, not examples
_TOO_LONG = (
    "give plain files in UTF-8 in one folder, not those of train, valid and test apart: they are then read "
    "from the disk as they are needed, and valid= says how many of them validate"
)


def is_text(name: str) -> bool:
    """Return whether a file is named as texts are.

    Example:
        >>> is_text("a/1.TXT"), is_text("a/1.csv")
        (True, False)
    """
    return name.lower().endswith(ENDING)


FOLDER = ClassFolder("text", is_text, (ENDING,), f"sport/1{ENDING}", needs_labels=False)


class TextFolderReader(AbstractReader):
    """Read a folder with text files in folders of classes."""

    name = "text_folder"
    files = "folders of text files"
    is_general = True
    keys = TextFileKeys

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

        from lamina.data.frame import FrameTable
        from lamina.data.readers import large_texts

        found = FOLDER.find(source.path, strict=source.strict)
        labeled = any(label is not None for label in found.labels)
        if not found.columns() and large_texts.is_large(found.paths):
            large = large_texts.read_large(
                "text", found.paths, source=source.path, encoding=source.keys.encoding
            )
            if large is not None:
                large.unlabeled = FOLDER.own_folders(source.path)
                return large
        if not labeled:
            large_texts.check_fits(
                source.path, sum(map(os.path.getsize, filter(os.path.isfile, found.paths))), fix=_TOO_LONG
            )
        most = MOST_BYTES if labeled else None
        read = [_content(path, source.keys.encoding, most) for path in found.paths]
        columns = {name: array.tolist() for name, array in found.columns().items()}
        guessed = [path for path, (_, is_guessed) in zip(found.paths, read, strict=True) if is_guessed]
        table = FrameTable(
            pl.DataFrame({"text": [text for text, _ in read], **columns}),
            source=source.path,
            remarks=found.remarks(FOLDER.noun),
            doubts=_doubts(guessed),
        )
        if not labeled:
            table.unlabeled = FOLDER.own_folders(source.path)
        return table


def _doubts(guessed: list[str]) -> tuple[tuple[str, str], ...]:
    """Return what is to be said of texts whose encoding was guessed."""
    if not guessed:
        return ()
    said = f"{counted(len(guessed), 'text')} read as {WINDOWS}, as not UTF-8, the first one {guessed[0]}"
    return ((said, "encoding= overrules, as in encoding=iso-8859-15"),)


def _content(path: str, encoding: str | None, most: int | None) -> tuple[str, bool]:
    """Return the text in a file, perhaps an empty one, and whether its encoding was guessed.

    Raises:
        DataError: it cannot be read, is no text, or has more bytes than are allowed.
    """
    from lamina.data.readers.parsers import text

    if most is not None and os.path.isfile(path) and os.path.getsize(path) > most:
        fix = "cut it into the texts that are to be told apart"
        raise DataError(f"the text is longer than {most >> 20} MiB", where=path, fix=fix)
    if text.is_blank(path):  # a text like any other, where a table would be a fault
        return "", False
    given = text.load_utf8(path, encoding)
    return text.decoded(given), bool(given.doubts)


READERS.add(TextFolderReader.name, TextFolderReader())
