"""Bringing numbers to a common scale: by quantiles, or by mean and std."""

from __future__ import annotations

import functools
from statistics import NormalDist
from typing import Any

import numpy as np

FARTHEST = 5.199337582290661  # the normal quantile of 1 - 1e-7, where scikit-learn clips too
MOST_QUANTILES, ROWS_PER_QUANTILE, FEWEST_QUANTILES = 1000, 30, 10  # TabM (Gorishniy et al., 2025)
MOST_BINS = 48  # of the piecewise-linear encoding (Gorishniy et al., 2022)


class QuantileScaler:
    """Map numbers onto a standard normal distribution through their empirical quantiles.

    Between two quantiles ranks are interpolated; beyond the extremes the map stays at ±5.2. Equal numbers
    go to the middle of the ranks they fill, which is what a little noise on the training values achieves
    elsewhere, without the noise. Fitting sorts the values, O(n log n); mapping is O(n log q).

    Args:
        knots: increasing quantiles of the training values.
        levels: what each is mapped to, increasing too.

    References:
        Gorishniy, Rubachev, Khrulkov, Babenko: Revisiting Deep Learning Models for Tabular Data, 2021.
    """

    kind = "quantile"

    def __init__(self, knots: np.ndarray, levels: np.ndarray):
        self.knots, self.levels = knots, levels

    @staticmethod
    def fit(ordered: np.ndarray) -> QuantileScaler:
        """Return the map fitted to sorted values without NaN."""
        if not ordered.size:
            return QuantileScaler(np.zeros(1), np.zeros(1))
        count = max(min(ordered.size // ROWS_PER_QUANTILE, MOST_QUANTILES), FEWEST_QUANTILES)
        knots, inverse, times = np.unique(
            sorted_quantiles(ordered, count), return_inverse=True, return_counts=True
        )
        if knots.size == 1:
            return QuantileScaler(knots, np.zeros(1))
        ranks = np.bincount(inverse, np.linspace(0, 1, count)) / times
        grid, levels = _normal_table()
        between = grid[(grid > ranks[0]) & (grid < ranks[-1])]
        ranks, places = np.append(ranks, between), np.append(knots, np.interp(between, ranks, knots))
        order = np.argsort(ranks, kind="stable")
        ranks, places = ranks[order], np.maximum.accumulate(places[order])  # rounding may let one fall
        rising = np.append(True, np.diff(places) > 0)
        return QuantileScaler(places[rising], np.interp(ranks[rising], grid, levels))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the mapped values; NaN stays NaN."""
        return np.interp(values, self.knots, self.levels)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"kind": self.kind, "knots": self.knots.tolist(), "levels": self.levels.tolist()}


class StandardScaler:
    """Subtract the mean and divide by the standard deviation of the training values, O(n).

    Args:
        mean: what is subtracted.
        std: what is divided by; 1 for a constant.
    """

    kind = "standard"

    def __init__(self, mean: float, std: float):
        self.mean, self.std = mean, std

    @staticmethod
    def fit(ordered: np.ndarray) -> StandardScaler:
        """Return the map fitted to values without NaN."""
        if not ordered.size:
            return StandardScaler(0.0, 1.0)
        mean = float(ordered.mean())
        std = float(np.sqrt(np.square(ordered - mean).mean()))
        return StandardScaler(mean, std if std > 1e-12 * max(abs(mean), 1e-300) else 1.0)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the mapped values; NaN stays NaN."""
        return (values - self.mean) / self.std

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"kind": self.kind, "mean": self.mean, "std": self.std}


SCALERS = {"quantile": QuantileScaler, "standard": StandardScaler}


def restore_scaler(stored: dict[str, Any]) -> QuantileScaler | StandardScaler:
    """Return the scaler that ``to_json`` stored."""
    if stored["kind"] == "quantile":
        return QuantileScaler(np.array(stored["knots"], float), np.array(stored["levels"], float))
    return StandardScaler(stored["mean"], stored["std"])


@functools.cache
def _normal_table() -> tuple[np.ndarray, np.ndarray]:
    """Return ranks, dense where the slope of their normal quantile changes, and the quantile of each."""
    low = np.concatenate([np.geomspace(1e-7, 0.1, 160, endpoint=False), np.linspace(0.1, 0.5, 50)])
    normal = NormalDist()
    levels = np.array([normal.inv_cdf(rank) for rank in low])
    ranks = np.concatenate([[0.0], low, 1 - low[-2::-1], [1.0]])
    return ranks, np.concatenate([levels[:1], levels, -levels[-2::-1], -levels[:1]])


def sorted_quantiles(ordered: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` evenly spaced quantiles of sorted values, by linear interpolation."""
    position = np.linspace(0, ordered.size - 1, count)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, ordered.size - 1)
    share = position - low
    return ordered[low] * (1 - share) + ordered[high] * share


def bin_edges(ordered: np.ndarray) -> tuple[float, ...]:
    """Return increasing edges of at most 48 bins that hold about equally many of the sorted values.

    Where there are no more different values than edges, every value is an edge. A value so frequent that it
    would fill a bin is an edge of its own, and the other edges share out the rest: a column that is mostly
    zero keeps a fine grid where it is not.
    """
    values, counts = np.unique(ordered.astype(np.float32), return_counts=True)  # what differs for the model
    if values.size > MOST_BINS + 1:
        heavy = counts * MOST_BINS >= ordered.size
        rest = np.repeat(values[~heavy], counts[~heavy])
        ends = values[[0, -1]]
        free = max(MOST_BINS + 1 - int(np.count_nonzero(heavy)), 2)
        values = np.unique(
            np.concatenate([ends, values[heavy], sorted_quantiles(rest, free)]).astype(np.float32)
        )
    if values.size < 2:
        low = float(values[0]) if values.size else 0.0
        values = np.array([low, low + max(1.0, abs(low))])
    return tuple(values.astype(np.float64).tolist())
