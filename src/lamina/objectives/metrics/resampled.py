"""Metrics as functions of how often each row was drawn: what the bootstrap computes many of.

A statistic takes counts of shape ``(rows, repeats)`` and returns one value a repeat. All of
them are made of weighted sums over rows, so a repeat costs a few passes and no sorting.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lamina.objectives.metrics.calibration import probability_bins, top_label
from lamina.objectives.metrics.classification import row_log_loss
from lamina.objectives.metrics.regression import as_columns
from lamina.objectives.metrics.rows import class_probabilities, class_targets, known_flags

Statistic = Callable[[NDArray[np.float64]], dict[str, NDArray[np.float64]]]


def class_statistic(truth: NDArray, given: NDArray, base: NDArray[np.float64]) -> Statistic:
    """Return the metrics of one target with classes, as sums over rows."""
    columns = class_probabilities(given)
    classes = columns.shape[1]
    targets = class_targets(truth, classes)
    right, confidence = top_label(targets, columns)
    support_of = _group_sums(targets, base)
    predicted_of = _group_sums(columns.argmax(axis=1), base)
    hits_of = _group_sums(targets, base * right)
    gap_of = _group_sums(probability_bins(confidence, 15), base * (right - confidence))
    losses = base * row_log_loss(targets, columns)

    def statistic(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        total = _positive(base @ counts)
        support, predicted, hits = (f(counts, classes) for f in (support_of, predicted_of, hits_of))
        scored = slice(1, None) if classes == 2 else slice(None)
        return {
            "accuracy": hits.sum(axis=0) / total,
            "balanced_accuracy": _mean_ratio(hits, support),
            "f1": _mean_ratio(2 * hits[scored], (support + predicted)[scored]),
            "log_loss": losses @ counts / total,
            "ece": np.abs(gap_of(counts, 15)).sum(axis=0) / total,
        }

    return statistic


def multilabel_statistic(truth: NDArray, given: NDArray, base: NDArray[np.float64]) -> Statistic:
    """Return the mean over labels of each label's metrics, those of which nothing is known left out."""
    flags, own = known_flags(truth, base)
    known = np.flatnonzero(own.any(axis=0)).tolist()
    labels = [class_statistic(flags[:, i], given[:, i], own[:, i]) for i in known]

    def statistic(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        each = [label(counts) for label in labels]
        return {name: np.mean([label[name] for label in each], axis=0) for name in each[0]}

    return statistic


def regression_statistic(truth: NDArray, given: NDArray, base: NDArray[np.float64]) -> Statistic:
    """Return the metrics of real targets, as sums over rows."""
    values = as_columns(truth)
    errors = values - as_columns(given)
    values = values - np.average(values, axis=0, weights=base)  # keeps the difference of squares exact
    columns = [(base[:, None] * part).T for part in (errors**2, np.abs(errors), values, values**2)]

    def statistic(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        total = _positive(base @ counts)
        squared, absolute, mean, second = (part @ counts / total for part in columns)
        spread = second - mean**2
        defined = np.where(spread > 1e-12 * second, spread, np.nan)
        return {
            "rmse": np.sqrt(squared).mean(axis=0),
            "mae": absolute.mean(axis=0),
            "r2": (1 - squared / defined).mean(axis=0),
        }

    return statistic


def _group_sums(
    group: NDArray[np.intp], weights: NDArray[np.float64]
) -> Callable[[NDArray[np.float64], int], NDArray[np.float64]]:
    """Return a function from counts to the weighted sum of each group, ``(groups, repeats)``."""
    order = np.argsort(group, kind="stable")
    order = order[weights[order] != 0]
    present, starts = np.unique(group[order], return_index=True)
    ordered = weights[order, None]

    def sums(counts: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
        result = np.zeros((groups, counts.shape[1]))
        if len(present):
            result[present] = np.add.reduceat(counts[order] * ordered, starts, axis=0)
        return result

    return sums


def _mean_ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over groups of ``above / below``, groups of no weight left out."""
    full = below > 0
    ratio = np.divide(above, below, out=np.zeros_like(above), where=full)
    return ratio.sum(axis=0) / np.maximum(full.sum(axis=0), 1)


def _positive(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return totals with NaN for those of draws that hit rows of no weight only."""
    return np.where(total > 0, total, np.nan)
