"""What all images share: the size they are brought to, gray and color, and whether two are equal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

GRAY_DIFFERENCE = 4  # levels by which the colors of a gray image may differ after lossy compression


@dataclass(frozen=True)
class Canvas:
    """What images are brought to: ``height`` × ``width`` pixels of 1 (gray) or 3 (color) ``channels``."""

    height: int
    width: int
    channels: int

    def __str__(self) -> str:
        """Return the size as ``28x28x1``."""
        return f"{self.height}x{self.width}x{self.channels}"


def as_channels(array: np.ndarray, channels: int) -> np.ndarray:
    """Return uint8 images (…, c) with one or three channels; gray is what Pillow calls luma (ITU-R 601)."""
    if array.shape[-1] == channels:
        return array
    if channels == 3:
        return np.repeat(array, 3, axis=-1)
    red, green, blue = (array[..., i].astype(np.uint32) for i in range(3))
    # the factors of Pillow's L24, so that arrays and files of one image stay equal
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)[..., None]


def all_gray(array: np.ndarray) -> bool:
    """Return whether the three colors are the same in every pixel of uint8 images, bar what JPEG adds."""
    return bool((array.max(axis=-1) - array.min(axis=-1)).max(initial=0) <= GRAY_DIFFERENCE)


def contrast_of(image: np.ndarray) -> int:
    """Return the largest difference of two pixels of a channel of a uint8 image (y, x, c).

    Example:
        >>> contrast_of(np.array([[[10, 0], [12, 9]]], np.uint8))
        9
    """
    height, width, channels = image.shape
    rows = image.reshape(height, width * channels)  # long rows: several times as fast as short ones
    high = rows.max(axis=0).reshape(width, channels).max(axis=0)
    low = rows.min(axis=0).reshape(width, channels).min(axis=0)
    return int((high - low).max())


def digest_of(content: bytes) -> int:
    """Return 64 bits that are equal for equal contents, and for no others but by chance of 2⁻⁶⁴ a pair."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
