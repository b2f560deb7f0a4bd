"""Rows whose images cannot be read, where they are to be skipped."""

from __future__ import annotations

from lamina.data.images.column import ImageColumn
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import AbstractImages, Survey
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable

_SMALL = Canvas(8, 8, 1)  # masks are decoded to be tried, and read at their own size later


def unreadable_rows(
    table: AbstractTable, schema: Schema, images: AbstractImages, survey: Survey
) -> dict[int, str]:
    """Return the rows with an image, or a mask, that cannot be read: its path and the reason.

    Args:
        table: the data, claimed.
        schema: columns and their roles; targets may be masks.
        images: the inputs.
        survey: of them.
    """
    is_alone = len(schema.inputs) == 1  # else a row may lack its image
    found = {
        row: f"{images.name(row) or table.place(row)} ({reason})"
        for row, reason in survey.faults.items()
        if images.name(row) or is_alone
    }
    for name in schema.targets:
        column = table.column(name) if name in table.names else None
        if isinstance(column, ImageColumn):
            for row, reason in column.images.survey(_SMALL).faults.items():
                words = f"{column.place(row) or table.place(row)} ({reason})"
                found[row] = f"{found[row]}, {words}" if row in found else words
    return found
