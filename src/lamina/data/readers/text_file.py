"""One file of plain text, also packed: a table of one text."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

ENDINGS = (".txt", ".md")  # of no table: nobody is told to name such a file where a table is looked for


class TextFileReader(AbstractReader):
    """Read a file of plain text as it stands: a table of one row and one column, ``text``."""

    name = "text_file"
    files = "text files"
    keys = TextFileKeys

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as plain text is."""
        return not source.is_folder and source.ending in ENDINGS

    def read(self, source: Source) -> AbstractTable:
        """Return the table: the text with its blanks and line ends, those of Windows as those of Unix.

        A long one stays in its file.
        """
        import polars as pl

        from lamina.data.frame import FrameTable
        from lamina.data.readers import large_texts
        from lamina.data.readers.parsers import text

        if large_texts.is_large([source.path]):
            found = large_texts.read_large(
                "text", [source.path], source=source.path, encoding=source.keys.encoding
            )
            if found is not None:
                return found
        given = text.load_utf8(source.path, source.keys.encoding)
        large_texts.check_fits(source.path, len(given.data))
        frame = pl.DataFrame({"text": [text.decoded(given).replace("\r\n", "\n")]})
        return FrameTable(frame, source=source.path, doubts=given.doubts, clean=False)


READERS.add(TextFileReader.name, TextFileReader())
