"""Which encoder a schema asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data.encoders.image import ImageEncoder
from lamina.data.encoders.table import TableEncoder
from lamina.data.images.column import IMAGE
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable

Encoder = TableEncoder | ImageEncoder


def has_images(schema: Schema) -> bool:
    """Return whether images are learned from.

    Args:
        schema: which columns are inputs.
    """
    return any(column.kind == IMAGE for column in schema.inputs)


def fitted(
    table: AbstractTable,
    schema: Schema,
    *,
    rows: np.ndarray,
    numeric: str = "quantile",
    image_size: int | None = None,
) -> Encoder:
    """Return the encoder of a schema, fitted to training rows.

    Args:
        table: the data.
        schema: which columns are inputs.
        rows: indices of the training rows.
        numeric: how numbers are scaled.
        image_size: side that images are brought to.
    """
    if has_images(schema):
        return ImageEncoder().fit(table, schema, rows=rows, image_size=image_size)
    return TableEncoder().fit(table, schema, rows=rows, numeric=numeric)


def restored(stored: dict[str, Any]) -> Encoder:
    """Return the encoder that ``to_json`` stored."""
    return (ImageEncoder if stored.get("kind") == IMAGE else TableEncoder).from_json(stored)
