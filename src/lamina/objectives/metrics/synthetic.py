"""How much synthetic rows are like real ones, by columns and by pairs, and whether they are copies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_ROWS = 1 << 13  # at once, of a table of distances
PAIR_BINS = 10  # of a number beside a category


def number_fidelity(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return 1 - D, D the largest difference of two distribution functions (Kolmogorov and Smirnov).

    O(n log n).

    Args:
        real: (n,), NaN where one is missing.
        synthetic: (m,).

    Returns:
        1 for equal distributions, 0 for those that do not overlap; NaN where one has no number.

    Example:
        >>> number_fidelity(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 9.0]))
        0.75
    """
    real, synthetic = np.sort(real[~np.isnan(real)]), np.sort(synthetic[~np.isnan(synthetic)])
    if not real.size or not synthetic.size:
        return math.nan
    places = np.concatenate([real, synthetic])
    below = [np.searchsorted(one, places, side="right") / one.size for one in (real, synthetic)]
    return 1.0 - float(np.abs(below[0] - below[1]).max())


def category_fidelity(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return 1 - the total variation between the shares of two sets of categories.

    O(n log n).

    Args:
        real: codes or texts (n,).
        synthetic: (m,).

    Example:
        >>> category_fidelity(np.array(["a", "a", "b", "b"]), np.array(["a", "a", "a", "b"]))
        0.75
    """
    if not len(real) or not len(synthetic):
        return math.nan
    one, other = _shares(real, synthetic)
    return 1.0 - 0.5 * float(np.abs(one - other).sum())


def pair_fidelity(
    real: tuple[np.ndarray, np.ndarray],
    synthetic: tuple[np.ndarray, np.ndarray],
    *,
    are_numbers: tuple[bool, bool],
) -> float:
    """Return how much the relation of two columns is the same.

    Of two numbers 1 - |ρ - ρ'| / 2, ρ their correlation; else 1 - the total variation between the tables of
    counts, a number being cut into tenths of the real rows.

    Args:
        real: two columns, each (n,), NaN where a number is missing.
        synthetic: the same two, each (m,).
        are_numbers: whether the columns are numbers.

    Returns:
        1 for equal relations; NaN where there is none, as between constants.

    References:
        Patki, Wedge, Veeramachaneni. The synthetic data vault. DSAA 2016 (both measures, as in SDMetrics).
    """
    if all(are_numbers):
        difference = abs(_correlation(*real) - _correlation(*synthetic))
        return 1.0 - difference / 2
    codes = [
        _tenths(one, other) if number else _codes(one, other)
        for one, other, number in zip(real, synthetic, are_numbers, strict=True)
    ]
    count = len(real[0])
    both = codes[0] * (int(codes[1].max(initial=0)) + 1) + codes[1]
    return category_fidelity(both[:count], both[count:])


@dataclass(frozen=True)
class Copies:
    """How near synthetic rows come to those of training, beside real rows that training never saw.

    Args:
        share: of synthetic rows that are equal to a row of training.
        held_out_share: of held-out rows.
        distance: median distance of a synthetic row from the closest row of training.
        held_out_distance: of a held-out row.
        nearer: share of synthetic rows that are nearer to training than the twentieth of the held-out rows
            that is nearest; about 0.05 where the network repeats nothing.
    """

    share: float
    held_out_share: float
    distance: float
    held_out_distance: float
    nearer: float


def copies(training: np.ndarray, synthetic: np.ndarray, held_out: np.ndarray) -> Copies:
    """Return how near synthetic rows come to those of training: the distance to the closest record.

    Rows are vectors, numbers scaled and categories as one-hot groups. Distances are Euclidean. O(n · m · d).

    Args:
        training: (n, features).
        synthetic: (m, features).
        held_out: real rows that training never saw (k, features).

    Example:
        >>> found = copies(np.eye(3), np.eye(3)[:1], np.full((1, 3), 0.5))
        >>> found.share, found.held_out_share
        (1.0, 0.0)
    """
    near, own = (closest(rows, training)[0] for rows in (synthetic, held_out))
    if not near.size or not own.size:
        return Copies(*[math.nan] * 5)
    edge = np.quantile(own, 0.05)
    return Copies(
        share=float((near == 0).mean()),
        held_out_share=float((own == 0).mean()),
        distance=float(np.median(near)),
        held_out_distance=float(np.median(own)),
        nearer=float((near < edge).mean()),
    )


def closest(rows: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the Euclidean distance of each row to the closest of others, and the number of that one.

    The distance of the pair is computed anew from their difference: that of equal rows is exactly zero.

    Args:
        rows: (m, features).
        among: (n, features), one at least.

    Example:
        >>> closest(np.array([[1.0, 0.0]]), np.array([[5.0, 0.0], [1.0, 2.0]]))
        (array([2.]), array([1]))
    """
    if not len(rows):
        return np.zeros(0), np.zeros(0, np.int64)
    single = among.astype(np.float32)
    squares = np.square(single).sum(axis=1)
    places = [
        (squares - 2 * (part.astype(np.float32) @ single.T)).argmin(axis=1)
        for part in np.array_split(rows, -(-len(rows) * len(among) // (MOST_ROWS * MOST_ROWS)))
    ]
    place = np.concatenate(places)
    return np.sqrt(np.square(rows.astype(np.float64) - among[place].astype(np.float64)).sum(axis=1)), place


def _codes(real: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
    """Return a code for each value of both columns, one after the other; a missing value is one too."""
    both = np.concatenate([np.asarray(real), np.asarray(synthetic)])
    values = both.astype(str) if both.dtype == object else both
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def _shares(real: np.ndarray, synthetic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each value stands in each column."""
    codes, count = _codes(real, synthetic), len(real)
    size = int(codes.max(initial=0)) + 1
    one, other = (np.bincount(part, minlength=size) for part in (codes[:count], codes[count:]))
    return one / len(real), other / len(synthetic)


def _tenths(real: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
    """Return the tenth of the real numbers that each number lies in; a missing one is a class of its own."""
    both = np.concatenate([real, synthetic]).astype(np.float64)
    known = real[~np.isnan(real)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PAIR_BINS + 1)[1:-1])) if known.size else []
    return np.where(np.isnan(both), PAIR_BINS, np.searchsorted(edges, both, side="right"))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation over the rows that have both; NaN where one is constant."""
    there = ~(np.isnan(first) | np.isnan(second))
    first, second = first[there], second[there]
    if first.size < 2 or not np.ptp(first) or not np.ptp(second):
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])
