"""Parquet and Arrow files."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class ColumnarReader(AbstractReader):
    """Read files of columns that carry their types with them."""

    name = "columnar"
    files = "Parquet and Arrow files"
    endings = (".parquet", ".feather", ".arrow")

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as Parquet and Arrow files are."""
        return not source.is_folder and not source.is_packed and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table."""
        from lamina.data.readers.parsers.columnar import read_columnar

        return read_columnar(source.path, source.ending)


READERS.add(ColumnarReader.name, ColumnarReader())
