"""CSV and TSV files, also packed, and CSV on standard input."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class DelimitedReader(AbstractReader):
    """Read delimited text: one record a line, the first one the header."""

    name = "delimited"
    files = "CSV and TSV files"
    keys = TextFileKeys
    endings = (".csv", ".tsv")
    is_general = True

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as delimited text is, or is standard input."""
        return not source.is_folder and (source.path == "-" or source.ending in self.endings)

    def read(self, source: Source) -> AbstractTable:
        """Return the table; any common dialect is understood."""
        from lamina.data.readers.parsers.delimited import read_delimited

        prefer = "\t" if source.ending == ".tsv" else ","
        keys = source.keys
        return read_delimited(source.path, keep_text=source.texts, encoding=keys.encoding, prefer=prefer)


READERS.add(DelimitedReader.name, DelimitedReader())
