"""Which columns a network relies on, measured by shuffling them one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lamina.modalities.table.encoder import TableEncoder

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


def table_score(
    encoder: TableEncoder, x: Mapping[str, NDArray], score: Callable[[dict[str, NDArray], Rows], float]
) -> Score:
    """Return a score for `permutation_importance` from one of encoded arrays.

    A column of the source moves as a whole: with its missing marker, or with all its parts of a date.

    Args:
        encoder: the encoder that made ``x``.
        x: the encoded arrays of all evaluated rows, by name.
        score: called as ``score(batch, rows)`` with the arrays of the chosen rows and their
            indices, it returns their score.

    Example:
        >>> from lamina.data import ColumnSchema, read
        >>> from lamina.modalities.table.encoder import TableEncoder
        >>> table = read({"a": [0.0, 1.0, 2.0, 3.0], "y": [0.1, 1.2, 2.3, 3.4]})
        >>> encoder = TableEncoder.fit(table, [ColumnSchema("a", "numeric")])
        >>> x = encoder.transform(table)
        >>> def score(batch, rows):
        ...     return -float(abs(batch["numeric"][:, 0] - x["numeric"][rows, 0]).mean())
        >>> permutation_importance(table_score(encoder, x, score), ["a"], rows=4)[0].mean > 0
        True
    """
    places: dict[str, tuple[str, slice]] = {}
    for array, encoders in (("numeric", encoder.numeric), ("category", encoder.category)):
        start = 0
        for column in encoders:
            width = len(column.features) if array == "numeric" else 1  # type: ignore[union-attr]
            places[column.name] = (array, slice(start, start + width))
            start += width

    def swapped(rows: Rows, column: str | None, source: Rows) -> float:
        batch = {name: values[rows] for name, values in x.items()}
        if column is not None:
            array, part = places[column]
            batch[array][:, part] = x[array][source, part]
        return score(batch, rows)

    return swapped


def _summed(columns: Sequence[str], losses: list[list[float]]) -> list[Importance]:
    return [
        Importance(
            column, float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        )
        for column, values in zip(columns, losses, strict=True)
        if values
    ]
