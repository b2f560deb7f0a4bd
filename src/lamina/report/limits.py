"""What the numbers of a report do not say."""

from __future__ import annotations

import math

import numpy as np

from lamina.core.wording import counted, plain
from lamina.report.content import ReportContent
from lamina.report.wording import share

FEW_ROWS = 200  # the interval of an accuracy is then 10 points wide or more
FEW_OF_A_CLASS = 20
POOR_CALIBRATION = 0.05


def limits(content: ReportContent) -> list[str]:
    """Return the cautions that hold for this run, then those that the caller added.

    Args:
        content: what the report is about.
    """
    found = [_source(), _split(content), _rows(content), _classes(content), _calibration(content)]
    found += [_importance(content), _range(content)]
    return [*(sentence for sentence in found if sentence), *map(str, content.limits)]


def _source() -> str:
    return (
        "All rows come from one source. For rows from another time, place or population the network may do "
        "worse; measure again there before relying on it."
    )


def _split(content: ReportContent) -> str:
    if content.split == "test" or not content.metrics:
        return ""
    return (
        "There was no separate test set. The validation rows also chose which epoch to keep, so these "
        "figures are slightly flattering."
    )


def _rows(content: ReportContent) -> str:
    if not 0 < content.evaluated < FEW_ROWS:
        return ""
    return f"Only {counted(content.evaluated, 'row')} could be measured on: mind the width of the intervals."


def _classes(content: ReportContent) -> str:
    if not content.has_classes or not content.evaluated:
        return ""
    counts = np.bincount(np.asarray(content.targets).ravel().astype(np.intp), minlength=len(content.labels))
    few = np.flatnonzero(counts < FEW_OF_A_CLASS)
    if not len(few):
        return ""
    names = [
        f"“{plain(content.labels[i], 30)}”" if i < len(content.labels) else f"class {i}" for i in few[:5]
    ]
    listed = ", ".join(names) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
    return (
        f"{counted(len(few), 'class has', 'classes have')} fewer than {FEW_OF_A_CLASS} {content.split} rows "
        f"({listed}): what is said about them rests on little."
    )


def _calibration(content: ReportContent) -> str:
    error = content.metrics.get("ece", math.nan)
    if not error > POOR_CALIBRATION:
        return ""
    return (
        f"Stated probabilities are off by {share(error)} on average: rank rows by them, but do not read them "
        "as frequencies."
    )


def _importance(content: ReportContent) -> str:
    if not content.importance:
        return ""
    return (
        "Importance says what the network uses, not what causes the outcome. Columns that carry the same "
        "information share their importance, so each may look weaker than it is."
    )


def _range(content: ReportContent) -> str:
    if content.task != "regression":
        return ""
    return "Values far outside those seen in training are extrapolated, and cannot be trusted."
