"""Rows whose images cannot be read, where they are to be skipped."""

from __future__ import annotations

from lamina.data.images.column import ImageColumn
from lamina.data.images.pixels import Canvas
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable
from lamina.modalities.image.target_size import choose_canvas

_SMALL = Canvas(8, 8, 1)  # masks are decoded to be tried, and read at their own size later


def unreadable_rows(table: AbstractTable, schema: Schema, image_size: int | None) -> dict[int, str]:
    """Return the rows with an image, or a mask, that cannot be read: its path and the reason.

    Every file is decoded once; the pixels of inputs are kept for the audit and the encoder.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
        image_size: side that images are brought to, or None.
    """
    found: dict[int, str] = {}
    targets = [name for name in schema.targets if name in table.names]
    for name in (*(column.name for column in schema.inputs if column.name in table.names), *targets):
        column = table.column(name)
        if not isinstance(column, ImageColumn):
            continue
        canvas = _SMALL if name in targets else choose_canvas(column.images, image_size)
        for row, reason in column.images.survey(canvas).faults.items():
            words = f"{column.place(row) or table.place(row)} ({reason})"
            found[row] = f"{found[row]}, {words}" if row in found else words
    return found
