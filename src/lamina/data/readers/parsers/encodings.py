"""How texts write their characters: byte-order marks, what is asked for, and what is guessed."""

from __future__ import annotations

import codecs
import mmap

import numpy as np

from lamina.core.errors import DataError

WINDOWS = "windows-1252"  # what browsers take Latin-1 for (WHATWG, "Encoding")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROL = np.array([*range(9), *range(14, 32), 127], np.uint8)
MOST_FOREIGN = 0.5  # of the letters outside ASCII in a text of Windows-1252; Cyrillic and Greek have more


def is_utf8(encoding: str) -> bool:
    """Return whether a name stands for UTF-8, with or without a byte-order mark.

    Example:
        >>> is_utf8("UTF8"), is_utf8("utf-8-sig"), is_utf8("latin-1")
        (True, True, False)
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def marked(head: bytes) -> str | None:
    """Return the encoding that a byte-order mark other than that of UTF-8 gives away."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def decoded(data: bytes | mmap.mmap, encoding: str, source: str) -> bytes:
    """Return a text as UTF-8, its line ends those of Unix or Windows.

    Args:
        data: the bytes.
        encoding: a name that Python knows.
        source: for the message.

    Raises:
        DataError: the bytes are not of this encoding, with the line; or there is nothing but blanks.
    """
    raw = bytes(data[:])
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].decode(encoding, "replace").count("\n") + 1
        raise DataError(
            f"byte 0x{raw[error.start]:02x} is not {encoding} text",
            where=f"{source}, line {line}",
            fix="correct the line, or name another encoding: encoding=…",
        ) from error
    except UnicodeError as error:  # UTF-16 that must have a byte-order mark and has none
        fix = "name another encoding: encoding=…"
        raise DataError(f"not {encoding} text ({error})", where=source, fix=fix) from error
    if not text.strip():
        raise DataError("the file is empty", where=source, fix="check that it was written to the end")
    if "\n" not in text:  # line ends of old Mac OS
        text = text.replace("\r", "\n")
    return text.encode("utf-8", "replace")


def guess(raw: bytes) -> tuple[str | None, int]:
    """Return the likely encoding of a text that is not UTF-8, and its first byte that says so.

    Windows-1252 is likely, Latin-1 being part of it, unless the text has control characters, bytes that
    it does not know, more characters of UTF-8 than faults (a damaged text), or mostly letters outside
    ASCII (Cyrillic, Greek, Japanese …).
    """
    place = _first_fault(raw)
    codes = np.frombuffer(raw, np.uint8)
    if np.isin(codes, _CONTROL).any() or _is_damaged_utf8(raw):
        return None, place
    try:
        raw.decode(WINDOWS)
    except UnicodeDecodeError:
        return None, place
    plain = int((((codes | 32) >= 97) & ((codes | 32) <= 122)).sum())
    foreign = int((codes >= 0xC0).sum())
    likely = foreign <= MOST_FOREIGN * (plain + foreign)
    return (WINDOWS if likely else None), place


def _first_fault(raw: bytes) -> int:
    """Return the place of the first byte that is not UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _is_damaged_utf8(raw: bytes) -> bool:
    """Return whether more characters outside ASCII are UTF-8 than bytes are not."""
    text = raw.decode("utf-8", "surrogateescape")
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    faults = int(((codes >= 0xDC80) & (codes <= 0xDCFF)).sum())
    return int((codes > 127).sum()) - faults > faults
