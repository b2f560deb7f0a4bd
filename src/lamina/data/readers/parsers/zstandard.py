"""Zstandard: by the standard library where it can, else by Polars, whose CSV parser unpacks it."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from lamina.data.readers.parsers.failure import words_of

_NO_SEPARATOR, _END = "\x01", "\x00"  # control characters that no text holds


class NotZstandard(ValueError):
    """Bytes that are no whole file of Zstandard."""


class NotText(ValueError):
    """A content that is not UTF-8 text, which Polars cannot unpack."""


def unpack(packed: bytes) -> bytes:
    """Return what a file of Zstandard holds.

    Args:
        packed: the file.

    Raises:
        NotZstandard: it is damaged.
        NotText: it holds what is not UTF-8 text, and Python is older than 3.14.
    """
    packed = _without_head(packed)
    decompress = _of_library()
    return by_polars(packed) if decompress is None else decompress(packed)


def _without_head(packed: bytes) -> bytes:
    """Return a file without the frames at its beginning that hold no data: Polars would not know it."""
    while int.from_bytes(packed[:4], "little") & ~0xF == _ZSTD_SKIPPED and len(packed) >= 8:
        packed = packed[8 + int.from_bytes(packed[4:8], "little") :]
    return packed


def _of_library() -> Callable[[bytes], bytes] | None:
    """Return the decompressor of the standard library, which Python has since 3.14."""
    try:
        from compression import zstd  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None

    def decompress(packed: bytes) -> bytes:
        try:
            return zstd.decompress(packed)
        except zstd.ZstdError as error:
            raise NotZstandard(str(error)) from error

    return decompress


def by_polars(packed: bytes) -> bytes:
    """Return the text in a file of Zstandard, read as a table of one cell.

    Args:
        packed: the file.
    """
    try:
        frame = pl.read_csv(
            packed,
            has_header=False,
            separator=_NO_SEPARATOR,
            quote_char=None,
            eol_char=_END,
            infer_schema_length=0,
        )
    except BaseException as error:  # a panic of the parser is no Exception
        words = words_of(error)
        raise (NotText if "utf-8" in words else NotZstandard)(words) from error
    if frame.shape != (1, 1):
        raise NotText("there are control characters")
    return (frame.item() or "").encode()


_ZSTD_FRAME, _ZSTD_SKIPPED = 0xFD2FB528, 0x184D2A50
_MOST_IN_BLOCK = 1 << 17


def most_unpacked(packed: bytes) -> int:
    """Return the most bytes that a Zstandard file can unpack to, by the sizes of its blocks.

    Each block says its packed size and its sort: raw, one byte repeated, or packed, which unpacks to
    128 KiB at most. The blocks are walked without unpacking any.

    Args:
        packed: the file.

    Raises:
        NotZstandard: these are no whole frames.

    References:
        RFC 8878, "Zstandard Compression", sections 3.1.1 and 3.1.2.
    """
    at, most = 0, 0
    while at < len(packed):
        magic = int.from_bytes(packed[at : at + 4], "little")
        if magic & ~0xF == _ZSTD_SKIPPED:
            at += 8 + int.from_bytes(packed[at + 4 : at + 8], "little")
            continue
        if magic != _ZSTD_FRAME:
            raise NotZstandard("it does not begin as one")
        at, size = _frame(packed, at + 4)
        most += size
    if at > len(packed):
        raise NotZstandard("it is cut short")
    return most


def _frame(packed: bytes, at: int) -> tuple[int, int]:
    """Return where a frame ends, and the most bytes it unpacks to."""
    if at >= len(packed):
        raise NotZstandard("it is cut short")
    described = packed[at]
    single, checksum = described >> 5 & 1, described >> 2 & 1
    content = (1 if single else 0, 2, 4, 8)[described >> 6]
    at += 1 + (not single) + (0, 1, 2, 4)[described & 3] + content
    most = 0
    while True:
        if at + 3 > len(packed):
            raise NotZstandard("it is cut short")
        block = int.from_bytes(packed[at : at + 3], "little")
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == 1 else size)
        most += _MOST_IN_BLOCK if kind == 2 else size
        if last:
            return at + 4 * checksum, most
