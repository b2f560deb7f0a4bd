"""Paths to images: in a list, or in a column of a table."""

from __future__ import annotations

import os

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.endings import is_image
from lamina.data.table import AbstractTable

_INSPECTED = 20  # values of a column that must be paths to images
_BETWEEN = "://"  # of an address on the net


def are_paths(array: np.ndarray) -> bool:
    """Return whether a one-dimensional array holds paths, or texts of which the first end as images do."""
    values = array.tolist() if array.dtype.kind in "UO" else []
    if not values or not all(isinstance(value, str | os.PathLike) for value in values):
        return False
    return all(isinstance(v, os.PathLike) or is_image(v) for v in values[:_INSPECTED])


def claim_images(table: AbstractTable, folder: str, *, needed: bool = False) -> AbstractTable:
    """Return the table with the images that one of its columns names in place of that column.

    A column of paths is told by its values: the first twenty end as images do, and one of them at least
    is a file, seen from the table's folder or from the working folder.

    Args:
        table: any table; one without such a column comes back as it is.
        folder: the folder that the table lies in.
        needed: whether images must be there, so that a column whose files are absent is a fault.

    Raises:
        DataError: several columns name images, or none of the files is there.
    """
    if isinstance(table, CellTable):
        return table
    named = [name for name in table.names if _names_images(table, name)]
    bases = {name: base for name in named if (base := _base(table, name, folder)) is not None}
    if not bases:
        if needed and named:
            raise _absent(table, named[0], folder)
        return table
    if len(bases) > 1:
        listed = " and ".join(f"'{name}'" for name in bases)
        raise DataError(
            f"columns {listed} both name images",
            where=table.source,
            expected="one column of images",
            fix="remove all but one from the table",
        )
    from lamina.data.images.files import FileImages  # and with it Pillow

    ((name, base),) = bases.items()
    values = _texts(table, name)
    rest = table.drop([name])
    if IMAGE in rest.names:
        raise DataError(
            f"column '{name}' names images, and there is a column '{IMAGE}' beside it",
            where=table.source,
            fix=f"give column '{IMAGE}' another name",
        )
    images = FileImages([os.path.join(base, v) if v else "" for v in values])
    return CellTable({IMAGE: ImageColumn(IMAGE, images)}, rest)


def absent_words(table: AbstractTable, name: str) -> str:
    """Return how to write a column that names images which are not there; empty for other columns."""
    if isinstance(table, CellTable) or not _names_images(table, name):
        return ""
    return (
        "it names images, and none of its first files is there: write paths as they are seen from "
        f"{os.path.abspath(table.folder or '.')}"
    )


def _texts(table: AbstractTable, name: str) -> list[str]:
    """Return a column of texts; a missing one is empty."""
    found = table.scalar(name).distinct()
    return [str(found.values[code]) if code >= 0 else "" for code in found.codes.tolist()]


def _names_images(table: AbstractTable, name: str) -> bool:
    """Return whether the first values of a column end as the names of images do."""
    column = table.column(name)
    if column.storage != "string":
        return False
    values = _first(table, name)
    return bool(values) and all(is_image(v) and _BETWEEN not in v for v in values)


def _first(table: AbstractTable, name: str) -> list[str]:
    """Return the first values of a column that are there."""
    column = table.column(name)
    values = [column.value(row) for row in range(min(table.height, _INSPECTED))]
    return [str(value) for value in values if value is not None]


def _base(table: AbstractTable, name: str, folder: str) -> str | None:
    """Return the folder from which a file of the column is found, or None."""
    values = _first(table, name)
    for base in dict.fromkeys((folder, "")):
        if any(os.path.isfile(os.path.join(base, value)) for value in values):
            return base
    return None


def _absent(table: AbstractTable, name: str, folder: str) -> DataError:
    """Return the error for a column of paths at which nothing lies."""
    return DataError(
        "no such file",
        where=table.where(0, name),
        received=repr(_first(table, name)[0]),
        fix=f"write paths as they are seen from {os.path.abspath(folder or '.')}",
    )
