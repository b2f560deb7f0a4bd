"""What a tabular model must know of its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TableInputs:
    """The form of encoded table rows.

    Args:
        numeric: number of numeric features.
        cardinalities: number of codes of each category feature, those for unseen and missing included.
        bins: for each numeric feature the increasing edges of a piecewise-linear encoding.

    Example:
        >>> TableInputs(1, (4,), ((-1.0, 0.0, 1.0),)).numeric
        1
    """

    numeric: int
    cardinalities: tuple[int, ...]
    bins: tuple[tuple[float, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "numeric": self.numeric,
            "cardinalities": list(self.cardinalities),
            "bins": [list(edges) for edges in self.bins],
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> TableInputs:
        """Return what :meth:`to_json` stored."""
        return TableInputs(
            stored["numeric"], tuple(stored["cardinalities"]), tuple(tuple(edges) for edges in stored["bins"])
        )
