"""Confidence intervals of metrics: how far a number may be off by the luck of the rows.

Rows are drawn again with replacement (the bootstrap), which gives a distribution of the
metric. The interval is the estimate plus that distribution's quantiles about its median:
the plain percentile interval can miss the estimate where the metric is biased upwards in
small samples (ece) or loses rare classes (f1, balanced_accuracy).

References:
    B. Efron, R. Tibshirani, An introduction to the bootstrap, Chapman & Hall, 1993.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.objectives.metrics.by_task import CLASSIFICATION, REGRESSION
from lamina.objectives.metrics.calibration import top_label
from lamina.objectives.metrics.ranking import auc_interval, wilson_interval
from lamina.objectives.metrics.resampled import (
    Statistic,
    class_statistic,
    multilabel_statistic,
    regression_statistic,
)
from lamina.objectives.metrics.rows import (
    NAN,
    check_same_rows,
    class_probabilities,
    class_targets,
    known_flags,
    row_weights,
)

Interval = tuple[float, float]

RANGES = {"log_loss": (0.0, np.inf), "rmse": (0.0, np.inf), "mae": (0.0, np.inf), "r2": (-np.inf, 1.0)}
ROWS_DRAWN = 10_000  # more rows are sampled down, and the interval narrowed by the root of the ratio
VALUES_DRAWN = 40_000  # rows times targets, for many targets
DRAWS_AT_ONCE = 32  # keeps the counts of 10,000 rows inside a second-level cache


def bootstrap_interval(
    metric: Callable[..., float],
    targets: ArrayLike,
    outputs: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> Interval:
    """Return the bootstrap confidence interval of any metric that takes row weights.

    One call of the metric for each repeat; `classification_intervals` and the like are much faster.

    Args:
        metric: called as ``metric(targets, outputs, weights)``.
        targets: what the metric takes first.
        outputs: what it takes second: predictions or probabilities.
        weights: one weight a row, or None.
        level: the coverage wanted, between 0 and 1.
        repeats: how often the rows are drawn; 1000 fixes the ends to a few per cent of the width.
        seed: the same seed gives the same interval.

    Example:
        >>> from lamina.objectives.metrics import mae
        >>> low, high = bootstrap_interval(mae, [1.0, 2.0, 3.0, 4.0], [1.5, 2.0, 2.0, 4.0])
        >>> 0 <= low < 0.375 < high
        True
    """
    truth, given = np.asarray(targets), np.asarray(outputs)
    base = row_weights(len(truth), weights)
    drawn = [
        metric(truth, given, base * row) for counts in _draws(len(truth), repeats, seed) for row in counts.T
    ]
    return _about(metric(truth, given, base), np.asarray(drawn), level, (-np.inf, np.inf))


def classification_intervals(
    targets: ArrayLike,
    probabilities: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return a confidence interval of each metric of one target with classes.

    The bootstrap, except accuracy (Wilson's interval, sound for few rows) and auc (DeLong's,
    see `auc_interval`). Beyond 10,000 rows (fewer with many targets) a fixed sample is drawn from and
    the interval narrowed by ``sqrt(sample / rows)``, so the cost stops growing.

    Args:
        targets: class indices.
        probabilities: one column a class, or the probability of class 1 of two.
        weights: one weight a row, or None.
        level: the coverage wanted, between 0 and 1.
        repeats: how often the rows are drawn.
        seed: the same seed gives the same intervals.

    Returns:
        ``{metric: (low, high)}``; NaN where the metric is not defined.

    Example:
        >>> low, high = classification_intervals([0, 1] * 20, [[0.8, 0.2], [0.3, 0.7]] * 20)["accuracy"]
        >>> round(low, 2), round(high, 2)
        (0.91, 1.0)
    """
    rows = _Rows.of(targets, probabilities, weights)
    if rows.undefined:
        return dict.fromkeys(CLASSIFICATION, (NAN, NAN))
    found = _bootstrap(class_statistic, rows, level, repeats, seed)
    columns = class_probabilities(rows.given)
    right, _ = top_label(class_targets(rows.truth, columns.shape[1]), columns)
    found["accuracy"] = _accuracy_interval(right, rows.weights, level)
    found["auc"] = auc_interval(*rows, level=level)
    return {name: found[name] for name in CLASSIFICATION}


def multilabel_intervals(
    targets: ArrayLike,
    probabilities: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return a confidence interval of each metric of rows that carry any number of labels.

    As `classification_intervals`; auc has the mean of the labels' intervals: as wide as if their errors
    moved together.

    Args:
        targets: 0 or 1, shape ``(rows, labels)``.
        probabilities: the probability of each label, same shape.
        weights: one weight a row, or None.
        level: the coverage wanted, between 0 and 1.
        repeats: how often the rows are drawn.
        seed: the same seed gives the same intervals.
    """
    rows = _Rows.of(targets, probabilities, weights)
    if rows.undefined:
        return dict.fromkeys(CLASSIFICATION, (NAN, NAN))
    found = _bootstrap(multilabel_statistic, rows, level, repeats, seed)
    right = (((rows.given > 0.5) == rows.truth) | (rows.truth < 0)).all(axis=1)
    found["accuracy"] = _accuracy_interval(right, rows.weights, level)
    found["auc"] = _mean_auc_interval(rows, level)
    return {name: found[name] for name in CLASSIFICATION}


def regression_intervals(
    targets: ArrayLike,
    predictions: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the bootstrap confidence intervals of rmse, mae and r2.

    Args:
        targets: true values, ``(rows,)`` or ``(rows, targets)``.
        predictions: predicted values, same shape.
        weights: one weight a row, or None.
        level: the coverage wanted, between 0 and 1.
        repeats: how often the rows are drawn.
        seed: the same seed gives the same intervals.
    """
    rows = _Rows.of(targets, predictions, weights)
    if rows.undefined:
        return dict.fromkeys(REGRESSION, (NAN, NAN))
    found = _bootstrap(regression_statistic, rows, level, repeats, seed)
    return {name: found[name] for name in REGRESSION}


class _Rows(NamedTuple):
    """Targets, outputs and weights of the same rows."""

    truth: NDArray
    given: NDArray
    weights: NDArray[np.float64]

    @staticmethod
    def of(targets: ArrayLike, outputs: ArrayLike, weights: ArrayLike | None) -> _Rows:
        truth, given = np.asarray(targets), np.asarray(outputs)
        check_same_rows(truth, given)
        return _Rows(truth, given, row_weights(len(truth), weights))

    @property
    def undefined(self) -> bool:
        return not self.weights.sum() > 0 or not bool(np.isfinite(self.given).all())


def _bootstrap(
    build: Callable[..., Statistic], arrays: _Rows, level: float, repeats: int, seed: int
) -> dict[str, Interval]:
    """Return the interval of every metric that ``build(*arrays)`` computes from row counts."""
    rows = len(arrays[0])
    chosen = _sample(rows, arrays[0].size // rows, seed)
    statistic = build(*(array[chosen] for array in arrays))
    drawn = [statistic(counts) for counts in _draws(len(chosen), repeats, seed)]
    estimate = build(*arrays)(np.ones((rows, 1)))
    narrow = float(np.sqrt(len(chosen) / rows))
    return {
        name: _about(
            float(value[0]),
            np.concatenate([draw[name] for draw in drawn]),
            level,
            RANGES.get(name, (0.0, 1.0)),
            narrow,
        )
        for name, value in estimate.items()
    }


def _sample(rows: int, targets: int, seed: int) -> NDArray[np.intp]:
    most = max(1000, min(ROWS_DRAWN, VALUES_DRAWN // targets))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _draws(rows: int, repeats: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row is drawn, ``(rows, repeats)``, a few repeats at a time."""
    random = np.random.default_rng(seed)
    for start in range(0, repeats, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, repeats - start)
        place = random.integers(rows, size=(rows, size), dtype=np.int32).astype(np.intp) * size
        place += np.arange(size)
        yield np.bincount(place.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def _about(
    estimate: float,
    drawn: NDArray[np.float64],
    level: float,
    limits: tuple[float, float],
    narrow: float = 1.0,
) -> Interval:
    """Return the drawn quantiles, moved so that their median is the estimate."""
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn) or np.isnan(estimate):
        return NAN, NAN
    low, median, high = np.quantile(drawn, [(1 - level) / 2, 0.5, (1 + level) / 2])
    ends = np.clip([estimate + (low - median) * narrow, estimate + (high - median) * narrow], *limits)
    return float(ends[0]), float(ends[1])


def _accuracy_interval(right: NDArray, weights: NDArray[np.float64], level: float) -> Interval:
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    return wilson_interval(float(weights @ right / weights.sum()), effective, level=level)


def _mean_auc_interval(rows: _Rows, level: float) -> Interval:
    truth, own = known_flags(rows.truth, rows.weights)
    each = [
        auc_interval(truth[:, i], rows.given[:, i], own[:, i], level=level) for i in range(truth.shape[1])
    ]
    defined = [pair for pair in each if not np.isnan(pair[0])]
    if not defined:
        return NAN, NAN
    return float(np.mean([low for low, _ in defined])), float(np.mean([high for _, high in defined]))
