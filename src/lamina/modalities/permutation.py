"""How far a score gets worse when what a row holds in one place comes from other rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lamina.core.shared_arrays import map_examples

Rows = NDArray[np.intp]
Score = Callable[[Rows, str | None, Rows], float]


class Importance(NamedTuple):
    """How far the score gets worse when a column is shuffled.

    Args:
        column: the column's name.
        mean: mean over the repeats, in the score's unit; zero or less means that it is not needed.
        std: standard deviation over the repeats, NaN if there was only one.
    """

    column: str
    mean: float
    std: float


def permutation_importance(
    score: Score,
    columns: Sequence[str],
    *,
    rows: int,
    higher_is_better: bool = True,
    repeats: int = 5,
    most_rows: int = 2000,
    seconds: float = 20.0,
    seed: int = 0,
) -> list[Importance]:
    """Return how far a score gets worse when one column's values come from other rows.

    Columns take turns, so when the time is up each has been shuffled about equally often; a
    column that had no turn is left out. Cost: ``1 + len(columns) * repeats`` calls of the score.

    Args:
        score: called as ``score(rows, column, source)``, it returns the score of the given rows
            with the values of that one column taken from the rows ``source`` (as many) instead;
            a column of None means that nothing is replaced.
        columns: names to pass to the score, in the order of the result.
        rows: how many rows the score can be asked about, indices 0 to ``rows - 1``.
        higher_is_better: False for a loss or an error.
        repeats: how often each column is shuffled.
        most_rows: a random sample of at most this many rows is scored.
        seconds: no call of the score begins later than this.
        seed: the same seed gives the same result, if the time suffices.

    Example:
        >>> x = {"used": np.arange(100.0), "ignored": np.arange(100.0)}
        >>> def score(rows, column, source):
        ...     used = x["used"][source if column == "used" else rows]
        ...     return -float(np.mean((used - x["used"][rows]) ** 2))
        >>> found = permutation_importance(score, ["used", "ignored"], rows=100)
        >>> found[0].mean > 100, found[1].mean
        (True, 0.0)

    References:
        L. Breiman, Random forests, Machine Learning 45, 2001. A. Fisher, C. Rudin, F. Dominici,
        All models are wrong, but many are useful, Journal of Machine Learning Research 20, 2019.
    """
    if rows < 2 or not columns:
        return []
    deadline = time.monotonic() + seconds
    random = np.random.default_rng(seed)
    chosen = np.arange(rows)
    if rows > most_rows:
        chosen = np.sort(random.choice(rows, most_rows, replace=False))
    base = score(chosen, None, chosen)
    sign = 1.0 if higher_is_better else -1.0
    losses: list[list[float]] = [[] for _ in columns]
    for _ in range(repeats):
        source = random.permutation(chosen)
        for place, column in enumerate(columns):
            if time.monotonic() >= deadline:
                return _summed(columns, losses)
            losses[place].append(sign * (base - score(chosen, column, source)))
    return _summed(columns, losses)


def _summed(columns: Sequence[str], losses: list[list[float]]) -> list[Importance]:
    return [
        Importance(
            column, float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        )
        for column, values in zip(columns, losses, strict=True)
        if values
    ]


def rows_of(arrays: Any, rows: np.ndarray) -> Any:
    """Return the given rows of an array, a stream, or a dict of either; what all rows share is left alone.

    Args:
        arrays: first axis = rows.
        rows: indices.
    """
    return map_examples(
        lambda array: array[rows] if isinstance(array, np.ndarray) else array.take(rows), arrays
    )
