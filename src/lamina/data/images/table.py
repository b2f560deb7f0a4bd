"""Tables with one column of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lamina.data.cells import CellTable, columns_beside
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.store import AbstractImages


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
