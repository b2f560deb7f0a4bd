"""The encoded columns of a table."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class TableInputs(AbstractInputs):
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
