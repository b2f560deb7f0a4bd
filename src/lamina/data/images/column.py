"""A column of images."""

from __future__ import annotations

import numpy as np

from lamina.data.images.store import AbstractImages
from lamina.data.table import AbstractColumn, Distinct

IMAGE = "image"  # the storage, the kind, and the usual name


class ImageColumn(AbstractColumn):
    """A column whose values are images; its storage is ``image``.

    Args:
        name: the name of the column.
        images: the images, in memory or in files.
    """

    storage = IMAGE

    def __init__(self, name: str, images: AbstractImages):
        self.name, self.images = name, images

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> ImageColumn:
        """Return the column at the given rows; no pixel is touched."""
        return ImageColumn(self.name, self.images.take(rows))

    def missing(self) -> np.ndarray:
        """Return false for every row: an image that cannot be read is a fault, not a gap."""
        return np.zeros(len(self), bool)

    def numbers(self) -> np.ndarray:
        """Return NaN for every row: an image is no number."""
        return np.full(len(self), np.nan)

    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return NaN for every row: an image is no date."""
        return np.full(len(self), np.nan)

    def distinct(self) -> Distinct:
        """Return one value for each row: images are compared by :meth:`AbstractImages.survey`."""
        return Distinct(tuple(range(len(self))), np.arange(len(self)))

    def value(self, row: int) -> str:
        """Return the path of an image, or its size where it has none."""
        name = self.images.name(row)
        if name:
            return name
        height, width = self.images.take(np.array([row])).sizes()[0]
        return f"an image of {height}x{width} pixels"

    def oversized(self) -> None:
        """Return None: there is no integer."""
        return None
