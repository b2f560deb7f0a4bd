"""What the numbers of a report do not say."""

from __future__ import annotations

import math

import numpy as np

from lamina.core.page import Bullets, Section
from lamina.core.wording import counted, plain
from lamina.modalities.base import Outcome
from lamina.tasks.prediction.judged import judged_classes
from lamina.tasks.wording import share

TITLE = "Limits"
FEW_OF_A_CLASS = 20
POOR_CALIBRATION = 0.05
RANGE = "Values far outside those seen in training are extrapolated, and cannot be trusted."


def class_limits(outcome: Outcome) -> Section:
    """Return the cautions about rare classes and stated probabilities.

    Args:
        outcome: of which targets, labels and metrics are used.
    """
    return _section(rare_classes(outcome), calibration_limit(outcome))


def label_limits(outcome: Outcome) -> Section:
    """Return the caution about stated probabilities.

    Args:
        outcome: of which the metrics are used.
    """
    return _section(calibration_limit(outcome))


def number_limits(outcome: Outcome) -> Section:
    """Return the caution about values that training never saw.

    Args:
        outcome: of the run.
    """
    return _section(RANGE)


def _section(*sentences: str) -> Section:
    return Section(TITLE, (Bullets(tuple(sentence for sentence in sentences if sentence)),))


def rare_classes(outcome: Outcome) -> str:
    """Return which classes have few evaluated rows, or nothing.

    Args:
        outcome: of which targets and labels are used.
    """
    judged = judged_classes(outcome)
    if judged is None:
        return ""
    counts = np.bincount(judged.targets, minlength=len(outcome.labels))
    few = np.flatnonzero(counts < FEW_OF_A_CLASS)
    if not len(few):
        return ""
    named = len(outcome.labels)
    names = [f"“{plain(outcome.labels[i], 30)}”" if i < named else f"class {i}" for i in few[:5]]
    listed = ", ".join(names) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
    return (
        f"{counted(len(few), 'class has', 'classes have')} fewer than {FEW_OF_A_CLASS} {outcome.evaluated} "
        f"rows ({listed}): what is said about them rests on little."
    )


def calibration_limit(outcome: Outcome) -> str:
    """Return by how much stated probabilities are off, where that is much, or nothing.

    Args:
        outcome: of which the metrics are used.
    """
    error = outcome.metrics.get("ece", math.nan)
    if not error > POOR_CALIBRATION:
        return ""
    return (
        f"Stated probabilities are off by {share(error)} on average: rank rows by them, but do not read them "
        "as frequencies."
    )
