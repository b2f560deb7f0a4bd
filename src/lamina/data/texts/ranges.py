"""Texts that are byte ranges of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.data.texts import files
from lamina.data.texts.files import TextFile

MOST_DIGESTED = 1 << 20  # bytes of a text


@dataclass(frozen=True)
class TextRanges:
    r"""Texts that stay in files: each is a range of the bytes of one; two numbers a text are held.

    Line ends of Windows are read as those of Unix.

    Args:
        files: plain UTF-8 texts.
        numbers: which of the files each text is in, int32.
        starts: its first byte, int64.
        stops: the byte behind its last.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.txt")
        >>> _ = path.write_bytes("one\r\ntwö".encode())
        >>> texts = TextRanges.of([TextFile(str(path))])
        >>> texts.text(0), texts.nbytes, texts.heads(3)
        ('one\ntwö', 9, ['one'])
    """

    files: tuple[TextFile, ...]
    numbers: np.ndarray
    starts: np.ndarray
    stops: np.ndarray

    @staticmethod
    def of(files: Sequence[TextFile]) -> TextRanges:
        """Return whole files, one text each.

        Args:
            files: plain UTF-8 texts.
        """
        starts = np.array([file.start for file in files], np.int64)
        stops = np.array([file.size for file in files], np.int64)
        return TextRanges(tuple(files), np.arange(len(files), dtype=np.int32), starts, stops)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def nbytes(self) -> int:
        """The bytes of all texts."""
        return int((self.stops - self.starts).sum())

    def take(self, rows: np.ndarray) -> TextRanges:
        """Return some of the texts; none is touched.

        Args:
            rows: indices, in any order.
        """
        return TextRanges(self.files, self.numbers[rows], self.starts[rows], self.stops[rows])

    def text(self, row: int) -> str:
        """Return one text."""
        return decoded(self._file(row).read(int(self.starts[row]), int(self.stops[row])))

    def head(self, row: int, most: int) -> str:
        """Return the beginning of a text.

        Args:
            row: of the text.
            most: bytes of it.
        """
        start, stop = int(self.starts[row]), int(self.stops[row])
        return decoded(self._file(row).read(start, min(stop, start + most)))

    def heads(self, most: int) -> list[str]:
        """Return the beginning of each text.

        Args:
            most: bytes of each.
        """
        return [self.head(row, most) for row in range(len(self))]

    def digests(self) -> np.ndarray:
        """Return `digest_of` each text as uint64; the files are passed through once."""
        found = np.zeros(len(self), np.uint64)
        number, base, block = -1, 0, b""
        for row in np.lexsort((self.starts, self.numbers)).tolist():  # as they lie on the disk
            start, size = int(self.starts[row]), int(self.stops[row] - self.starts[row])
            stop = start + min(size, MOST_DIGESTED)
            if self.numbers[row] != number or stop > base + len(block):
                number, base = int(self.numbers[row]), start
                block = self.files[number].read(start, max(stop, start + files.BLOCK))
            found[row] = digest_of(block[start - base : stop - base], size)
        return found

    def place(self, row: int) -> str:
        """Return the file and the first byte of a text."""
        return f"{self._file(row).path}, byte {int(self.starts[row]):,}"

    def _file(self, row: int) -> TextFile:
        return self.files[self.numbers[row]]


def digest_of(raw: bytes, size: int) -> int:
    """Return a number of 64 bits, equal within this process where the first MiB of texts and their sizes are.

    Args:
        raw: bytes of a text, at least its first MiB.
        size: of all of it.
    """
    return hash((raw[:MOST_DIGESTED], size)) & 0xFFFFFFFFFFFFFFFF


def decoded(raw: bytes) -> str:
    r"""Return a piece of UTF-8 text, its line ends those of Unix, without halves of characters at its ends.

    Args:
        raw: the bytes.

    Example:
        >>> decoded("aé".encode()[:2]), decoded(b"a\r\nb")
        ('a', 'a\nb')
    """
    return raw.decode("utf-8", "ignore").replace("\r\n", "\n")
