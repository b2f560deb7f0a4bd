"""Cells of new data that are unlike those of training: unknown categories, numbers out of range, gaps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.data import dates
from lamina.data.table import AbstractTable, ScalarColumn
from lamina.modalities.base import Strange
from lamina.modalities.table.category import UNSEEN, CategoryEncoder
from lamina.modalities.table.datetime import DatetimeEncoder
from lamina.modalities.table.numeric import BooleanEncoder, NumericEncoder
from lamina.modalities.table.scaling import QuantileScaler, StandardScaler

MARGIN = 0.5  # of the training range: so far beyond its ends a number is not strange yet
_ROUNDING = 1e-6  # of the larger end, for ranges that are stored in single precision
_CATEGORY = "unseen-category", "categories that training never saw"
_NUMBER = "out-of-range", "numbers beyond the training range"
_DATE = "date-out-of-range", "dates beyond the training range"
_GAP = "new-gap", "nothing where training always had a value"


def of_categories(encoder: CategoryEncoder, table: AbstractTable, codes: np.ndarray) -> Iterator[Strange]:
    """Yield the categories that training never saw, and gaps where it had none.

    A value that training saw too rarely to learn it is not strange.

    Args:
        encoder: of the column.
        table: new data.
        codes: of all rows, as the encoder gives them.
    """
    rows = np.flatnonzero(codes == UNSEEN)
    if not rows.size:
        return
    column = table.scalar(encoder.name)
    few = column.take(rows)
    gaps = few.missing()
    yield from _told(column, rows[gaps], _GAP)
    if encoder.rare is None:  # never seen, or only seen too rarely: nobody knows
        return
    found, rare = few.distinct(), frozenset(encoder.rare)
    strange = np.array([word not in rare for word in found.spellings()] + [False])
    yield from _told(column, rows[strange[found.codes]], _CATEGORY)


def of_numbers(
    encoder: NumericEncoder | BooleanEncoder | DatetimeEncoder, table: AbstractTable, features: np.ndarray
) -> Iterator[Strange]:
    """Yield numbers and dates far beyond the range of training, and gaps where it had none.

    Args:
        encoder: of the column.
        table: new data.
        features: of all rows, as the encoder gives them.
    """
    column = table.scalar(encoder.name)
    missing = column.missing()
    if not encoder.marks_missing:
        yield from _told(column, np.flatnonzero(missing), _GAP)
    if isinstance(encoder, BooleanEncoder):
        yield from _told(column, np.flatnonzero((features[:, 0] == 0) & ~missing), _CATEGORY)
    elif isinstance(encoder, NumericEncoder):
        rows = _suspects(encoder.scaler, encoder.bins[0], features[:, 0])
        values = column.take(rows).numbers()
        yield from _told(column, rows[_beyond(values, encoder.scaler, encoder.bins[0])], _NUMBER)
    else:
        scaler = encoder.scales["elapsed"]  # the first feature
        rows = _suspects(scaler, encoder.bins[0], features[:, 0])
        values = dates.seconds_of(column.take(rows), encoder.form) if rows.size else np.empty(0)
        yield from _told(column, rows[_beyond(values, scaler, encoder.bins[0])], _DATE)


def _ends(scaler: QuantileScaler | StandardScaler, edges: tuple[float, ...]) -> tuple[float, float]:
    """Return the least and the greatest number of training."""
    if isinstance(scaler, QuantileScaler):
        return float(scaler.knots[0]), float(scaler.knots[-1])
    return scaler.mean + scaler.std * edges[0], scaler.mean + scaler.std * edges[-1]


def _suspects(
    scaler: QuantileScaler | StandardScaler, edges: tuple[float, ...], scaled: np.ndarray
) -> np.ndarray:
    """Return the rows at the ends of the scale or beyond, which alone are looked at once more."""
    if isinstance(scaler, QuantileScaler):
        edges = float(scaler.levels[0]), float(scaler.levels[-1])
    low, high = np.float32(edges[0]), np.float32(edges[-1])
    return np.flatnonzero((scaled <= low) | (scaled >= high))


def _beyond(
    values: np.ndarray, scaler: QuantileScaler | StandardScaler, edges: tuple[float, ...]
) -> np.ndarray:
    """Return where values lie beyond the training range by more than the margin; NaN lies nowhere."""
    low, high = _ends(scaler, edges)
    margin = MARGIN * (high - low) + _ROUNDING * max(abs(low), abs(high))
    return (values < low - margin) | (values > high + margin)


def _told(column: ScalarColumn, rows: np.ndarray, what: tuple[str, str]) -> Iterator[Strange]:
    """Yield one thing about a column, if there are such rows."""
    if rows.size:
        code, words = what
        value = column.value(int(rows[0]))
        yield Strange(column.name, code, words, rows, "" if value is None else str(value))
