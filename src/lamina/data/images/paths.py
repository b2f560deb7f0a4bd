"""Paths to images: in a list, or in a column of a table."""

from __future__ import annotations

import os

import numpy as np

from lamina.core.errors import DataError
from lamina.data.images.column import ImageColumn
from lamina.data.images.endings import is_image
from lamina.data.table import AbstractColumn, AbstractTable, ScalarColumn

_INSPECTED = 20  # values of a column that must be paths to images
_BETWEEN = "://"  # of an address on the net


def are_paths(array: np.ndarray) -> bool:
    """Return whether a one-dimensional array holds paths, or texts of which the first end as images do."""
    values = array.tolist() if array.dtype.kind in "UO" else []
    if not values or not all(isinstance(value, str | os.PathLike) for value in values):
        return False
    return all(isinstance(v, os.PathLike) or is_image(v) for v in values[:_INSPECTED])


def claim(column: AbstractColumn, table: AbstractTable, *, needed: bool = False) -> ImageColumn | str | None:
    """Return the images that a column of paths names.

    Such a column is told by its values: the first twenty end as images do, and one of them at least is a
    file, seen from the table's folder or from the working folder. A cell without a path is an image that is
    absent.

    Args:
        column: any column.
        table: it stands in.
        needed: whether images must be there, so that files that are absent are a fault.

    Returns:
        The images; in words, what is wrong with the paths; None for other columns.

    Raises:
        DataError: none of the files is there, and they are needed.
    """
    if not isinstance(column, ScalarColumn):
        return None
    if needed and len(column) and column.missing().all():
        return _images(column, "")
    if not _names_images(column):
        return None
    folder = table.folder if os.path.isfile(table.source) else ""
    values = _first(column)
    for base in dict.fromkeys((folder, "")):
        if any(os.path.isfile(os.path.join(base, value)) for value in values):
            return _images(column, base)
    seen = os.path.abspath(folder or ".")
    if needed:
        raise DataError(
            "no such file",
            where=table.where(0, column.name),
            received=repr(values[0]),
            fix=f"write paths as they are seen from {seen}",
        )
    return f"it names images, and none of its first files is there: write paths as they are seen from {seen}"


def _images(column: ScalarColumn, base: str) -> ImageColumn:
    """Return the images that the paths of a column name, seen from a folder."""
    from lamina.data.images.files import FileImages  # and with it Pillow

    paths = [os.path.join(base, value) if value else "" for value in _texts(column)]
    return ImageColumn(column.name, FileImages(paths))


def _texts(column: ScalarColumn) -> list[str]:
    """Return a column of texts; a missing one is empty."""
    found = column.distinct()
    return [str(found.values[code]) if code >= 0 else "" for code in found.codes.tolist()]


def _names_images(column: ScalarColumn) -> bool:
    """Return whether the first values of a column end as the names of images do."""
    if column.storage != "string":
        return False
    values = _first(column)
    return bool(values) and all(is_image(value) and _BETWEEN not in value for value in values)


def _first(column: ScalarColumn) -> list[str]:
    """Return the first values of a column that are there."""
    known = np.flatnonzero(~column.missing())[:_INSPECTED]
    return [str(column.value(int(row))) for row in known]
