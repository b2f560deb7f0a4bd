"""One file of plain text, also packed: a table of one text, or of its lines."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.keys import key
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

ENDINGS = (".txt", ".md")  # of no table: nobody is told to name such a file where a table is looked for


@dataclass(frozen=True)
class PlainTextKeys(TextFileKeys):
    """The keys of files of plain text."""

    lines: bool = key(False, "each line of a file of plain text is a row; else the file is one text")


class TextFileReader(AbstractReader):
    """Read a file of plain text as it stands: a table of one column, ``text``, with one row, or its lines."""

    name = "text_file"
    files = "text files"
    keys = PlainTextKeys

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as plain text is."""
        return not source.is_folder and source.ending in ENDINGS

    def read(self, source: Source) -> AbstractTable:
        """Return the table: the text with its blanks and line ends, those of Windows as those of Unix.

        A long one stays in its file. With ``lines`` each line is a row, an empty one too, so that rows count
        as the lines of the file do.
        """
        import polars as pl

        from lamina.data.frame import FrameTable
        from lamina.data.readers import large_texts
        from lamina.data.readers.parsers import text

        if not source.keys.lines and large_texts.is_large([source.path]):
            found = large_texts.read_large(
                "text", [source.path], source=source.path, encoding=source.keys.encoding
            )
            if found is not None:
                return found
        given = text.load_utf8(source.path, source.keys.encoding)
        large_texts.check_fits(source.path, len(given.data))
        whole = text.decoded(given).replace("\r\n", "\n")
        rows = whole.removesuffix("\n").split("\n") if source.keys.lines else [whole]
        frame = pl.DataFrame({"text": rows})
        return FrameTable(frame, source=source.path, doubts=given.doubts, clean=False)


READERS.add(TextFileReader.name, TextFileReader())
