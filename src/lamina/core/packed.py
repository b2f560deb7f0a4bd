"""Arrays as text in JSON: little-endian bytes, compressed, in base64."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np

from lamina.core.json_checks import wrong


def packed(array: np.ndarray) -> str:
    """Return the numbers of an array as text; shape and type are not in it.

    Args:
        array: of numbers.

    Example:
        >>> unpacked(packed(np.array([3, 1], np.int32)), "<i4", place="known", most=8).tolist()
        [3, 1]
    """
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return base64.b64encode(zlib.compress(little.tobytes(), 9)).decode("ascii")


def unpacked(text: str, dtype: str, *, place: str, most: int) -> np.ndarray:
    """Return the numbers that `packed` wrote, in one row.

    Args:
        text: from `packed`.
        dtype: of the numbers, such as ``"<f4"``.
        place: of the text in its document, for messages.
        most: bytes that may come out.

    Raises:
        ArtifactError: it is no such text, holds more, or ends within a number.
    """
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), most + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise wrong(place, "packed numbers", str(error)) from None
    own = np.dtype(dtype)
    if len(data) > most or len(data) % own.itemsize or not unpacker.eof:
        raise wrong(place, f"up to {most:,} bytes of packed numbers", f"{len(data):,} bytes")
    return np.frombuffer(data, own).astype(own.newbyteorder("="))
