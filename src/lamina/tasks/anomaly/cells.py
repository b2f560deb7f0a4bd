"""Rows of a table as numbers that a network reads, and as cells whose rarity is known by counting."""

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
NEAR = 0.99  # of the values: the others do not count for the scale
PRIOR = 0.5  # rows that are added to each cell (Jeffreys)
_MOST_EDGES = 1 << 12


class CellSpace(AbstractSpace):
    """Rows as float32 (n, features), and the rarity of each of their cells.

    Features are numbers as the encoder of the table scales them, and one-hot categories. For rarity each
    number is in one of some bins, which are of equal width on the scale z = asinh((x - median) / mean |x -
    median|): linear near the median and logarithmic far from it, so that a few extreme numbers do not press
    the others into one bin. Numbers of few values have a bin for each. Bins are of equal width, not of equal
    content, since what few rows hold is what is odd; beyond the least and the greatest number of training
    lies one more bin each, which none of them is in.

    Args:
        names: the column of each feature, numbers first, as the encoder of the table has them.
        scales: median of each number, and mean |x - median| of all but the farthest.
        edges: of the bins of each number.
        shares: of the training rows in each bin or category of each feature.
        rows: training rows that were counted.
        landmarks: column of numbers → what 1 %, half and 99 % of the training rows lie below.
    """

    kind = CELLS

    def __init__(
        self,
        names: Sequence[str],
        scales: np.ndarray,
        edges: Sequence[np.ndarray],
        shares: Sequence[np.ndarray],
        rows: int,
        landmarks: Mapping[str, tuple[float, float, float]],
    ):
        self.names, self.scales = tuple(names), scales
        self.edges, self.shares, self.rows = tuple(edges), tuple(shares), rows
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
        names = [own.name for own in encoder.numeric for _ in own.features]
        names += [own.name for own in encoder.category]
        numbers = encoded["numeric"].astype(np.float64)
        scales = np.array([scale_of(feature) for feature in numbers.T]).reshape(-1, 2)
        edges = [bin_edges(feature) for feature in scaled(numbers, scales).T]
        widths = [len(own) + 1 for own in edges]
        widths += [min(own.cardinality, MOST_CATEGORIES) for own in encoder.category]
        marks = {column.name: _landmarks(table, column.name, rows) for column in _numbers(learned)}
        empty = [np.zeros(width) for width in widths]
        cells = CellSpace(names, scales, edges, empty, len(rows), marks).cells(encoded)
        counts = [np.bincount(own, minlength=width) for own, width in zip(cells.T, widths, strict=True)]
        shares = [own / max(1, len(rows)) for own in counts]
        return CellSpace(names, scales, edges, shares, len(rows), marks)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many bins or categories each feature has."""
        return tuple(map(len, self.shares))

    def inputs(self, labels: int) -> RowSampleInputs:
        """Return the widths of the features: 1 of numbers, as many as there are codes of categories."""
        return RowSampleInputs((*(1 for _ in self.edges), *self.widths[len(self.edges) :]), labels)

    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the features of rows, float32 (n, features)."""
        return self.features(encoder.transform(table, rows))

    def sampled(self, encoded: Arrays, table: AbstractTable) -> np.ndarray:
        """Return the features of encoded rows."""
        return self.features(encoded)

    def features(self, encoded: Arrays) -> np.ndarray:
        """Return the features of encoded rows, float32 (n, features).

        Args:
            encoded: from the encoder of the table.
        """
        parts = [encoded["numeric"]]
        for codes, width in zip(encoded["category"].T, self.widths[len(self.edges) :], strict=True):
            parts.append(np.minimum(codes, width - 1)[:, None] == np.arange(width))
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def cells(self, encoded: Arrays) -> np.ndarray:
        """Return the cells of encoded rows, int32 (n, columns): numbers of bins, and codes.

        Args:
            encoded: from the encoder of the table.
        """
        numbers, codes = scaled(encoded["numeric"], self.scales), encoded["category"]
        found = np.empty((len(numbers), len(self.names)), np.int32)
        for place, own in enumerate(self.edges):
            found[:, place] = np.searchsorted(own, numbers[:, place])
        last = np.array(self.widths[len(self.edges) :], np.int32) - 1
        found[:, len(self.edges) :] = np.minimum(codes, last)
        return found

    def rarity(self, encoded: Arrays) -> np.ndarray:
        """Return how rare the cells of encoded rows are, float32 (n, columns).

        -log((count + 1/2) / (rows + 1/2 · cells)) with the count of training rows in the cell

        Args:
            encoded: from the encoder of the table.

        References:
            Goldstein, Dengel. Histogram-based outlier score (HBOS). KI 2012.
        """
        cells = self.cells(encoded)
        found = np.empty(cells.shape, np.float32)
        for place, share in enumerate(self.shares):
            counts = share * self.rows
            nats = -np.log((counts + PRIOR) / (self.rows + PRIOR * len(counts)))
            found[:, place] = nats[cells[:, place]]
        return found

    def samples(self, values: np.ndarray, labels: Sequence[Any] | None = None) -> RowSamples:
        """Refuse: cells are coarser than rows, so they are measured alone."""
        raise NotImplementedError("cells do not become rows again")

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "kind": CELLS,
            "names": list(self.names),
            "scales": self.scales.tolist(),
            "edges": [own.tolist() for own in self.edges],
            "shares": [own.tolist() for own in self.shares],
            "rows": self.rows,
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
        scales = np.array(stored["scales"], np.float64).reshape(-1, 2)
        if not len(scales) == len(edges) <= len(shares) == len(stored["names"]):
            raise wrong(f"{place}.shares", "shares of each feature", len(shares))
        for number, (own, share) in enumerate(zip(edges, shares, strict=False)):
            if len(share) != len(own) + 1:
                raise wrong(f"{place}.shares.{number}", "one more than edges", len(share))
        marks = {name: (low, middle, high) for name, (low, middle, high) in stored["landmarks"].items()}
        return CellSpace(stored["names"], scales, edges, shares, stored["rows"], marks)


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
    low, high = distinct[[0, -1]]
    half = (high - low) / bins / 2
    edges = np.linspace(low, high, bins + 1)
    edges[0], edges[-1] = low - half, high + half
    return edges


def scale_of(values: np.ndarray) -> tuple[float, float]:
    """Return the median, and the mean distance from it of all but the farthest values; 1 where there is none.

    Args:
        values: without NaN.

    Example:
        >>> scale_of(np.append(np.tile([1.0, 2.0, 3.0], 40), 1e9))
        (2.0, 0.6666666666666666)
    """
    if not values.size:
        return 0.0, 1.0
    center = float(np.median(values))
    far = np.abs(values - center)
    for own in (far[far <= np.quantile(far, NEAR)], far):
        if own.mean() > 1e-12 * max(abs(center), 1e-300):
            return center, float(own.mean())
    return center, 1.0


def scaled(values: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return numbers on the scale of the bins, asinh((x - median) / spread).

    Args:
        values: (n, numbers).
        scales: (numbers, 2), from `scale_of`.
    """
    center, spread = scales.T
    return np.arcsinh((values - center) / spread)


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


def _scale(value: Any, place: str) -> None:
    json_checks.numbers(value, place)
    if len(value) != 2 or value[1] <= 0:
        raise wrong(place, "a median and a spread", value)


def _three(value: Any, place: str) -> None:
    json_checks.numbers(value, place)
    if len(value) != 3:
        raise wrong(place, "three numbers", len(value))


_FORM = record(
    kind=one_of(CELLS),
    names=json_checks.texts,
    scales=items(_scale),
    edges=items(_edges),
    shares=items(json_checks.numbers),
    rows=json_checks.size,
    landmarks=mapping(_three),
)
