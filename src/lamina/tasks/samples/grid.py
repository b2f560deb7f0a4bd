"""The grid that the numbers of a column lie on: whole numbers, multiples of 50, two decimals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.json_checks import record

MOST_DECIMALS = 8
_LARGEST_INTEGER = 2.0**53
_FAR = 0.01  # of a step: numbers so far beside a grid are not on it
_SINGLE, _DOUBLE = 4 * float(np.finfo(np.float32).eps), 4 * float(np.finfo(np.float64).eps)


def _whole(value: Any, place: str) -> None:
    if type(value) is not int or not -1 <= value <= MOST_DECIMALS:
        raise json_checks.wrong(place, f"a whole number from -1 to {MOST_DECIMALS}", value)


check_grid = record(step=json_checks.number, start=json_checks.number, decimals=_whole)


@dataclass(frozen=True)
class Grid:
    """Numbers ``start + k * step``, of so many decimals; step 0: any number.

    Args:
        step: between neighbors, 0 where there is no grid.
        start: one of them.
        decimals: places behind the point, -1 where there is no grid.

    Example:
        >>> Grid.fit(np.array([0.25, 1.5, 0.75])).nearest(np.array([1.1, 0.4]))
        array([1. , 0.5])
    """

    step: float = 0.0
    start: float = 0.0
    decimals: int = -1

    @staticmethod
    def fit(values: np.ndarray) -> Grid:
        """Return the coarsest grid that holds all values; O(n) for each decimal.

        Args:
            values: finite.
        """
        if not values.size:
            return Grid()
        own = _SINGLE if (values.astype(np.float32) == values).all() else _DOUBLE
        for decimals in range(MOST_DECIMALS + 1):
            scaled = values * 10.0**decimals
            if np.abs(scaled).max() > _LARGEST_INTEGER:
                break
            whole = np.rint(scaled)
            if (np.abs(scaled - whole) <= np.minimum(own * np.abs(scaled), _FAR)).all():
                counts = whole.astype(np.int64)
                start = int(counts.min())
                step = int(np.gcd.reduce(counts - start)) or 1
                return Grid(step / 10**decimals, start / 10**decimals, decimals)
        return Grid()

    def nearest(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers of the grid that are nearest to values."""
        if not self.step:
            return values
        return np.round(self.start + np.rint((values - self.start) / self.step) * self.step, self.decimals)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"step": self.step, "start": self.start, "decimals": self.decimals}
