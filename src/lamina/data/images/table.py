"""A table in which one column holds images."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.store import AbstractImages
from lamina.data.table import AbstractColumn, AbstractTable, ArrayTable


class ImageTable(AbstractTable):
    """Images and the columns beside them: labels, parts of a split, whatever a table of paths holds.

    Args:
        images: the images.
        beside: a table of the same height, perhaps without a column.
        name: the name of the column of images.
        remarks: what was left aside while reading, for the audit to say.

    Example:
        >>> from lamina.data import read
        >>> table = read(np.zeros((4, 8, 8), np.uint8), y=[0, 1, 0, 1])
        >>> table.names, table.height, table.column("image").storage
        (('image', 'target'), 4, 'image')
    """

    def __init__(
        self,
        images: AbstractImages,
        beside: AbstractTable,
        *,
        name: str = IMAGE,
        remarks: Sequence[str] = (),
    ):
        if len(images) != beside.height or name in beside.names:
            raise DataError("images and columns do not fit", where=beside.source)
        self.images, self.beside, self.image_name, self.remarks = images, beside, name, tuple(remarks)
        self.names, self.height = (name, *beside.names), len(images)
        self.source, self.first_line, self.lines = beside.source, beside.first_line, beside.lines

    @property
    def strict(self) -> bool:
        """Whether a missing cell is a fault, as in the columns beside the images."""
        return self.beside.strict and self.images.in_memory

    def place(self, row: int) -> str:
        """Return the path of an image; its row or line where it has none, or comes from a table."""
        name = "" if self.first_line else self.images.name(row)
        return name or super().place(row)

    def column(self, name: str) -> AbstractColumn:
        """Return a column."""
        if name == self.image_name:
            return ImageColumn(name, self.images)
        self.require(name)
        return self.beside.column(name)

    def labels(self, name: str) -> AbstractColumn:
        """Return a column exactly as it was given."""
        return self.column(name) if name == self.image_name else self.beside.labels(name)

    def take(self, rows: np.ndarray) -> ImageTable:
        """Return the table at the given rows; no pixel is touched."""
        rows = np.asarray(rows)
        return self._with(self.images.take(rows), self.beside.take(rows))

    def drop(self, names: Sequence[str]) -> AbstractTable:
        """Return the table without the given columns."""
        for name in names:
            self.require(name)
        beside = self.beside.drop([name for name in names if name != self.image_name])
        return beside if self.image_name in names else self._with(self.images, beside)

    def renamed(self, name: str) -> ImageTable:
        """Return the table with another name for the column of images."""
        if name == self.image_name:
            return self
        return ImageTable(self.images, self.beside, name=name, remarks=self.remarks)

    def _with(self, images: AbstractImages, beside: AbstractTable) -> ImageTable:
        return ImageTable(images, beside, name=self.image_name, remarks=self.remarks)


def columns_beside(columns: dict[str, np.ndarray], height: int, source: str) -> AbstractTable:
    """Return the table of columns that stand beside images, perhaps of none."""
    return ArrayTable(np.empty((height, 0)), [], columns, source=source)


def no_label(table: AbstractTable) -> DataError:
    """Return the error for images without any label, with the layouts that are understood."""
    root = table.source
    if root.startswith("<"):
        return DataError("the images have no labels", where=root, fix="give one for each: y=...")
    folder = root if os.path.isdir(root) else os.path.dirname(root) or "."
    return DataError(
        "the images have no labels",
        where=root,
        expected="a folder for each class",
        fix=f"put the images of each class into a folder of its own, such as {folder}/cat/1.jpg and "
        f"{folder}/dog/1.jpg, or list paths and labels in a CSV file; predict needs no labels",
    )
