"""Metrics of a run as people read them: in the digits that their intervals leave sensible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.wording import counted, plain
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number
from lamina.objectives.metrics.words import interval_decimals

Interval = tuple[float, float]
NOTHING = "Nothing was measured: the run ended before its first validation."


def share(fraction: float, interval: Interval | None = None) -> str:
    """Return a fraction as a percentage with as many digits as its interval allows.

    Args:
        fraction: the share, 0 to 1.
        interval: its confidence interval, also 0 to 1, or None.

    Example:
        >>> share(0.8534, (0.8464, 0.8604)), share(0.5), share(float("nan"))
        ('85.3%', '50.0%', '–')
    """
    if not math.isfinite(fraction):
        return "–"
    scaled = None if interval is None else (interval[0] * 100, interval[1] * 100)
    decimals = interval_decimals(scaled)
    return f"{fraction * 100:.{1 if decimals is None else max(0, min(decimals, 3))}f}%"


def metric_share(outcome: Outcome, name: str) -> str:
    """Return a metric as a percentage.

    Args:
        outcome: of which metrics and intervals are used.
        name: of the metric.
    """
    return share(outcome.metrics.get(name, math.nan), outcome.intervals.get(name))


def metric_value(outcome: Outcome, name: str) -> str:
    """Return a metric as a number.

    Args:
        outcome: of which metrics and intervals are used.
        name: of the metric.
    """
    return metric_number(outcome.metrics.get(name, math.nan), outcome.intervals.get(name))


def interval_words(intervals: Mapping[str, Interval], name: str, *, percent: bool = False) -> str:
    """Return a metric's confidence interval as "low to high", or nothing where there is none.

    Args:
        intervals: of each metric that has one.
        name: of the metric.
        percent: whether to write percentages.

    Example:
        >>> interval_words({"auc": (0.812, 0.861)}, "auc")
        '0.812 to 0.861'
    """
    interval = intervals.get(name)
    if interval is None or not all(math.isfinite(end) for end in interval):
        return ""
    shown = share if percent else metric_number
    return f"{shown(interval[0], interval)} to {shown(interval[1], interval)}"


def where(outcome: Outcome) -> str:
    """Return the beginning of a sentence: on how many rows of what.

    Args:
        outcome: of which the evaluated rows are used.
    """
    rows = counted(outcome.count, "row") if outcome.count else "rows"
    return f"On {rows} {'of the test set' if outcome.evaluated == 'test' else 'held out for validation'}"


def names_of(labels: Sequence[Any], most: int, noun: str) -> list[str]:
    """Return labels as text, made up where there are more of them than names.

    Args:
        labels: as they were given.
        most: how many there must be at least.
        noun: what one is called.

    Example:
        >>> names_of(["yes"], 2, "class")
        ['yes', 'class 1']
    """
    names = [plain(label) for label in labels]
    return names + [f"{noun} {index}" for index in range(len(names), most)]


def sample(rows: int, most: int) -> NDArray[np.intp]:
    """Return the same random rows each time, all of them if there are few.

    Args:
        rows: how many there are.
        most: how many to choose.
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
