"""A column of images."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellColumn
from lamina.data.images.store import AbstractImages

IMAGE = "image"  # the storage, the kind, and the usual name
CLEAN = "clean"  # the usual name of what degraded images should be


class ImageColumn(CellColumn):
    """A column whose values are images; its storage is ``image``.

    Args:
        name: the name of the column.
        images: the images, in memory or in files.
        origin: the files that images in memory were read from, where the source of the table is a folder.
    """

    storage = IMAGE

    def __init__(self, name: str, images: AbstractImages, *, origin: Sequence[str] = ()):
        self.name, self.images, self.origin = name, images, tuple(origin)
        self.in_memory = images.in_memory

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> ImageColumn:
        """Return the column at the given rows; no pixel is touched."""
        return ImageColumn(self.name, self.images.take(rows), origin=self.origin)

    def named(self, name: str) -> ImageColumn:
        """Return the same images under a name."""
        return self if name == self.name else ImageColumn(name, self.images, origin=self.origin)

    def missing(self) -> np.ndarray:
        """Return where no image is named; one that cannot be read is a fault, not a gap."""
        return self.images.absent()

    def place(self, row: int) -> str:
        """Return the path of an image, or an empty text where it has none."""
        return self.images.name(row)

    def unlabeled(self, source: str) -> DataError:
        """Return the error for images without any label, with the layouts that are understood."""
        if source.startswith("<"):
            return DataError("the images have no labels", where=source, fix="give one for each: y=...")
        folder = source if os.path.isdir(source) else os.path.dirname(source) or "."
        return DataError(
            "the images have no labels",
            where=source,
            expected="a folder for each class",
            fix=f"put the images of each class into a folder of its own, such as {folder}/cat/1.jpg and "
            f"{folder}/dog/1.jpg, or list paths and labels in a CSV file "
            "(masks: folders images/ and masks/); predict needs no labels",
        )

    def files(self) -> list[str]:
        """Return the paths of the images, or the files that hold them together."""
        if self.in_memory:
            return list(self.origin)
        return list(dict.fromkeys(path for row in range(len(self)) if (path := self.images.name(row))))

    def digests(self) -> np.ndarray:
        """Return uint64 for each image, equal for equal images, 0 where one cannot be read."""
        return self.images.digests()

    def value(self, row: int) -> str:
        """Return the path of an image, or its size where it has none."""
        name = self.images.name(row)
        if name or self.images.absent()[row]:
            return name
        height, width = self.images.take(np.array([row])).sizes()[0]
        return f"an image of {height}x{width} pixels"
