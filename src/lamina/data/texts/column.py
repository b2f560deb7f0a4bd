"""A column of texts that are byte ranges of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lamina.core.errors import DataError
from lamina.data.table import Distinct, ScalarColumn
from lamina.data.texts import files
from lamina.data.texts.files import TextFile

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 800  # bytes of a value, which messages and guesses look at


class FileTextColumn(ScalarColumn):
    r"""Texts that stay in files: a text is a range of the bytes of one.

    Two numbers a text are held. Line ends of Windows are read as those of Unix. Whatever wants all texts at
    once (`texts`, `distinct`) is refused where they are long.

    Args:
        name: of the column.
        files: plain UTF-8 texts.
        numbers: which of the files each text is in, int32.
        starts: its first byte, int64.
        stops: the byte behind its last.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.txt")
        >>> _ = path.write_bytes("one\r\ntwö".encode())
        >>> column = FileTextColumn.of("text", [TextFile(str(path))])
        >>> column.text(0), column.nbytes, column.heads(9)
        ('one\ntwö', 9, ['one\ntwö'])
    """

    storage = "string"
    form = ""  # neither numbers nor dates

    def __init__(
        self,
        name: str,
        files: Sequence[TextFile],
        numbers: np.ndarray,
        starts: np.ndarray,
        stops: np.ndarray,
    ):
        self.name, self.files = name, tuple(files)
        self.file_numbers, self.starts, self.stops = numbers, starts, stops

    @staticmethod
    def of(name: str, files: Sequence[TextFile]) -> FileTextColumn:
        """Return the column whose texts are whole files, one each.

        Args:
            name: of the column.
            files: plain UTF-8 texts.
        """
        starts = np.array([file.start for file in files], np.int64)
        stops = np.array([file.size for file in files], np.int64)
        return FileTextColumn(name, files, np.arange(len(files), dtype=np.int32), starts, stops)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def nbytes(self) -> int:
        """The bytes of all texts."""
        return int((self.stops - self.starts).sum())

    def raw(self, row: int, most: int | None = None) -> bytes:
        """Return the bytes of a text, or its first ones.

        Args:
            row: of the text.
            most: bytes at most; all without.
        """
        start, stop = int(self.starts[row]), int(self.stops[row])
        return self.files[self.file_numbers[row]].read(
            start, stop if most is None else min(stop, start + most)
        )

    def text(self, row: int) -> str:
        """Return one text."""
        return decoded(self.raw(row))

    def heads(self, most: int) -> list[str]:
        """Return the beginning of each text.

        Args:
            most: bytes of each.
        """
        return [decoded(self.raw(row, most)) for row in range(len(self))]

    def take(self, rows: np.ndarray) -> FileTextColumn:
        """Return the column at the given rows; no text is touched."""
        own = (self.file_numbers[rows], self.starts[rows], self.stops[rows])
        return FileTextColumn(self.name, self.files, *own)

    def named(self, name: str) -> FileTextColumn:
        """Return the same texts under a name."""
        return FileTextColumn(name, self.files, self.file_numbers, self.starts, self.stops)

    def with_form(self, form: str | None) -> FileTextColumn:
        """Return the column as it is: texts of this size are neither numbers nor dates."""
        return self

    def missing(self) -> np.ndarray:
        """Return that no text is missing; one may be empty."""
        return np.zeros(len(self), bool)

    def value(self, row: int) -> str:
        """Return the beginning of a text, for messages."""
        return decoded(self.raw(row, _SHOWN))

    def all_texts(self) -> list[str]:
        """Return all texts.

        Raises:
            DataError: they are too long to be held at once.
        """
        if self.nbytes > files.LARGE_TEXT:
            raise DataError(
                f"{self.nbytes / 1e6:,.0f} MB of text stay in their file, and here all of them are wanted",
                where=self.files[0].path,
                expected=f"at most {files.LARGE_TEXT / 1e6:,.0f} MB",
                fix="learn what comes next in the text, which needs no target, or cut it into one text an "
                "example, in a table",
            )
        return [self.text(row) for row in range(len(self))]

    def texts(self) -> pl.Series:
        """Return all texts, where they are short enough."""
        import polars

        return polars.Series(self.name, self.all_texts(), dtype=polars.String)

    def distinct(self) -> Distinct:
        """Return the different texts, where they are short enough."""
        texts = self.all_texts()
        values = sorted(set(texts))
        place = {value: number for number, value in enumerate(values)}
        return Distinct(tuple(values), np.array([place[text] for text in texts], np.int64))

    def digests(self) -> np.ndarray:
        """Return uint64 for each text, equal within this process where the bytes are, O(bytes)."""
        found = np.zeros(len(self), np.uint64)
        number, base, block = -1, 0, b""
        for row in np.lexsort((self.starts, self.file_numbers)).tolist():  # as they lie on the disk
            start, stop = int(self.starts[row]), int(self.stops[row])
            if self.file_numbers[row] != number or stop > base + len(block):
                number, base = int(self.file_numbers[row]), start
                block = self.files[number].read(start, max(stop, start + files.BLOCK))
            found[row] = digest_of(block[start - base : stop - base])
        return found

    def numbers(self) -> np.ndarray:
        """Return NaN for each text."""
        return np.full(len(self), np.nan)

    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return NaN for each text."""
        return np.full(len(self), np.nan)

    def oversized(self) -> int | None:
        """Return None: there is no integer."""
        return None


def digest_of(raw: bytes) -> int:
    """Return a number of 64 bits, equal within this process where bytes are.

    Args:
        raw: of a text.
    """
    return hash(raw) & 0xFFFFFFFFFFFFFFFF


def decoded(raw: bytes) -> str:
    r"""Return a piece of UTF-8 text, its line ends those of Unix, without halves of characters at its ends.

    Args:
        raw: the bytes.

    Example:
        >>> decoded("aé".encode()[:2]), decoded(b"a\r\nb")
        ('a', 'a\nb')
    """
    return raw.decode("utf-8", "ignore").replace("\r\n", "\n")
