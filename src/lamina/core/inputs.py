"""What a model is told about its inputs before it is built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableInputs:
    """The encoded columns of a table, ``x = {"numeric": (b, n), "category": (b, c)}``.

    Args:
        numeric: number n of numeric features.
        cardinalities: for each category feature how many codes it has, the codes of unseen
            and missing values included.
        bins: for each numeric feature its increasing bin edges, or empty when none are known.
    """

    numeric: int
    cardinalities: tuple[int, ...] = ()
    bins: tuple[tuple[float, ...], ...] = ()


Inputs = TableInputs | tuple[int, ...]
