"""A table of one column of texts that stay in their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import columns_beside
from lamina.data.table import NOTHING, AbstractTable
from lamina.data.texts.column import FileTextColumn


class FileTextTable(AbstractTable):
    """One column of texts in files, and nothing beside it.

    Args:
        texts: the column.
        source: the file, or the folder of the files.
    """

    first_line, lines = 0, None

    def __init__(self, texts: FileTextColumn, *, source: str):
        self.text_column, self.source = texts, source
        self.names, self.height = (texts.name,), len(texts)
        self.files = tuple(file.path for file in texts.ranges.files)

    def column(self, name: str) -> FileTextColumn:
        """Return the column."""
        self.require(name)
        return self.text_column

    def labels(self, name: str) -> FileTextColumn:
        """Return the column."""
        return self.column(name)

    def take(self, rows: np.ndarray) -> FileTextTable:
        """Return the table at the given rows; no text is touched."""
        return FileTextTable(self.text_column.take(np.asarray(rows)), source=self.source)

    def drop(self, names: Sequence[str]) -> AbstractTable:
        """Return the table without the given columns."""
        for name in names:
            self.require(name)
        return columns_beside({}, self.height, self.source) if names else self

    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> FileTextTable:
        """Return the table as it is: its texts are neither numbers nor dates.

        Raises:
            DataError: other values are given for the texts.
        """
        if self.text_column.name in values:
            raise DataError("texts in files cannot be replaced", where=self.source)
        return self

    def renamed(self, name: str) -> FileTextTable:
        """Return the table with its column under a name."""
        return FileTextTable(FileTextColumn(name, self.text_column.ranges), source=self.source)

    def place(self, row: int) -> str:
        """Return the file and the first byte of a text."""
        return self.text_column.ranges.place(row)
