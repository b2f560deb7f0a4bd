"""The bytes of a text file: opened, unpacked, decoded, and checked before anyone parses them."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.readers.packing import packing_of
from lamina.data.readers.parsers import encodings
from lamina.data.readers.source import HEAD

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

_MOST_SHOWN = 60  # characters of a line

Buffer = bytes | mmap.mmap


@dataclass(frozen=True)
class Text:
    """The bytes of a text in UTF-8, and how they came to be.

    Args:
        data: without the lines that were skipped.
        source: path, or ``<stdin>``, for messages.
        skipped: lines above the data, so that messages count as the file does.
        is_plain: whether the data are the file as it lies on the disk.
        encoding: that was asked for, or None.
        remarks: what is to be said of it.
        doubts: what had to be guessed, each with its fix.
    """

    data: Buffer
    source: str
    skipped: int = 0
    is_plain: bool = False
    encoding: str | None = None
    remarks: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()

    def where(self, line: int) -> str:
        """Return a place in words.

        Args:
            line: counted from 1 in the data.
        """
        return f"{self.source}, line {line + self.skipped}"

    def after(self, lines: int, place: str) -> Text:
        """Return the text below its first lines, with a remark on them if they are not blank.

        Args:
            lines: how many to skip.
            place: where they stand, in words.
        """
        end = 0
        for _ in range(lines):
            end = self.data.find(b"\n", end) + 1
        said = bytes(self.data[:end]).decode("utf-8-sig", "replace").splitlines()
        words = next((line.strip() for line in said if line.strip()), "")
        shown = repr(words if len(words) <= _MOST_SHOWN else words[:_MOST_SHOWN] + "…")
        more = f"{counted(lines, 'line')}{place} skipped, the first one {shown}"
        return replace(
            self,
            data=bytes(self.data[end:]),
            skipped=self.skipped + lines,
            is_plain=False,
            remarks=(*self.remarks, more) if words else self.remarks,
        )

    def line_of(self, place: int) -> int:
        """Return the line of a byte, counted from 1 in the data."""
        return bytes(self.data[:place]).count(b"\n") + 1


def load(path: str, encoding: str | None = None) -> Text:
    """Return the text in a file, unpacked if its name says that it is packed; ``-`` is standard input.

    Args:
        path: the file.
        encoding: of the file; UTF-8, or what a byte-order mark says, without.

    Raises:
        DataError: the file is missing, empty, a folder, unreadable, or something other than text.
    """
    source = "<stdin>" if path == "-" else path
    raw = _raw(path)
    if encoding is not None and not encodings.is_utf8(encoding):
        return Text(encodings.decoded(raw, encoding, source), source, encoding=encoding)
    data = checked(raw, source)
    return Text(data, source, is_plain=data is raw and not isinstance(raw, bytes), encoding=encoding)


def _raw(path: str) -> Buffer:
    """Return the bytes of a file, unpacked."""
    if path == "-":
        return sys.stdin.buffer.read()
    check_file(path)
    if packing_of(path):
        from lamina.data.readers.parsers.unpacking import unpack

        return unpack(path)
    try:
        with open(path, "rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
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
    if mark := encodings.marked(head):
        return encodings.decoded(data, mark, source)
    if b"\x00" in head:
        fix = "export the table as CSV (UTF-8) and read that"
        raise DataError("this is a binary file, not text", where=source, fix=fix)
    if b"\r" in head and b"\n" not in head and data.find(b"\n") < 0:  # line ends of old Mac OS
        return bytes(data[:]).replace(b"\r", b"\n")
    return data


def nul_error(text: Text, place: int) -> DataError:
    """Return the error for a NUL byte in the middle of a text."""
    fix = "write the file anew: it is damaged, or not text"
    return DataError("there is a NUL byte", where=text.where(text.line_of(place)), fix=fix)


class NotUtf8(DataError):
    """A text is not UTF-8, and nobody said what else it is."""


def first_fault(blocks: Iterable[bytes]) -> int | None:
    r"""Return the place of the first byte that is not UTF-8, or None.

    Args:
        blocks: of a text, one after another.

    Example:
        >>> first_fault(["é".encode()[:1], "é".encode()[1:], b"a"]), first_fault([b"ab", b"c\xff"])
        (None, 3)
    """
    import codecs

    decoder, passed = codecs.getincrementaldecoder("utf-8")(), 0
    pending = 0  # bytes of a character that goes on in the next block
    try:
        for block in blocks:
            decoder.decode(block)
            passed, pending = passed + len(block), len(decoder.getstate()[0])
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        return passed - pending + error.start
    return None


def check_utf8(text: Text) -> None:
    """Raise NotUtf8 with the line of the first byte that is not UTF-8."""
    size, data = 1 << 24, text.data
    place = first_fault(data[start : start + size] for start in range(0, len(data), size))
    if place is not None:
        raise NotUtf8(
            f"byte 0x{data[place]:02x} is not UTF-8 text",
            where=text.where(text.line_of(place)),
            fix="correct the line, or name the encoding of the file: encoding=windows-1252",
        )


def load_utf8(path: str, encoding: str | None = None) -> Text:
    """Return a text that is UTF-8, whatever it was; what had to be guessed is among its doubts.

    Args:
        path: the file, perhaps packed, or ``-``.
        encoding: of the file; UTF-8 without, and a guess where it is not.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    given = load(path, encoding)
    try:
        check_utf8(given)
    except NotUtf8:
        if encoding is not None:
            raise
        return guessed(given)
    return given


def is_blank(path: str) -> bool:
    """Return whether a short file can be read and holds nothing but blanks.

    Args:
        path: the file.
    """
    with suppress(OSError), open(path, "rb") as stream:
        head = stream.read(HEAD)
        return len(head) < HEAD and not head.strip()
    return False


def decoded(text: Text) -> str:
    """Return the characters of a text in UTF-8, without a byte order mark."""
    return bytes(text.data[:]).decode("utf-8-sig")


def guessed(text: Text) -> Text:
    """Return a text that is not UTF-8 as what it is most likely to be, and say so.

    Raises:
        DataError: nothing is likely.
    """
    raw = bytes(text.data[:])
    encoding, place = encodings.guess(raw)
    fault = f"byte 0x{raw[place]:02x} on line {text.line_of(place)} is not UTF-8"
    if encoding is None:
        raise DataError(
            f"byte 0x{raw[place]:02x} is not UTF-8 text",
            where=text.where(text.line_of(place)),
            fix="correct the line, or name the encoding of the file, as encoding=windows-1251 (Cyrillic) "
            "or encoding=shift_jis (Japanese)",
        )
    data = encodings.decoded(raw, encoding, text.source)
    doubt = (f"read as {encoding}: {fault}", "encoding= overrules, as in encoding=iso-8859-15")
    return Text(data, text.source, encoding=encoding, doubts=(doubt,))
