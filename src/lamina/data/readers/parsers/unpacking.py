"""Unpacking, within bounds: what unpacks to far more than a table does is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from lamina.core.errors import DataError
from lamina.data.readers.packing import PACKINGS, packing_of

MOST_PACKED = 1032  # DEFLATE cannot pack tighter (zlib, technical details); a table is never packed so tight
ALWAYS_UNPACKED = 64 << 20  # bytes that are unpacked however small the file is
_BLOCK = 1 << 22
_LEFT_BY_FINDER = ("__MACOSX/", ".DS_Store")
_FAULTS = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def members_of(path: str) -> list[str]:
    """Return the names of the files in a zip archive; none where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [member.filename for member in _files(archive)]
    except _FAULTS:
        return []


def head_of(path: str, size: int) -> bytes:
    """Return the first bytes of a packed file; empty where they cannot be had."""
    try:
        if packing_of(path) == ".zst":
            return unpack(path)[:size]
        with _opened(path) as (stream, _):
            return stream.read(size)
    except DataError:
        return b""


def unpack(path: str) -> bytes:
    """Return the content of a packed file.

    Raises:
        DataError: it is damaged, holds several members or needs a password, or would unpack to far more
            than a table does.
    """
    if packing_of(path) == ".zst":
        return _zstandard(path)
    with _opened(path) as (stream, packed):
        return _bounded(stream, path, packed)


@contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open what is packed, with its packed size; every failure is told as a fault of the file."""
    packing = packing_of(path)
    try:
        if packing == ".zip":
            with zipfile.ZipFile(path) as archive:
                member = _only_member(archive, path)
                with archive.open(member) as stream:
                    yield stream, os.path.getsize(path)
        else:
            opened = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}[packing]
            with opened(path) as stream:
                yield stream, os.path.getsize(path)
    except DataError:
        raise
    except OSError as error:
        if error.errno:  # the system's; a packer's own has none
            raise DataError(f"cannot be read ({error.strerror})", where=path) from error
        raise damaged(path, error) from error
    except _FAULTS as error:
        raise damaged(path, error) from error


def damaged(path: str, error: Exception | str) -> DataError:
    """Return the error for a file that cannot be unpacked."""
    fix = "compress it anew, or rename it if it was never compressed"
    return DataError(f"not a whole {PACKINGS[packing_of(path)]} file ({error})", where=path, fix=fix)


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members that are files, without what Finder leaves."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    left = tuple(_LEFT_BY_FINDER)
    return [m for m in members if not m.filename.startswith(left) and not m.filename.endswith(left)]


def _only_member(archive: zipfile.ZipFile, path: str) -> zipfile.ZipInfo:
    """Return the one member of an archive."""
    members = _files(archive)
    if len(members) != 1:
        raise several_members(path, [member.filename for member in members])
    if members[0].flag_bits & 1:
        raise DataError("the archive is protected by a password", where=path, fix="unpack it first")
    return members[0]


def several_members(path: str, names: list[str]) -> DataError:
    """Return the error for an archive of no or several members."""
    if not names:
        return DataError("the archive holds no file", where=path, fix="put the table into it")
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return DataError(
        f"the archive holds {len(names):,} files",
        where=path,
        expected="one table",
        received=shown,
        fix="unpack it and name one of them",
    )


def _bounded(stream: IO[bytes], path: str, packed: int) -> bytes:
    """Return what a stream unpacks to, unless that is far too much."""
    most, parts, size = most_allowed(packed), io.BytesIO(), 0
    while block := stream.read(_BLOCK):
        size += len(block)
        if size > most:
            raise bomb(path)
        parts.write(block)
    return parts.getvalue()


def most_allowed(packed: int) -> int:
    """Return how many bytes a file of so many packed bytes may unpack to."""
    return max(ALWAYS_UNPACKED, MOST_PACKED * packed)


def bomb(path: str) -> DataError:
    """Return the error for a file that unpacks to far more than a table does."""
    return DataError(
        f"unpacks to more than {MOST_PACKED:,} times its size, which no table does",
        where=path,
        fix="unpack it yourself if you trust it",
    )


def _zstandard(path: str) -> bytes:
    """Return the content of a Zstandard file."""
    from lamina.data.readers.parsers import zstandard  # imports Polars

    try:
        with open(path, "rb") as stream:
            packed = stream.read()
        if zstandard.most_unpacked(packed) > most_allowed(len(packed)):
            raise bomb(path)
        return zstandard.unpack(packed)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path) from error
    except zstandard.NotZstandard as error:
        raise damaged(path, error) from error
    except zstandard.NotText as error:
        fix = "unpack it first (unzstd), or use Python 3.14"
        raise DataError(f"holds what is not UTF-8 text ({error})", where=path, fix=fix) from error
