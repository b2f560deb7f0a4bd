"""Rows of a table as the arrays a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import ConfigError, DataError, suggest
from lamina.core.inputs import TableInputs
from lamina.data.sample import sample_indices
from lamina.data.schema import ColumnSchema
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractEncoder, Strange
from lamina.modalities.table import strange
from lamina.modalities.table.category import CategoryEncoder
from lamina.modalities.table.datetime import DatetimeEncoder
from lamina.modalities.table.numeric import BooleanEncoder, NumericEncoder
from lamina.modalities.table.scaling import SCALERS

MOST_FITTED_ROWS, FEWEST_FITTED_ROWS = 100_000, 20_000
MOST_FITTED_CELLS = 20_000_000  # of wide tables fewer rows are sorted
_RESTORE = {e.kind: e.from_json for e in (NumericEncoder, BooleanEncoder, DatetimeEncoder, CategoryEncoder)}
ColumnEncoder = NumericEncoder | BooleanEncoder | DatetimeEncoder | CategoryEncoder


class TableEncoder(AbstractEncoder):
    """Translate rows into ``{"numeric": float32 (n, m), "category": int32 (n, c)}``, one encoder a column.

    Fitted on training rows only. Numbers are fitted on at most 100,000 of them (20 million cells in all),
    drawn at random but always alike: the same rows give the same encoder.

    Example:
        >>> from lamina.data import ColumnSchema, read
        >>> table = read({"size": [1.0, 2.0, 4.0, 8.0], "kind": ["a", "b", "a", "b"]})
        >>> columns = [ColumnSchema("size", "numeric"), ColumnSchema("kind", "category")]
        >>> encoder = TableEncoder.fit(table, columns)
        >>> arrays = encoder.transform(table)
        >>> arrays["numeric"].shape, arrays["category"].tolist()
        ((4, 1), [[2], [3], [2], [3]])
    """

    def __init__(self, encoders: Sequence[ColumnEncoder]):
        self.category = tuple(e for e in encoders if isinstance(e, CategoryEncoder))
        self.numeric = tuple(e for e in encoders if not isinstance(e, CategoryEncoder))

    @staticmethod
    def fit(
        table: AbstractTable,
        columns: Sequence[ColumnSchema],
        *,
        rows: np.ndarray | None = None,
        numeric: str = "quantile",
    ) -> TableEncoder:
        """Return the encoder fitted to the training rows.

        Args:
            table: the data.
            columns: the inputs, each with its kind.
            rows: indices of the training rows; all without.
            numeric: ``quantile`` (to a normal distribution, for skewed and clumped numbers) or ``standard``
                (mean and std, which keeps linear relations linear).
        """
        if numeric not in SCALERS:
            raise ConfigError(
                f"unknown scale '{numeric}'{suggest(numeric, SCALERS)}",
                expected="one of " + ", ".join(SCALERS),
            )
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        most = max(FEWEST_FITTED_ROWS, MOST_FITTED_CELLS // max(len(columns), 1))
        sample = rows[sample_indices(rows.size, min(most, MOST_FITTED_ROWS))]
        return TableEncoder([_fitted(table, column, rows, sample, numeric) for column in columns])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(encoder.name for encoder in (*self.numeric, *self.category))

    @property
    def numeric_features(self) -> tuple[str, ...]:
        """The name of each column of the numeric array."""
        return tuple(feature for encoder in self.numeric for feature in encoder.features)

    @property
    def category_features(self) -> tuple[str, ...]:
        """The name of each column of the category array."""
        return tuple(encoder.name for encoder in self.category)

    @property
    def inputs(self) -> TableInputs:
        """What a model must know of the arrays."""
        return TableInputs(
            numeric=len(self.numeric_features),
            cardinalities=tuple(encoder.cardinality for encoder in self.category),
            bins=tuple(edges for encoder in self.numeric for edges in encoder.bins),
        )

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Return the arrays of all rows, or of the given ones.

        Raises:
            DataError: a column is absent, or holds what it did not hold in training.
        """
        self._check_columns(table)
        if rows is not None:
            table = table.take(np.asarray(rows))
        numbers = np.empty((table.height, len(self.numeric_features)), np.float32)
        start = 0
        for encoder in self.numeric:
            end = start + len(encoder.features)
            encoder.fill(table, numbers[:, start:end])
            start = end
        codes = np.empty((table.height, len(self.category)), np.int32)
        for i, encoder in enumerate(self.category):
            codes[:, i] = encoder.codes(table)
        return {"numeric": numbers, "category": codes}

    def strange(self, table: AbstractTable, arrays: dict[str, np.ndarray]) -> Iterator[Strange]:
        """Yield categories that training never saw, numbers and dates far beyond its range, and new gaps."""
        start = 0
        for encoder in self.numeric:
            end = start + len(encoder.features)
            yield from strange.of_numbers(encoder, table, arrays["numeric"][:, start:end])
            start = end
        for i, encoder in enumerate(self.category):
            yield from strange.of_categories(encoder, table, arrays["category"][:, i])

    def _check_columns(self, table: AbstractTable) -> None:
        """Raise DataError unless every column that was learned from is there."""
        names, given = [encoder.name for encoder in (*self.numeric, *self.category)], frozenset(table.names)
        absent = [name for name in names if name not in given]
        if absent:
            more = f" and {len(absent) - 1:,} more are" if len(absent) > 1 else " is"
            raise DataError(
                f"column '{absent[0]}'{more} absent{suggest(absent[0], table.names)}",
                where=table.source,
                expected=f"the columns that the network learned from, {len(names):,} in all",
                fix="give the data the columns of the training data, by the same names",
            )

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"columns": [encoder.to_json() for encoder in (*self.numeric, *self.category)]}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> TableEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        return TableEncoder([_RESTORE[column["kind"]](column) for column in stored["columns"]])


def _fitted(
    table: AbstractTable, column: ColumnSchema, rows: np.ndarray, sample: np.ndarray, scale: str
) -> ColumnEncoder:
    """Return the encoder for one column."""
    if column.kind == "category" or column.kind not in _RESTORE:
        return CategoryEncoder.fit(table, column.name, rows)
    if column.kind == "boolean":
        return BooleanEncoder.fit(table, column.name, sample)
    if column.kind == "datetime":
        return DatetimeEncoder.fit(table, column.name, sample, form=column.detail, scale=scale)
    return NumericEncoder.fit(table, column.name, sample, scale=scale)
