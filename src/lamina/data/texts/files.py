"""The bytes of one text file, read piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lamina.core.errors import DataError

LARGE_TEXT = 64 << 20  # bytes: longer texts stay in their files
BLOCK = 1 << 24  # bytes that are read at once where a whole file is passed through
_MARK = b"\xef\xbb\xbf"  # byte-order mark of UTF-8


class TextFile:
    """The bytes of one file of plain UTF-8 text, read from the disk when they are asked for.

    The file is opened for each piece: nothing is held but its name and its size, so a table may have any
    number of files, any thread may read, and no page of a file counts as memory of the process.

    Args:
        path: the file.

    Raises:
        DataError: it cannot be read.
    """

    def __init__(self, path: str):
        self.path = path
        self.size = _size_of(path)
        self.start = len(_MARK) if self.read(0, len(_MARK)) == _MARK else 0

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes between two places.

        Args:
            start: the first one.
            stop: the one behind the last; at most what is there is given.

        Raises:
            DataError: the file is gone, or has another size than it had.
        """
        try:
            with open(self.path, "rb", buffering=0) as stream:
                if os.fstat(stream.fileno()).st_size != self.size:
                    fix = "start anew, and leave the file alone while it is read"
                    raise DataError("the file has changed while it was in use", where=self.path, fix=fix)
                stream.seek(start)
                return _whole(stream, min(stop, self.size) - start)
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})", where=self.path) from error

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes from a place on, 16 MiB at a time.

        Args:
            start: the first one.
        """
        for place in range(start, self.size, BLOCK):
            yield self.read(place, place + BLOCK)


def _whole(stream: object, size: int) -> bytes:
    """Return so many bytes of a raw stream, which may give fewer at a time."""
    parts, left = [], size
    while left > 0 and (part := stream.read(left)):  # type: ignore[attr-defined]
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _size_of(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path) from error
