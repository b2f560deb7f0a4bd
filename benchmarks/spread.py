"""Medians, spreads and ratios of repeated timings."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles.

    Args:
        median: the middle.
        low: first quartile.
        high: third quartile.
        runs: how many values.
    """

    median: float
    low: float
    high: float
    runs: int

    def scaled(self, factor: float) -> Spread:
        """Return the same in another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor, self.runs)


def spread(values: Sequence[float]) -> Spread:
    """Return median and quartiles; of one value all three are that value."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


def ratio(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    """Return peer ÷ ours: of the medians, with the quartiles of the rounds' own ratios.

    Both lists come from one interleaved contest, so the n-th values were measured side by side.
    """
    rounds = spread([a / b for a, b in zip(peer, ours, strict=True)])
    return Spread(spread(peer).median / spread(ours).median, rounds.low, rounds.high, rounds.runs)


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the standard deviation (0 for one value)."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def agree(
    ours: Sequence[float], theirs: Sequence[float], *, tolerance: float, paired: bool = False
) -> bool | str:
    """Return whether two sets of qualities differ by no more than noise.

    Args:
        ours: one value a seed or model.
        theirs: the same of a peer.
        tolerance: a difference of means that does not matter.
        paired: the n-th values belong together (same learning rate), so differences are judged.

    Returns:
        Whether the means differ by less than the tolerance, or than three standard errors;
        nothing when there is one value each, which tells nothing of the noise.
    """
    if len(ours) < 2 or len(theirs) < 2:
        return ""
    difference = abs(statistics.fmean(ours) - statistics.fmean(theirs))
    if paired:
        _, std = mean_and_deviation([a - b for a, b in zip(ours, theirs, strict=True)])
        error = std / math.sqrt(len(ours))
    else:
        parts = [mean_and_deviation(values)[1] ** 2 / len(values) for values in (ours, theirs)]
        error = math.sqrt(sum(parts))
    return difference <= max(tolerance, 3 * error)
