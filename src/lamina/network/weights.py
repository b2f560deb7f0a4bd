"""Arrays out of a safetensors file, every number of its header checked before memory is taken.

Nothing is copied: the arrays are views of the bytes, and cannot be written to.

References:
    The safetensors format, https://github.com/huggingface/safetensors#format: eight bytes with
    the length of a JSON header, the header, then the arrays without gap or overlap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.core import strict_json
from lamina.core.errors import ArtifactError

MOST_HEADER = 100_000_000  # bytes; the limit of the reference implementation
_LENGTH = 8
_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip


def read_weights(content: bytes, *, where: str) -> dict[str, np.ndarray]:
    """Return ``{name: array}`` of a safetensors file.

    Args:
        content: the bytes of the file.
        where: the file, for errors.

    Raises:
        ArtifactError: the header, or an array in it, does not fit the bytes.

    Example:
        >>> import safetensors.numpy
        >>> stored = safetensors.numpy.save({"bias": np.ones(3, np.float32)})
        >>> read_weights(stored, where="model.safetensors")["bias"].tolist()
        [1.0, 1.0, 1.0]
    """
    start = _LENGTH + _header_length(content, where)
    header = strict_json.parse(content[_LENGTH:start], where=f"{where}, header")
    if not isinstance(header, dict):
        raise ArtifactError("the header is no object", where=where, received=type(header).__name__)
    header.pop("__metadata__", None)
    places = {name: _place(entry, f"{where}, array '{name[:100]}'") for name, entry in header.items()}
    end = 0
    for name, (first, last) in sorted(places.items(), key=lambda item: item[1]):
        if first != end:
            array = f"{where}, array '{name[:100]}'"
            raise ArtifactError("overlaps another or leaves a gap", where=array, expected=end, received=first)
        end = last
    if start + end != len(content):
        raise ArtifactError("has the wrong size", where=where, expected=start + end, received=len(content))
    return {name: _array(entry, content, start + places[name][0]) for name, entry in header.items()}


def _header_length(content: bytes, where: str) -> int:
    length = int.from_bytes(content[:_LENGTH], "little")
    most = min(len(content) - _LENGTH, MOST_HEADER)
    if length > most:
        raise ArtifactError(
            "the header does not fit", where=where, expected=f"{max(most, 0)} bytes at most", received=length
        )
    return length


def _place(entry: Any, where: str) -> tuple[int, int]:
    """Return where an array begins and ends, if its type and shape need just as many bytes."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ArtifactError("has the wrong form", where=where, expected="dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ArtifactError("unknown dtype", where=where, expected="one of " + ", ".join(_TYPES))
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise ArtifactError("has the wrong form", where=where, expected="sizes of 0 or more")
    first, last = offsets
    needed = math.prod(shape) * _dtype(kind).itemsize
    if last - first != needed:
        expected = f"{needed} bytes for {kind} of shape {tuple(shape)}"
        raise ArtifactError("has the wrong size", where=where, expected=expected, received=last - first)
    return first, last


def _are_sizes(values: Any) -> bool:
    """Return whether the value is a short list of whole numbers from zero that NumPy can hold."""
    return (
        isinstance(values, list)
        and len(values) <= 32
        and all(type(value) is int and 0 <= value < 1 << 48 for value in values)
    )


def _array(entry: Mapping[str, Any], content: bytes, place: int) -> np.ndarray:
    shape = tuple(entry["shape"])
    if not math.prod(shape):
        return np.zeros(shape, _dtype(entry["dtype"]))
    return np.ndarray(shape, _dtype(entry["dtype"]), content, place)


def _dtype(kind: str) -> np.dtype:
    if kind == "BF16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(_TYPES[kind])
