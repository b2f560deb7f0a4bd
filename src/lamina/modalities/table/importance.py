"""Which columns of a table a network relies on, measured by shuffling them one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from lamina.modalities.permutation import Rows, Score

if TYPE_CHECKING:
    from lamina.modalities.table.encoder import TableEncoder


def table_score(
    encoder: TableEncoder, x: Mapping[str, NDArray], score: Callable[[dict[str, NDArray], Rows], float]
) -> Score:
    """Return a score for `permutation_importance` from one of encoded arrays.

    A column of the source moves as a whole: with its missing marker, or with all its parts of a date.

    Args:
        encoder: the encoder that made ``x``.
        x: the encoded arrays of all evaluated rows, by name.
        score: called as ``score(batch, rows)`` with the arrays of the chosen rows and their
            indices, it returns their score.

    Example:
        >>> from lamina.data import ColumnSchema, read
        >>> from lamina.modalities.permutation import permutation_importance
        >>> from lamina.modalities.table.encoder import TableEncoder
        >>> table = read({"a": [0.0, 1.0, 2.0, 3.0], "y": [0.1, 1.2, 2.3, 3.4]})
        >>> encoder = TableEncoder.fit(table, [ColumnSchema("a", "numeric")])
        >>> x = encoder.transform(table)
        >>> def score(batch, rows):
        ...     return -float(abs(batch["numeric"][:, 0] - x["numeric"][rows, 0]).mean())
        >>> permutation_importance(table_score(encoder, x, score), ["a"], rows=4)[0].mean > 0
        True
    """
    places: dict[str, tuple[str, slice]] = {}
    for array, encoders in (("numeric", encoder.numeric), ("category", encoder.category)):
        start = 0
        for column in encoders:
            width = len(column.features) if array == "numeric" else 1  # type: ignore[union-attr]
            places[column.name] = (array, slice(start, start + width))
            start += width

    def swapped(rows: Rows, column: str | None, source: Rows) -> float:
        batch = {name: values[rows] for name, values in x.items()}
        if column is not None:
            array, part = places[column]
            batch[array][:, part] = x[array][source, part]
        return score(batch, rows)

    return swapped
