"""A column of texts that stay in their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lamina.core.errors import DataError
from lamina.data.table import Distinct, ScalarColumn
from lamina.data.texts import files
from lamina.data.texts.ranges import TextRanges

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 800  # bytes of a value, which messages and guesses look at


class FileTextColumn(ScalarColumn):
    """A column of texts that stay in their files.

    Whatever wants all texts at once (`texts`, `distinct`) is refused where they are long.

    Args:
        name: of the column.
        ranges: the texts.
    """

    storage = "string"
    form = ""  # neither numbers nor dates

    def __init__(self, name: str, ranges: TextRanges):
        self.name, self.ranges = name, ranges

    def __len__(self) -> int:
        return len(self.ranges)

    def take(self, rows: np.ndarray) -> FileTextColumn:
        """Return the column at the given rows; no text is touched."""
        return FileTextColumn(self.name, self.ranges.take(rows))

    def with_form(self, form: str | None) -> FileTextColumn:
        """Return the column as it is: texts of this size are neither numbers nor dates."""
        return self

    def missing(self) -> np.ndarray:
        """Return that no text is missing; one may be empty."""
        return np.zeros(len(self), bool)

    def value(self, row: int) -> str:
        """Return the beginning of a text, for messages."""
        return self.ranges.head(row, _SHOWN)

    def texts(self) -> pl.Series:
        """Return all texts, where they are short enough."""
        import polars

        return polars.Series(self.name, self._all(), dtype=polars.String)

    def distinct(self) -> Distinct:
        """Return the different texts, where they are short enough."""
        texts = self._all()
        values = sorted(set(texts))
        place = {value: number for number, value in enumerate(values)}
        return Distinct(tuple(values), np.array([place[text] for text in texts], np.int64))

    def numbers(self) -> np.ndarray:
        """Return NaN for each text."""
        return np.full(len(self), np.nan)

    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return NaN for each text."""
        return np.full(len(self), np.nan)

    def oversized(self) -> int | None:
        """Return None: there is no integer."""
        return None

    def _all(self) -> list[str]:
        """Return all texts.

        Raises:
            DataError: they are too long to be held at once.
        """
        size = self.ranges.nbytes
        if size > files.LARGE_TEXT:
            raise DataError(
                f"{size / 1e6:,.0f} MB of text stay in their file, and here all of them are wanted",
                where=self.ranges.files[0].path,
                expected=f"at most {files.LARGE_TEXT / 1e6:,.0f} MB",
                fix="learn what comes next in the text, which needs no target, or cut it into one text an "
                "example, in a table",
            )
        return [self.ranges.text(row) for row in range(len(self))]
