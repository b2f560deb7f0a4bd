"""Everything a report says of predictions, by kind of target."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.core.page import Section
from lamina.modalities.base import Outcome
from lamina.tasks.prediction.limits import class_limits, label_limits, number_limits
from lamina.tasks.prediction.quality import class_quality, label_quality, number_quality
from lamina.tasks.prediction.summary import class_summary, label_summary, number_summary


def class_sections(outcome: Outcome) -> list[Section]:
    """Return what is said of a network that names one class a row.

    Args:
        outcome: of the run.
    """
    return [class_summary(outcome), class_quality(outcome), class_limits(outcome)]


def label_sections(outcome: Outcome) -> list[Section]:
    """Return what is said of a network that gives a row any number of labels.

    Args:
        outcome: of the run.
    """
    return [label_summary(outcome), label_quality(outcome), label_limits(outcome)]


def number_sections(outcome: Outcome, quantiles: Sequence[float] = (), unit: str = "") -> list[Section]:
    """Return what is said of a network that predicts numbers.

    Args:
        outcome: of the run.
        quantiles: levels of the decoded outputs' last axis; empty where one number is predicted.
        unit: of the targets, such as "USD".
    """
    quality = number_quality(outcome, quantiles, unit)
    return [number_summary(outcome, unit), quality, number_limits(outcome)]
