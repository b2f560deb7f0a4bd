"""Masks: images whose pixels are labels, which are neither averaged nor turned into gray."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from lamina.core.errors import DataError
from lamina.data.images.column import ImageColumn
from lamina.data.images.decode import ORIENTATION, TURNS, UnreadableError, opened, words_of
from lamina.data.images.store import ArrayImages
from lamina.data.images.threads import in_threads

COLORED = 1 << 24  # added to the label of a color that is no gray
MOST_GRAY = (1 << 16) - 1  # the largest label that is no color: what a PNG file holds


def label_arrays(column: ImageColumn, height: int, width: int) -> np.ndarray:
    """Return the labels of masks as int32 (n, y, x), each mask fitted as images are, by its nearest pixels.

    Gray levels and palette entries are labels as they are, black and white are 0 and 1, and each color that
    is no gray is a label of its own (see `codes_of`).

    Args:
        column: the masks.
        height: pixels from top to bottom.
        width: pixels from left to right.

    Raises:
        DataError: naming the masks that cannot be read.
    """
    found = np.zeros((len(column), height, width), np.int32)

    def fill(row: int, labels: np.ndarray) -> None:
        found[row] = fitted(labels, height, width)

    _read(column, fill)
    return found


def whole_labels(column: ImageColumn) -> list[np.ndarray]:
    """Return the labels of masks as int32 (y, x), each mask in its own size.

    Args:
        column: the masks.

    Raises:
        DataError: naming the masks that cannot be read.
    """
    found = [np.zeros((0, 0), np.int32)] * len(column)
    _read(column, found.__setitem__)
    return found


def _read(column: ImageColumn, take: Callable[[int, np.ndarray], None]) -> None:
    """Hand over each row with its labels, by several threads."""
    faults: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            take(row, _labels(column, row))
        except UnreadableError as error:
            faults[row] = str(error)

    in_threads(read, len(column))
    if faults:
        named = ", ".join(f"{column.place(row) or f'row {row}'} ({faults[row]})" for row in sorted(faults))
        message = f"{len(faults):,} of {len(column):,} masks cannot be read"
        raise DataError(message, received=named[:400], fix="replace these files, or remove their rows")


def _labels(column: ImageColumn, row: int) -> np.ndarray:
    """Return the labels of one mask in its own size."""
    if isinstance(column.images, ArrayImages):
        rows = column.images.rows
        return codes_of(column.images.array[row if rows is None else rows[row]])
    path = column.images.name(row)
    if not path:
        raise UnreadableError("no file is named")
    try:
        with open(path, "rb") as stream:
            return labels_of(stream.read(), path)
    except OSError as error:
        raise UnreadableError(words_of(error, path)) from error


def labels_of(content: bytes, path: str = "") -> np.ndarray:
    """Return the labels in an image file, int32 (y, x).

    Args:
        content: the bytes of the file.
        path: of the file, to say what is wrong with it.

    Raises:
        UnreadableError: with the reason.
    """
    try:
        image = opened(io.BytesIO(content))
        turn = image.getexif().get(ORIENTATION, 1) if "exif" in image.info and image.format != "TIFF" else 1
        image.load()
        image = image.transpose(TURNS[turn]) if turn in TURNS else image  # as the image itself is read
        if image.mode == "F":
            raise UnreadableError("its values are fractions; save it with 8 or 16 bits a channel")
        if image.mode in ("LA", "PA", "La"):
            image = image.getchannel(0)
        elif image.mode not in ("1", "L", "P", "I", "RGB") and not image.mode.startswith("I;16"):
            image = image.convert("RGB")
        array = np.asarray(image)
    except Exception as error:
        raise UnreadableError(words_of(error, path)) from error
    if array.min(initial=0) < 0 or array.max(initial=0) > MOST_GRAY:
        raise UnreadableError("its values need more than 16 bits; save it with 8 or 16")
    return codes_of(array if array.ndim == 3 else array[..., None])


def codes_of(array: np.ndarray) -> np.ndarray:
    """Return one int32 label a pixel, of (y, x, c) with one channel or three.

    Of three, a gray pixel has its gray level, and another one 2²⁴ + 65536 · red + 256 · green + blue, so that
    no color is taken for a gray.

    Example:
        >>> codes_of(np.array([[[0, 1, 2], [7, 7, 7]]], np.uint8)).tolist()
        [[16777474, 7]]
    """
    if array.shape[-1] == 1:
        return array[..., 0].astype(np.int32)
    red, green, blue = (array[..., index].astype(np.int32) for index in range(3))
    is_gray = (red == green) & (green == blue)
    return np.where(is_gray, red, COLORED | red << 16 | green << 8 | blue)


def image_of(labels: np.ndarray) -> Image.Image:
    """Return labels as an image that `labels_of` reads as the same: gray of 8 or 16 bits, or colors.

    Args:
        labels: whole numbers (y, x) from 0.
    """
    most = int(labels.max(initial=0))
    if most < COLORED:
        return Image.fromarray(labels.astype(np.uint8 if most < 1 << 8 else np.uint16))
    shifts = (16, 8, 0)
    channels = [np.where(labels < COLORED, labels, labels >> shift & 255) for shift in shifts]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def fitted(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the middle of a mask at another size: each pixel takes the label of the nearest one.

    Args:
        labels: int32 (y, x).
        height: pixels from top to bottom.
        width: pixels from left to right.
    """
    own_height, own_width = labels.shape
    if (own_height, own_width) == (height, width):
        return labels
    scale = max(height / own_height, width / own_width)
    wide, high = min(width / scale, own_width), min(height / scale, own_height)
    left, top = (own_width - wide) / 2, (own_height - high) / 2
    box = (left, top, left + wide, top + high)
    resized = Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST, box)
    return np.asarray(resized, np.int32)


def unfitted(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a fitted mask at the size that its image had; what `fitted` cut off is 0.

    Args:
        labels: int32 (y, x), as large as the network's images.
        height: of the image as it was given.
        width: of the image as it was given.
    """
    own_height, own_width = labels.shape
    if (own_height, own_width) == (height, width):
        return labels
    scale = max(own_height / height, own_width / width)
    inner_height, inner_width = round(own_height / scale), round(own_width / scale)
    resized = Image.fromarray(labels).resize((inner_width, inner_height), Image.Resampling.NEAREST)
    whole = np.zeros((height, width), np.int32)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    whole[top : top + inner_height, left : left + inner_width] = np.asarray(resized)
    return whole
