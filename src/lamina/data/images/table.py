"""Tables with one column of images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable, columns_beside
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.store import AbstractImages
from lamina.data.table import AbstractTable


def image_table(
    images: AbstractImages,
    columns: Mapping[str, np.ndarray],
    source: str,
    *,
    remarks: Sequence[str] = (),
    origin: Sequence[str] = (),
) -> CellTable:
    """Return the table of images and of the columns beside them.

    Args:
        images: the images; their column is called ``image``.
        columns: labels, splits, weights: one-dimensional arrays by name.
        source: a path, or a word in angle brackets, for messages.
        remarks: what was left aside while reading, for the audit to say.
        origin: the files that images in memory were read from.
    """
    column = ImageColumn(IMAGE, images, origin=origin)
    return CellTable({IMAGE: column}, columns_beside(columns, len(images), source), remarks=remarks)


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
