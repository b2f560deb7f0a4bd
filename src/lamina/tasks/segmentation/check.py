"""Checks of masks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, of_error, warning
from lamina.data.images.column import ImageColumn
from lamina.data.images.labels import label_arrays
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable
from lamina.tasks.segmentation.targets import MOST_CLASSES, mask_column

JUDGED_SIDE = 128  # pixels of a side at which labels are counted
NAMED = 5


def of_masks(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield what is wrong with a column of masks.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
    """
    name = schema.targets[0]
    where = table.where(name=name)
    try:
        column = mask_column(table, name)
        labels = label_arrays(column, JUDGED_SIDE, JUDGED_SIDE)
    except DataError as fault:
        yield of_error(fault, "masks")
        return
    yield from _of_sizes(table, schema, column)
    values = np.unique(labels)
    if values.size == 1:
        message = f"every pixel of every mask is {values[0]}: there is nothing to learn"
        yield error("target-constant", where, message, "give masks with two labels or more")
        return
    if values.size > MOST_CLASSES and values.max() > values.size * 8:
        message = f"{values.size:,} different labels: these look like images, not masks"
        fix = f"name the column of masks; labels are whole numbers, or up to {MOST_CLASSES} colors"
        yield error("not-masks", where, message, fix)
    blank = np.flatnonzero((labels == labels[:, :1, :1]).all(axis=(1, 2)))
    if blank.size:
        named = ", ".join(column.place(int(row)) or f"row {row}" for row in blank[:NAMED])
        message = f"{counted(blank.size, 'mask')} of one label throughout: {named}"
        yield warning("blank-mask", where, message, "remove them, unless nothing is to be found there")


def _of_sizes(table: AbstractTable, schema: Schema, column: ImageColumn) -> Iterator[Finding]:
    """Yield the error for masks that are not as large as their images."""
    image = next((table.column(c.name) for c in schema.inputs if c.name in table.cell_names), None)
    if not isinstance(image, ImageColumn):
        return
    given, wanted = column.images.sizes(), image.images.sizes()
    bad = np.flatnonzero((given != wanted).any(axis=1) & given.all(axis=1) & wanted.all(axis=1))
    if bad.size:
        row = int(bad[0])
        shapes = (f"{height}x{width}" for height, width in (given[row], wanted[row]))
        message = (
            f"{counted(bad.size, 'mask')} of another size than the image, the first {' for '.join(shapes)}"
        )
        yield error("mask-size", table.place(row), message, "give each image a mask of its own size")
