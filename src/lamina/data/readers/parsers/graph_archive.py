"""The text files of a set of graphs: in a folder, in an archive, or one by itself."""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.readers.parsers.text import check_file
from lamina.data.readers.parsers.unpacking import ALWAYS_UNPACKED, MOST_PACKED

LEVELS = 3  # of folders in which the files may lie
_FAULTS = (EOFError, OSError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError)
_SHOWN = 60  # characters of a line


@dataclass(frozen=True)
class Lines:
    """The lines of one text file, with the place that messages name.

    Args:
        where: path of the file, or archive and member.
        lines: without those that are blank at the end.
    """

    where: str
    lines: tuple[str, ...]

    def place(self, row: int) -> str:
        """Return a line in words.

        Args:
            row: counted from 0.
        """
        return f"{self.where}, line {row + 1}"

    def numbers(self, *, columns: int | None = None, whole: bool = True) -> np.ndarray:
        """Return a number for each field, int64 or float64, (lines, columns).

        Fields are separated by commas or blanks.

        Args:
            columns: fields of each line; as many as the first line has, without.
            whole: whether they are whole numbers.

        Raises:
            DataError: a line has another number of fields, or one that is no number.
        """
        rows = [line.replace(",", " ").split() for line in self.lines]
        wanted = columns or (len(rows[0]) if rows else 1)
        for row, fields in enumerate(rows):
            if len(fields) != wanted:
                raise self.wrong(row, f"{len(fields)} numbers on the line", expected=f"{wanted}")
        kind = np.int64 if whole else np.float64
        try:
            found = np.array(rows, dtype=object).reshape(len(rows), wanted).astype(kind)
        except (ValueError, OverflowError):
            raise self._not_a_number(rows, whole) from None
        if not whole and not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
            raise self.wrong(row, "a number that is not finite", expected="numbers")
        return found

    def wrong(self, row: int, message: str, *, expected: str, fix: str = "") -> DataError:
        """Return the error for a line.

        Args:
            row: the line, counted from 0.
            message: what is wrong.
            expected: what should stand there.
            fix: what to do; to fetch the data anew, without.
        """
        received = repr(self.lines[row][:_SHOWN]) if row < len(self.lines) else "the end of the file"
        fix = fix or "correct the line, or fetch the data anew"
        return DataError(message, where=self.place(row), expected=expected, received=received, fix=fix)

    def _not_a_number(self, rows: list[list[str]], whole: bool) -> DataError:
        kind = int if whole else float
        for row, fields in enumerate(rows):
            for field in fields:
                try:
                    np.int64(kind(field)) if whole else kind(field)
                except (ValueError, OverflowError):
                    return self.wrong(row, "no number", expected="whole numbers" if whole else "numbers")
        return self.wrong(0, "no number", expected="numbers")


def read_texts(path: str) -> dict[str, Lines]:
    """Return the text files of a folder or an archive, or the one at the path, by their names.

    A name is that within the folder or archive, with ``/`` between folders.

    Args:
        path: a folder, a ``.tar`` (also packed), a ``.zip``, or a text file.

    Raises:
        DataError: it cannot be read, or would unpack to far more than it should.
    """
    if os.path.isdir(path):
        found = _of_folder(path)
    elif path.lower().endswith(".txt"):
        check_file(path)
        with open(path, "rb") as stream:
            found = {os.path.basename(path): stream.read()}
    else:
        check_file(path)
        try:
            found = _of_zip(path) if path.lower().endswith(".zip") else _of_tar(path)
        except _FAULTS as error:
            fix = "fetch it anew, or unpack it and give the folder"
            raise DataError(f"not a whole archive ({error})", where=path, fix=fix) from error
    is_alone = os.path.isfile(path) and path.lower().endswith(".txt")
    return {name: _lines(data, path if is_alone else f"{path}/{name}") for name, data in found.items()}


def _lines(data: bytes, where: str) -> Lines:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("this is no text", where=where, fix="fetch the data anew") from error
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return Lines(where, tuple(lines))


def _of_folder(path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for folder, folders, names in os.walk(path):
        level = os.path.relpath(folder, path)
        if level.count(os.sep) >= LEVELS - 1:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(".txt") and not name.startswith("."):
                own = os.path.join(folder, name)
                with open(own, "rb") as stream:
                    found[os.path.relpath(own, path).replace(os.sep, "/")] = stream.read()
    return found


def _of_tar(path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    most = _most(path)
    with tarfile.open(path, "r:*") as archive:
        for member in archive:
            if not member.isfile() or not _is_wanted(member.name):
                continue
            most = _spent(most, member.size, path)
            stream = archive.extractfile(member)
            if stream is not None:
                found[member.name.removeprefix("./")] = stream.read()
    return found


def _of_zip(path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    most = _most(path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir() or not _is_wanted(member.filename):
                continue
            most = _spent(most, member.file_size, path)
            found[member.filename] = archive.read(member)
    return found


def _is_wanted(name: str) -> bool:
    parts = name.split("/")
    return name.lower().endswith(".txt") and not any(part.startswith("__MACOSX") for part in parts)


def _most(path: str) -> int:
    return max(ALWAYS_UNPACKED, MOST_PACKED * os.path.getsize(path))


def _spent(most: int, size: int, path: str) -> int:
    if size > most:
        fix = "unpack it yourself, and give the folder"
        raise DataError("it would unpack to far more than graphs do", where=path, fix=fix)
    return most - size


def names_in_archive(path: str) -> list[str]:
    """Return the names of the files in an archive; none where it cannot be read.

    Args:
        path: a ``.zip``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (*_FAULTS, gzip.BadGzipFile):
        return []
