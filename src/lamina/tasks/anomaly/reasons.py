"""What is odd about a row, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.wording import plain
from lamina.tasks.anomaly.cells import CellSpace

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

NAMED = 3  # columns of a reason
LEAST_SHARE = 0.1  # of what is odd about a row: columns with less are not named
RARE = 0.02  # share of the rows up to which a value is said to be rare
LONGEST_VALUE = 40


@dataclass(frozen=True)
class Reason:
    """One column that makes a row odd.

    Args:
        column: its name.
        share: of what is odd about the row.
        words: what is odd about its value.
    """

    column: str
    share: float
    words: str

    def __str__(self) -> str:
        """Return the words with the share."""
        return f"{self.words} ({self.share:.0%})"


def shares_of(space: CellSpace, oddness: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the columns, and which share of what is odd about a row is due to each.

    Args:
        space: of the rows.
        oddness: of each feature, (rows, features), as `AnomalyTarget.in_unit` gives it.

    Returns:
        The names of the columns, and (rows, columns) with rows that sum to one, or to zero.
    """
    names = list(dict.fromkeys(space.names))
    places = {name: place for place, name in enumerate(names)}
    found = np.zeros((len(oddness), len(names)))
    for feature, name in enumerate(space.names):
        found[:, places[name]] += oddness[:, feature]
    total = found.sum(axis=1, keepdims=True)
    return names, np.divide(found, total, out=np.zeros_like(found), where=total > 0)


def reasons_of(
    space: CellSpace, encoded: Any, table: AbstractTable, oddness: np.ndarray
) -> list[list[Reason]]:
    """Return the reasons of each row, the strongest first.

    Args:
        space: of the rows.
        encoded: the rows as their encoder gives them.
        table: the rows.
        oddness: of each feature, (rows, features).
    """
    names, shares = shares_of(space, oddness)
    cells = space.cells(encoded)
    found = []
    for row, own in enumerate(shares):
        best = np.argsort(-own, kind="stable")[:NAMED]
        named = [column for column in best.tolist() if own[column] >= LEAST_SHARE]
        words = [_words(space, table, names[column], row, cells[row]) for column in named]
        found.append([Reason(names[c], float(own[c]), text) for c, text in zip(named, words, strict=True)])
    return found


def _words(space: CellSpace, table: AbstractTable, name: str, row: int, cells: np.ndarray) -> str:
    """Return what is odd about one value."""
    column = table.scalar(name)
    if column.take(np.array([row])).missing()[0]:
        return f"{plain(name)} is missing"
    marks = space.landmarks.get(name)
    if marks is not None:
        value = float(column.take(np.array([row])).numbers()[0])
        shown = f"{plain(name)} {number_words(value)}"
        beyond = _beyond(value, *marks)
        if beyond:
            return f"{shown} {beyond}"
    else:
        shown = f"{plain(name)} '{plain(str(column.value(row)), LONGEST_VALUE)}'"
    features = [feature for feature, own in enumerate(space.names) if own == name]
    share = min(float(space.shares[feature][cells[feature]]) for feature in features)
    if share == 0:
        return f"{shown} is unlike all values of training"
    if share <= RARE:
        return f"{shown} is rare: {share_words(share)} of the training rows are like it"
    return f"{shown} is unusual beside the other columns"


def _beyond(value: float, low: float, middle: float, high: float) -> str:
    """Return where a number lies if not among nearly all others, or an empty text."""
    if value > high:
        far = "far " if value - high > high - middle else ""
        return f"is {far}above the usual: 99 % of the rows have {number_words(high)} or less"
    if value < low:
        far = "far " if low - value > middle - low else ""
        return f"is {far}below the usual: 99 % of the rows have {number_words(low)} or more"
    return ""


def number_words(value: float) -> str:
    """Return a number as people write it.

    Example:
        >>> number_words(99999.0), number_words(0.123456)
        ('99,999', '0.1235')
    """
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.1f}"


def share_words(share: float) -> str:
    """Return a small share in percent.

    Example:
        >>> share_words(0.0123), share_words(0.00004)
        ('1.2 %', '0.004 %')
    """
    return f"{100 * share:.2g} %" if share >= 1e-5 else "less than 0.001 %"


def place_words(errors: np.ndarray) -> str:
    """Return where in an image its error lies.

    Args:
        errors: of the pixels, (y, x).

    Example:
        >>> errors = np.zeros((9, 9)); errors[7:, :2] = 1.0
        >>> place_words(errors)
        'most of the error (100%) is at the lower left'
    """
    total = float(errors.sum())
    if total <= 0:
        return ""
    thirds = [
        (down, across, float(block.sum()) / total)
        for down, band in enumerate(np.array_split(errors, 3, axis=0))
        for across, block in enumerate(np.array_split(band, 3, axis=1))
    ]
    down, across, share = max(thirds, key=lambda one: one[2])
    words = " ".join(_placed(down, across))
    return f"{'most' if share > 0.5 else 'the largest part'} of the error ({share:.0%}) is {words}"


def _placed(down: int, across: int) -> Iterator[str]:
    """Yield the words for a ninth of an image."""
    if (down, across) == (1, 1):
        yield "in the middle"
        return
    yield "at the"
    if down != 1:
        yield ("upper", "", "lower")[down]
    yield ("left", "middle", "right")[across] if down != 1 or across != 1 else ""
