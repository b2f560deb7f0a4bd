"""How good the network is: metrics, confusions, calibration, errors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.core.page import Block, Section, Table
from lamina.core.wording import count, plain
from lamina.modalities.base import Outcome
from lamina.objectives.metrics.classification import class_sums
from lamina.tasks.metric_table import metric_table
from lamina.tasks.prediction.class_plots import class_calibration, confusion, label_calibration
from lamina.tasks.prediction.judged import judged_classes, judged_labels, judged_numbers
from lamina.tasks.prediction.number_plots import predicted_against_true, predicted_intervals, residuals

TITLE = "How good it is"
MOST_CLASSES = 16


def class_quality(outcome: Outcome) -> Section:
    """Return metrics, confusions, each class and calibration.

    Args:
        outcome: of the run.
    """
    judged = judged_classes(outcome)
    if judged is None:
        return Section(TITLE, (metric_table(outcome),))
    sums = class_sums(judged.targets, judged.predictions, classes=max(2, len(judged.names)))
    classes = share_table("class", "classes", judged.names, *(s[: len(judged.names)] for s in sums))
    return _section(metric_table(outcome), confusion(judged), classes, class_calibration(judged))


def label_quality(outcome: Outcome) -> Section:
    """Return metrics, each label and calibration.

    Args:
        outcome: of the run.
    """
    judged = judged_labels(outcome)
    if judged is None:
        return Section(TITLE, (metric_table(outcome),))
    given, true = judged.predictions, judged.targets
    sums = (true.sum(axis=0), given.sum(axis=0), (true & given).sum(axis=0))
    labels = share_table("label", "labels", judged.names, *sums)
    return _section(metric_table(outcome), labels, label_calibration(judged))


def number_quality(outcome: Outcome, quantiles: Sequence[float] = (), unit: str = "") -> Section:
    """Return metrics, predictions against targets, errors, and whether predicted intervals hold.

    Args:
        outcome: of the run.
        quantiles: levels of the decoded outputs' last axis; empty where one number is predicted.
        unit: of the targets, such as "USD".
    """
    judged = judged_numbers(outcome, quantiles, unit)
    if judged is None:
        return Section(TITLE, (metric_table(outcome),))
    plots = (predicted_against_true(judged), residuals(judged), predicted_intervals(judged))
    return _section(metric_table(outcome), *plots)


def _section(*blocks: Block | None) -> Section:
    return Section(TITLE, tuple(block for block in blocks if block is not None))


def share_table(
    noun: str, nouns: str, names: Sequence[str], support: NDArray, predicted: NDArray, hits: NDArray
) -> Table:
    """Return recall, precision and F1 of each class or label, of many the weakest.

    Args:
        noun: what one is called.
        nouns: what several are called.
        names: of each.
        support: rows that have it.
        predicted: rows it was given to.
        hits: rows of both sorts.
    """
    with np.errstate(invalid="ignore"):  # one that nobody has, or that is never predicted
        recall, precision, balance = hits / support, hits / predicted, 2 * hits / (support + predicted)
    order = np.arange(len(names))
    if len(names) > MOST_CLASSES:
        order = np.argsort(np.nan_to_num(balance, nan=2.0), kind="stable")[:MOST_CLASSES]
    rows = tuple(
        (plain(names[i], 80), count(support[i]), *map(_ratio, (recall[i], precision[i], balance[i])))
        for i in order.tolist()
    )
    note = (
        f"Recall: of the rows of this {noun}, how many were found. "
        f"Precision: of the rows given this {noun}, how many belong to it."
    )
    if len(names) > MOST_CLASSES:
        note = f"The {MOST_CLASSES} weakest of {count(len(names))} {nouns}. {note}"
    heads = (noun, "rows", "recall", "precision", "F1")
    return Table(heads, rows, numeric=(1, 2, 3, 4), kind="classes", note=note)


def _ratio(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "–"
