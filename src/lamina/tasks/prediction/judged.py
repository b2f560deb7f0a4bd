"""The evaluated rows by kind of target: targets beside predictions, in plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.core.wording import plain
from lamina.modalities.base import Outcome
from lamina.objectives.metrics.rows import class_probabilities
from lamina.tasks.wording import names_of


@dataclass(frozen=True, eq=False)
class JudgedClasses:
    """Rows with one class out of several.

    Args:
        names: of the classes.
        targets: true class of each row, from 0.
        predictions: the class given to each row.
        probabilities: one column a class.
    """

    names: list[str]
    targets: NDArray[np.intp]
    predictions: NDArray[np.intp]
    probabilities: NDArray


@dataclass(frozen=True, eq=False)
class JudgedLabels:
    """Rows with any number of labels.

    Args:
        names: of the labels.
        targets: (rows, labels), whether a row carries each.
        predictions: whether each was given.
        probabilities: of each.
        known: of which it is known whether the row carries them; the others are in neither.
    """

    names: list[str]
    targets: NDArray[np.bool_]
    predictions: NDArray[np.bool_]
    probabilities: NDArray
    known: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class JudgedNumbers:
    """Rows with a number, or several.

    Args:
        names: of the targets, with the unit where there is one.
        targets: (rows, targets).
        predictions: one number for each.
        low: lower ends of predicted intervals, or None.
        high: upper ends, or None.
        level: how often the intervals are meant to hold, 0 to 1.
    """

    names: list[str]
    targets: NDArray[np.float64]
    predictions: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    level: float = 0.0

    def finite(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return targets and predictions of one target, rows that are not finite left out.

        Args:
            index: which target, from 0.
        """
        true, given = self.targets[:, index], self.predictions[:, index]
        good = np.isfinite(true) & np.isfinite(given)
        return true[good], given[good]


def judged_classes(outcome: Outcome) -> JudgedClasses | None:
    """Return the evaluated rows of one class each, or None where there are none.

    Args:
        outcome: targets are class numbers, decoded outputs probabilities: one column a class, or those of the
            second class of two.
    """
    if not outcome.count:
        return None
    targets = np.asarray(outcome.targets).ravel().astype(np.intp)
    probabilities = class_probabilities(outcome.decoded)  # type: ignore[arg-type]
    predictions = probabilities.argmax(axis=1)
    most = int(max(targets.max(), predictions.max())) + 1
    return JudgedClasses(names_of(outcome.labels, most, "class"), targets, predictions, probabilities)


def judged_labels(outcome: Outcome) -> JudgedLabels | None:
    """Return the evaluated rows of several labels each, or None where there are none.

    Args:
        outcome: targets are 0 or 1, below 0 where unknown, decoded outputs
            probabilities, both (rows, labels).
    """
    if not outcome.count:
        return None
    flags, given = np.asarray(outcome.targets), np.asarray(outcome.decoded)
    names, known = names_of(outcome.labels, flags.shape[1], "label"), flags >= 0
    return JudgedLabels(names, flags > 0, (given > 0.5) & known, given, known)


def judged_numbers(outcome: Outcome, quantiles: Sequence[float] = (), unit: str = "") -> JudgedNumbers | None:
    """Return the evaluated rows of numbers, or None where there are none.

    Args:
        outcome: targets are numbers, (rows,) or (rows, targets); decoded outputs alike, with one more axis
            where quantiles are predicted.
        quantiles: their levels in rising order, 0.5 among them; three or more bound an interval.
        unit: of the targets, such as "USD".
    """
    if not outcome.count:
        return None
    targets = np.asarray(outcome.targets, np.float64).reshape(outcome.count, -1)
    decoded = np.asarray(outcome.decoded, np.float64)
    names = [plain(name, 32) for name in names_of(outcome.labels, targets.shape[1], "value")]
    names = [f"{name} ({plain(unit, 16)})" for name in names] if unit else names
    if not quantiles:
        return JudgedNumbers(names, targets, decoded.reshape(targets.shape))
    levels = decoded.reshape(*targets.shape, len(quantiles))
    point = levels[..., list(quantiles).index(0.5)]
    if len(quantiles) < 3:
        return JudgedNumbers(names, targets, point)
    return JudgedNumbers(names, targets, point, levels[..., 0], levels[..., -1], quantiles[-1] - quantiles[0])
