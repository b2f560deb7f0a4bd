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
from lamina.tasks.segmentation.guess import MOST_JUDGED, holds_instances
from lamina.tasks.segmentation.targets import MOST_CLASSES, mask_column

JUDGED_SIDE = 128  # pixels of a side at which labels are counted
NAMED = 5
LOSSY = (".jpg", ".jpeg", ".jfif")


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
        fix += "; if images are to be learned from images, name another task"
        yield error("not-masks", where, message, fix)
    yield from _of_files(where, column)
    blank = np.flatnonzero((labels == labels[:, :1, :1]).all(axis=(1, 2)))
    if blank.size:
        named = ", ".join(column.place(int(row)) or f"row {row}" for row in blank[:NAMED])
        message = f"{counted(blank.size, 'mask')} of one label throughout: {named}"
        yield warning("blank-mask", where, message, "remove them, unless nothing is to be found there")


def of_unseen_labels(table: AbstractTable, other: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield the warning for labels of test masks that no training mask has, where labels name classes.

    Args:
        table: the training data, claimed.
        other: the test data, claimed.
        schema: columns and their roles.
    """
    name = schema.targets[0]
    try:
        given, wanted = (label_arrays(mask_column(t, name), JUDGED_SIDE, JUDGED_SIDE) for t in (table, other))
    except DataError:  # said of the masks themselves
        return
    foreign = np.setdiff1d(wanted, given)
    if foreign.size and not holds_instances(list(given[:: max(1, len(given) // MOST_JUDGED)])):
        row = int(np.flatnonzero(np.isin(wanted, foreign).any(axis=(1, 2)))[0])
        labels = ", ".join(map(str, foreign[:NAMED]))
        message = f"no training mask has a label that this one has: {labels}"
        fix = "correct the mask, or train with masks of this label; else it cannot be evaluated"
        yield warning("unseen-label", other.place(row), message, fix)


def _of_files(where: str, column: ImageColumn) -> Iterator[Finding]:
    """Yield the warning for masks in JPEG files, whose compression makes new labels at every edge."""
    paths = [path for row in range(len(column)) if (path := column.place(row)).lower().endswith(LOSSY)]
    if paths:
        message = f"{counted(len(paths), 'mask')} in JPEG files, which change labels: {paths[0]}"
        yield warning("lossy-masks", where, message, "save masks as PNG files, from the original labels")


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
