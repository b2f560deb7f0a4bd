"""Arrays as images: which shapes and values are taken for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError

CHANNELS = (1, 2, 3, 4)  # gray, gray and alpha, RGB, RGBA
SHAPES = "shape (n, y, x), (n, y, x, 1) or (n, y, x, 3)"
_CHUNK = 1 << 24  # values that are converted together


def are_images(array: np.ndarray) -> bool:
    """Return whether an array has the rank and the type of images: (n, y, x) or (n, y, x, c) of numbers."""
    return array.ndim in (3, 4) and array.dtype.kind in "biuf"


def as_images(array: np.ndarray, where: str) -> np.ndarray:
    """Return images as uint8 (n, y, x, c) with one or three channels.

    Integers and booleans: uint8 stays as it is, True is 255, other integers must lie in 0 to 255, or in 0
    to 65535 for uint16 (divided by 257). Fractions: times 255 where none is above 1, else as they are,
    rounded. Transparent parts become white.

    Args:
        array: (n, y, x) or (n, y, x, c).
        where: what to call it in messages.

    Raises:
        DataError: the shape or a value is not one of an image.
    """
    array = _ordered(array, where)
    values = _levels(array, where)
    return _opaque(values) if values.shape[3] in (2, 4) else values


def _ordered(array: np.ndarray, where: str) -> np.ndarray:
    """Return images with channels last."""
    received = f"shape {array.shape}"
    if not all(array.shape):
        raise DataError("there is no image", where=where, expected=SHAPES, received=received)
    if array.ndim == 3:
        if array.shape[2] in CHANNELS and min(array.shape[:2]) > max(CHANNELS):
            fix = "for one image, give it an axis of its own: X[None]"
            raise DataError(
                "this looks like one image", where=where, expected=SHAPES, received=received, fix=fix
            )
        return array[..., None]
    first, last = array.shape[1] in CHANNELS, array.shape[3] in CHANNELS
    if last and (not first or array.shape[2] in CHANNELS or array.shape[1] not in (1, 3)):
        return array
    if first and last:
        fix = "give a square image, or (n, y, x) for gray"
        message = "it is not clear which axis holds the channels"
    elif first:
        message, fix = "channels stand before the pixels", "X.transpose(0, 2, 3, 1)"
    else:
        message, fix = "these are no images", "for a table, flatten them: X.reshape(len(X), -1)"
    raise DataError(message, where=where, expected=SHAPES, received=received, fix=fix)


def _levels(array: np.ndarray, where: str) -> np.ndarray:
    """Return values from 0 to 255."""
    kind = array.dtype.kind
    if array.dtype == np.uint8:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "f":
        _check_finite(array, where)
    low, high = array.min(), array.max()
    most = 65535 if array.dtype == np.uint16 else 255
    if low < 0 or high > most:
        raise DataError(
            "these are no levels of brightness",
            where=where,
            expected=f"0 to {most}" + (", or 0 to 1" if kind == "f" else ""),
            received=f"{low:g} to {high:g}",
            fix="scale them to 0 to 255; for a table, flatten them: X.reshape(len(X), -1)",
        )
    if kind == "f":
        return _in_chunks(array, lambda part: np.rint(part * 255 if high <= 1 else part))
    return _in_chunks(
        array, (lambda part: (part.astype(np.uint32) + 128) // 257) if high > 255 else lambda p: p
    )


def _in_chunks(array: np.ndarray, change: Any) -> np.ndarray:
    """Return changed values as uint8, a few images at a time, so that memory does not hold them twice."""
    result = np.empty(array.shape, np.uint8)
    step = max(1, _CHUNK // max(int(np.prod(array.shape[1:])), 1))
    for start in range(0, len(array), step):
        result[start : start + step] = change(array[start : start + step])
    return result


def _check_finite(array: np.ndarray, where: str) -> None:
    """Raise DataError with the first image that holds NaN or infinity, and how many do."""
    bad = np.array([not np.isfinite(image).all() for image in array])
    if bad.any():
        count = int(np.count_nonzero(bad))
        raise DataError(
            f"NaN or infinity in {count:,} image{'' if count == 1 else 's'}",
            where=f"{where}, row {int(bad.argmax())}",
            fix="remove these images, or fix their values",
        )


def _opaque(array: np.ndarray) -> np.ndarray:
    """Return images without their last channel, composited onto white by it."""
    alpha = array[..., -1:].astype(np.uint32)
    laid = (array[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255
    return laid.astype(np.uint8)
