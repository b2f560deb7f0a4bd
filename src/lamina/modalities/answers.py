"""What was answered for the evaluated rows, and how wrong each answer is."""

from __future__ import annotations

import numpy as np

from lamina.modalities.base import Outcome

SMALLEST = 1e-6  # probability


class Answers:
    """The answers of a run, row by row.

    A row is judged by one of its outputs, ``columns``: where a class was asked for by the one that was
    answered, else by the one that is furthest from its target.

    Args:
        outcome: of the run; some rows were evaluated.

    Attributes:
        points: one prediction a target, float64 (rows, outputs).
        has_chances: whether these are probabilities, of classes or of flags.
        lack: how wrong each row is: of classes 1 − the probability of the right one, 0 where it was answered;
            else the distance from the target.
        columns: the output by which each row is judged.

    Raises:
        ValueError: no rows were evaluated.
    """

    def __init__(self, outcome: Outcome):
        if outcome.decoded is None or outcome.targets is None:
            raise ValueError("no rows were evaluated")
        self._outcome, self._targets = outcome, np.asarray(outcome.targets)
        points = np.asarray(outcome.point(np.asarray(outcome.decoded)), np.float64)
        self.points = points.reshape(len(points), -1)
        self.is_class = outcome.schema.has_classes
        self.has_chances = self.is_class or outcome.schema.has_flags
        if self.is_class:
            self.columns = self.points.argmax(axis=1)
            right = self.points[np.arange(len(points)), self._targets]
            self.lack = np.where(self.columns == self._targets, 0.0, 1.0 - right)
            return
        truth = self._targets.reshape(len(points), -1)
        difference = np.nan_to_num(np.abs(self.points - truth))
        if outcome.schema.has_flags:  # a negative flag is not known
            difference = np.where(truth < 0, 0.0, difference)
        self.lack, self.columns = difference.max(axis=1), difference.argmax(axis=1)

    @staticmethod
    def of(outcome: Outcome) -> Answers | None:
        """Return the answers of a run, or None where no rows were asked for classes, flags or numbers.

        Args:
            outcome: of the run.
        """
        schema = outcome.schema
        is_judged = schema.has_classes or schema.has_flags or schema.has_numbers
        return Answers(outcome) if is_judged and outcome.table is not None and outcome.count else None

    def worst(self, most: int) -> np.ndarray:
        """Return the rows that were answered worst, the worst first; none that were answered right.

        Args:
            most: how many.
        """
        rows = np.argsort(-self.lack, kind="stable")[:most]
        return rows[self.lack[rows] > 0]

    def said(self, row: int) -> str:
        """Return an answer in words: a class, or a flag, with its probability; or numbers.

        Args:
            row: of the evaluated ones.
        """
        column = int(self.columns[row])
        if self.has_chances:
            name = self._outcome.caption(column) if self.is_class else self._outcome.labels[column]
            return f"{name} ({self.points[row, column]:.0%})"
        return self._outcome.caption(self.points[row].reshape(np.shape(self._targets[row])))

    def truth(self, row: int) -> str:
        """Return a target in words; of flags, whether the one that `said` names is set.

        Args:
            row: of the evaluated ones.
        """
        target = self._targets[row]
        if self.has_chances and not self.is_class:
            return "yes" if target[self.columns[row]] > 0 else "no"
        return self._outcome.caption(target)

    def judged(self, outputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the output by which rows are judged, for other outputs: log-odds, or numbers.

        Args:
            outputs: decoded, of the rows or of rows like them.
            rows: evaluated ones, as many.
        """
        points = np.asarray(self._outcome.point(outputs), np.float64).reshape(len(rows), -1)
        own = points[np.arange(len(rows)), self.columns[rows]]
        return log_odds(own) if self.has_chances else own


def log_odds(share: np.ndarray) -> np.ndarray:
    """Return ln(p / (1 - p)): of a probability near 0 or 1 a change is seen too.

    Args:
        share: probabilities; those nearer to 0 or 1 than a millionth are taken for that.

    Example:
        >>> log_odds(np.array([0.5, 0.75])).round(3).tolist()
        [0.0, 1.099]
    """
    share = np.clip(share, SMALLEST, 1 - SMALLEST)
    return np.log(share / (1 - share))
