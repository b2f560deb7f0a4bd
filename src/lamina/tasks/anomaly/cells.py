"""Rows of a table as cells: every feature is one of some bins or categories."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.inputs import RowSampleInputs
from lamina.core.json_checks import items, mapping, one_of, record, wrong
from lamina.data.sample import sample_indices
from lamina.modalities.table.encoder import MOST_FITTED_ROWS
from lamina.tasks.samples.space import AbstractSpace

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays, Learned
    from lamina.tasks.samples.row_samples import RowSamples

CELLS = "cells"
BINS = 12  # of a number, between the least and the greatest one
MOST_CATEGORIES = 64  # codes beyond share the last one
_MOST_EDGES = 1 << 12


class CellSpace(AbstractSpace):
    """Rows as int32 (n, features): the number of a bin, or the code of a category.

    A number's bins are of equal width between the least and the greatest one of training, on a scale that is
    linear near the median and logarithmic far from it, z = asinh((x - median) / mean |x - median|): few
    extreme numbers do not press the others into one bin. Numbers of few values have a bin for each. Beyond
    the least and the greatest lies one more bin each, empty in training. Bins that hold few rows make a
    number surprising, so they are of equal width, not of equal content.

    Args:
        names: the column of each feature, numbers first, as the encoder of the table has them.
        edges: of the bins of each number.
        shares: of the training rows in each bin or category of each feature.
        landmarks: column of numbers → what 1 %, half and 99 % of the training rows lie below.
    """

    kind = CELLS

    def __init__(
        self,
        names: Sequence[str],
        edges: Sequence[np.ndarray],
        shares: Sequence[np.ndarray],
        landmarks: Mapping[str, tuple[float, float, float]],
    ):
        self.names, self.edges, self.shares = tuple(names), tuple(edges), tuple(shares)
        self.landmarks = dict(landmarks)

    @staticmethod
    def fit(learned: Learned) -> CellSpace:
        """Return the space fitted to the training rows.

        Args:
            learned: data and the fitted encoder of a table.
        """
        encoder, table = learned.encoder.only, learned.table
        rows = learned.rows[sample_indices(len(learned.rows), MOST_FITTED_ROWS)]
        encoded = encoder.transform(table, rows)
        numbers = encoded["numeric"].astype(np.float64)
        names = [own.name for own in encoder.numeric for _ in own.features]
        names += [own.name for own in encoder.category]
        edges = [bin_edges(feature) for feature in numbers.T]
        widths = [len(own) + 1 for own in edges]
        widths += [min(own.cardinality, MOST_CATEGORIES) for own in encoder.category]
        marks = {column.name: _landmarks(table, column.name, rows) for column in _numbers(learned)}
        space = CellSpace(names, edges, [np.zeros(width) for width in widths], marks)
        cells = space.cells(encoded)
        counts = [np.bincount(own, minlength=width) for own, width in zip(cells.T, widths, strict=True)]
        return CellSpace(names, edges, [own / max(1, len(rows)) for own in counts], marks)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many bins or categories each feature has."""
        return tuple(map(len, self.shares))

    def inputs(self, labels: int) -> RowSampleInputs:
        """Return how many bins or categories each feature has."""
        return RowSampleInputs(self.widths, labels)

    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return the cells of rows, int32 (n, features)."""
        return self.cells(encoder.transform(table, rows))

    def sampled(self, encoded: Arrays, table: AbstractTable) -> Arrays:
        """Return the cells of encoded rows."""
        return self.cells(encoded)

    def cells(self, arrays: Arrays) -> np.ndarray:
        """Return the cells of encoded rows, int32 (n, features).

        Args:
            arrays: from the encoder of the table.
        """
        numbers, codes = arrays["numeric"], arrays["category"]
        found = np.empty((len(numbers), len(self.names)), np.int32)
        for place, own in enumerate(self.edges):
            found[:, place] = np.searchsorted(own, numbers[:, place])
        last = np.array(self.widths[len(self.edges) :], np.int32) - 1
        found[:, len(self.edges) :] = np.minimum(codes, last)
        return found

    def samples(self, values: np.ndarray, labels: Sequence[Any] | None = None) -> RowSamples:
        """Refuse: cells are coarser than rows, so they are measured alone."""
        raise NotImplementedError("cells do not become rows again")

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "kind": CELLS,
            "names": list(self.names),
            "edges": [own.tolist() for own in self.edges],
            "shares": [own.tolist() for own in self.shares],
            "landmarks": {name: list(marks) for name, marks in self.landmarks.items()},
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> CellSpace:
        """Return the space in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        edges, shares = ([np.array(own, np.float64) for own in stored[name]] for name in ("edges", "shares"))
        if not len(edges) <= len(shares) == len(stored["names"]):
            raise wrong(f"{place}.shares", "shares of each feature", len(shares))
        for number, (own, share) in enumerate(zip(edges, shares, strict=False)):
            if len(share) != len(own) + 1:
                raise wrong(f"{place}.shares.{number}", "one more than edges", len(share))
        marks = {name: (low, middle, high) for name, (low, middle, high) in stored["landmarks"].items()}
        return CellSpace(stored["names"], edges, shares, marks)


def bin_edges(values: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return increasing edges of bins of equal width, and of one empty bin at either end.

    Args:
        values: without NaN.
        bins: between the least and the greatest.

    Example:
        >>> bin_edges(np.array([0.0, 1.0, 1.0, 3.0])).tolist()
        [-0.5, 0.5, 2.0, 4.0]
    """
    distinct = np.unique(values)
    if distinct.size <= bins:
        if distinct.size < 2:
            half = max(1.0, float(np.abs(distinct).max(initial=0.0))) / 2
            return np.array([distinct[0] - half, distinct[0] + half] if distinct.size else [0.0])
        middles = (distinct[1:] + distinct[:-1]) / 2
        first, last = 2 * distinct[0] - middles[0], 2 * distinct[-1] - middles[-1]
        return np.concatenate([[first], middles, [last]])
    center = float(np.median(values))
    scale = float(np.abs(values - center).mean())
    low, high = np.arcsinh((distinct[[0, -1]] - center) / scale)
    half = (high - low) / bins / 2
    squashed = np.linspace(low, high, bins + 1)
    squashed[0], squashed[-1] = low - half, high + half
    return np.sinh(squashed) * scale + center


def _edges(value: Any, place: str) -> None:
    json_checks.numbers(value, place)
    if not 0 < len(value) <= _MOST_EDGES or any(b < a for a, b in itertools.pairwise(value)):
        raise wrong(place, "increasing edges of bins", len(value))


def _numbers(learned: Learned) -> list[Any]:
    return [column for column in learned.schema.inputs if column.kind == "numeric"]


def _landmarks(table: AbstractTable, name: str, rows: np.ndarray) -> tuple[float, float, float]:
    """Return what 1 %, half and 99 % of the numbers of a column lie below."""
    values = table.scalar(name).take(rows).numbers()
    values = values[np.isfinite(values)]
    low, middle, high = np.quantile(values, (0.01, 0.5, 0.99)) if values.size else (0.0, 0.0, 0.0)
    return float(low), float(middle), float(high)


def _three(value: Any, place: str) -> None:
    json_checks.numbers(value, place)
    if len(value) != 3:
        raise wrong(place, "three numbers", len(value))


_FORM = record(
    kind=one_of(CELLS),
    names=json_checks.texts,
    edges=items(_edges),
    shares=items(json_checks.numbers),
    landmarks=mapping(_three),
)
