"""The bytes of a text file: opened, unpacked, decoded, and checked before anyone parses them."""

from __future__ import annotations

import gzip
import mmap
import os
import sys
import zlib
from pathlib import Path

from lamina.core.errors import DataError

_MAGIC = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"PK\x03\x04": "a ZIP archive (an .xlsx or .npz file is one)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x93NUMPY": "a NumPy array file",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
}
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

Buffer = bytes | mmap.mmap


def load(path: str) -> Buffer:
    """Return the bytes of a text file, unpacked if its name ends in .gz; ``-`` is standard input.

    Raises:
        DataError: the file is missing, empty, a folder, unreadable, or something other than text.
    """
    if path == "-":
        return checked(sys.stdin.buffer.read(), "<stdin>")
    check_file(path)
    try:
        if path.endswith(".gz"):
            with gzip.open(path) as stream:
                return checked(stream.read(), path)
        with open(path, "rb") as stream:
            return checked(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), path)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        fix = "compress it anew, or rename it if it was never compressed"
        raise DataError(f"not a whole gzip file ({error})", where=path, fix=fix) from error
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=path) from error


def check_file(path: str, *, what: str = "table") -> None:
    """Raise DataError unless the path is a file with something in it, by a name that can be written down."""
    if not path:
        raise DataError("the path is an empty text", fix="give the path of a file")
    try:
        size, kind = os.stat(path).st_size, _kind(path)
    except (OSError, ValueError) as error:
        raise _unreachable(path, error) from error
    if kind:
        raise DataError(f"is a {kind}, not a {what}", where=path, fix=_KIND_MENDS[kind])
    try:
        path.encode()
    except UnicodeEncodeError as error:
        where = os.fsencode(path).decode("utf-8", "backslashreplace")
        fix = "rename the file with letters of UTF-8"
        raise DataError("the name of the file is not UTF-8 text", where=where, fix=fix) from error
    if not size:
        raise DataError("the file is empty", where=path, fix="check that it was written to the end")


_KIND_MENDS = {
    "folder": "name a file in it",
    "pipe or device": "save it as a file, or give - for CSV on standard input",
}


def _kind(path: str) -> str:
    """Return what stands at a path that is no plain file, or an empty text."""
    return "" if os.path.isfile(path) else "folder" if os.path.isdir(path) else "pipe or device"


def _unreachable(path: str, error: OSError | ValueError) -> DataError:
    """Return the error for a path at which the system finds nothing."""
    if os.path.islink(path):
        return DataError("a link that leads nowhere", where=path, fix=f"it points to {os.readlink(path)}")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return DataError("no such file", where=path, fix=_missing_fix(path))
    reason = error.strerror if isinstance(error, OSError) else error
    return DataError(f"cannot be read ({reason})", where=path[:200], fix="check the path")


def _missing_fix(path: str) -> str:
    """Return the nearest name in the same folder, or the working folder that a bare name starts from."""
    import difflib

    folder = Path(path).parent
    if not folder.is_dir():
        return f"there is no folder '{folder}' either: check the path"
    near = difflib.get_close_matches(Path(path).name, [p.name for p in folder.iterdir()], n=1)
    return (
        f"did you mean '{folder / near[0]}'?" if near else f"check the path; the folder is {folder.resolve()}"
    )


def checked(data: Buffer, source: str) -> Buffer:
    """Return the bytes as UTF-8 text without a byte-order mark, or raise DataError saying what they are."""
    head = bytes(data[:4096])
    if not head.strip():
        if not bytes(data[:]).strip():
            raise DataError("the file is empty", where=source, fix="check that it was written to the end")
    for magic, words in _MAGIC.items():
        if head.startswith(magic):
            raise DataError(f"this is {words}, not text", where=source, fix="give it the ending of its type")
    if head[:2] in _MARKS:
        return _transcode(data, source)
    if b"\x00" in head:
        fix = "export the table as CSV (UTF-8) and read that"
        raise DataError("this is a binary file, not text", where=source, fix=fix)
    if b"\r" in head and b"\n" not in head and data.find(b"\n") < 0:  # line ends of old Mac OS
        return bytes(data[:]).replace(b"\r", b"\n")
    return data


def nul_error(data: Buffer, place: int, source: str) -> DataError:
    """Return the error for a NUL byte in the middle of a text."""
    line = bytes(data[:place]).count(b"\n") + 1
    fix = "write the file anew: it is damaged, or not text"
    return DataError("there is a NUL byte", where=f"{source}, line {line}", fix=fix)


def _transcode(data: Buffer, source: str) -> bytes:
    """Return UTF-16 text, which its byte-order mark gives away, as UTF-8."""
    try:
        return bytes(data[:]).decode("utf-16").encode()
    except UnicodeDecodeError as error:
        fix = "save it as UTF-8"
        raise DataError("starts as UTF-16 text but does not go on so", where=source, fix=fix) from error


def check_utf8(data: Buffer, source: str) -> None:
    """Raise DataError with the line of the first byte that is not UTF-8."""
    import codecs

    decoder, size = codecs.getincrementaldecoder("utf-8")(), 1 << 24
    for start in range(0, len(data), size):
        block = data[start : start + size]
        try:
            decoder.decode(block, start + size >= len(data))
        except UnicodeDecodeError as error:
            pending = len(error.object) - len(block)
            place = start - pending + error.start
            line = bytes(data[:place]).count(b"\n") + 1
            raise DataError(
                f"byte 0x{data[place]:02x} is not UTF-8 text",
                where=f"{source}, line {line}",
                fix="save the file as UTF-8 (iconv -f windows-1252 -t utf-8 OLD > NEW)",
            ) from error
