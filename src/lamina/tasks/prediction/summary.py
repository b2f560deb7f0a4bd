"""The first lines of a report: how good the network is, in sentences that are true."""

from __future__ import annotations

import math

import numpy as np

from lamina.core.page import Paragraph, Section
from lamina.core.wording import plain
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import mae, metric_number
from lamina.tasks.metric_table import metric_tiles
from lamina.tasks.prediction.judged import judged_classes
from lamina.tasks.wording import (
    NOTHING,
    metric_share,
    metric_value,
    share,
    where,
)

TITLE = "In short"


def class_summary(outcome: Outcome) -> Section:
    """Return headline and key figures of a network that names a class.

    Args:
        outcome: of the run.
    """
    tiles = metric_tiles(outcome, ("accuracy", "auc"), percent=("accuracy",))
    return Section(TITLE, (Paragraph(class_headline(outcome), "lead"), tiles))


def label_summary(outcome: Outcome) -> Section:
    """Return headline and key figures of a network that gives labels.

    Args:
        outcome: of the run.
    """
    tiles = metric_tiles(outcome, ("f1", "auc"))
    return Section(TITLE, (Paragraph(label_headline(outcome), "lead"), tiles))


def number_summary(outcome: Outcome, unit: str = "") -> Section:
    """Return headline and key figures of a network that predicts numbers.

    Args:
        outcome: of the run.
        unit: of the targets, such as "USD".
    """
    tiles = metric_tiles(outcome, ("r2", "mae"))
    return Section(TITLE, (Paragraph(number_headline(outcome, unit), "lead"), tiles))


def class_headline(outcome: Outcome) -> str:
    """Return the accuracy against that of always answering the most common class.

    Args:
        outcome: of which targets, metrics and intervals are used.
    """
    if not outcome.metrics:
        return NOTHING
    value = outcome.metrics.get("accuracy", math.nan)
    if not math.isfinite(value):
        return f"{where(outcome)}, the accuracy is not defined."
    said = f"{where(outcome)}, the network names the right class for {metric_share(outcome, 'accuracy')}"
    said += " of the rows."
    judged = judged_classes(outcome)
    if judged is None:
        return said
    counts = np.bincount(judged.targets)
    common = int(counts.argmax())
    simple = float(counts[common] / counts.sum())
    name = f"“{plain(outcome.labels[common], 40)}”" if common < len(outcome.labels) else f"class {common}"
    said += f" Always answering {name}, the most common class, would be right for {share(simple)}."
    if outcome.intervals.get("accuracy", (value, value))[0] <= simple:
        said += (
            " By accuracy the network is not clearly better than that simple answer: "
            "look at balanced accuracy and AUC before relying on it."
        )
    return said


def label_headline(outcome: Outcome) -> str:
    """Return for how many rows every label is right.

    Args:
        outcome: of which metrics and intervals are used.
    """
    if not outcome.metrics:
        return NOTHING
    right = metric_share(outcome, "accuracy")
    return f"{where(outcome)}, the network gets every label right for {right} of the rows."


def number_headline(outcome: Outcome, unit: str = "") -> str:
    """Return the mean error against that of always answering the median.

    Args:
        outcome: of which targets, metrics and intervals are used.
        unit: of the targets, such as "USD".
    """
    if not outcome.metrics:
        return NOTHING
    value = outcome.metrics.get("mae", math.nan)
    if not math.isfinite(value):
        return f"{where(outcome)}, the error is not defined: a prediction is missing or infinite."
    unit = f"{' ×' if unit[:1].isdigit() else ''} {unit}" if unit else ""
    said = f"{where(outcome)}, predictions are off by {metric_value(outcome, 'mae')}{unit} on average"
    explained = outcome.metrics.get("r2", math.nan)
    if math.isfinite(explained) and explained > 0:
        said += f" and explain {metric_share(outcome, 'r2')} of the variation"
    said += "."
    targets = np.asarray(outcome.targets if outcome.count else [], np.float64)
    if not outcome.count or targets.size != outcome.count:  # nothing, or several targets
        return said
    simple = mae(targets.ravel(), np.full(targets.size, np.median(targets)))
    off = metric_number(simple, outcome.intervals.get("mae"))
    said += f" Always answering the median would be off by {off}{unit}."
    if outcome.intervals.get("mae", (value, value))[1] >= simple:
        said += " The network is not clearly better than that simple answer: do not rely on it yet."
    return said
