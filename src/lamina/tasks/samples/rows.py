"""Rows of a table as samples: columns as groups of features, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError, suggest
from lamina.core.inputs import RowSampleInputs
from lamina.core.json_checks import anything, items, one_of, optional, record, wrong
from lamina.data import sample
from lamina.modalities.table.encoder import MOST_FITTED_ROWS
from lamina.tasks.samples.categories import CategoryCodec
from lamina.tasks.samples.column import AbstractColumnCodec
from lamina.tasks.samples.moments import MomentCodec
from lamina.tasks.samples.numbers import NumberCodec
from lamina.tasks.samples.row_samples import RowSamples
from lamina.tasks.samples.space import AbstractSpace

if TYPE_CHECKING:
    from lamina.data.schema import ColumnSchema
    from lamina.data.table import AbstractTable

ROWS = "rows"
_CODECS: dict[str, Any] = {codec.kind: codec for codec in (NumberCodec, MomentCodec, CategoryCodec)}


class RowSpace(AbstractSpace):
    """Rows as float32 (n, features), one codec a column: numbers scaled, categories as one-hot groups.

    Fitted on training rows only, on at most 100,000 of them, drawn at random but always alike. Decoding is
    the inverse up to single precision: numbers come back on the grid of the data (whole numbers, two
    decimals) and within the range seen, dates in their format, missing values as such.

    Args:
        codecs: one a column, in the order of the columns.
        dither: whether equal numbers are spread over the interval that is rounded to them, and numbers that a
            category replaces are noise, so that all numbers have a density; for models of distributions.
        label: column of the classes that samples are conditioned on; None where there is none.
        place: of that column among the others.

    Example:
        >>> from lamina.data import ColumnSchema, read
        >>> table = read({"age": [31.0, 58.0, 44.0, 29.0], "city": ["Bern", "Rom", "Bern", None]})
        >>> columns = [ColumnSchema("age", "numeric"), ColumnSchema("city", "category")]
        >>> space = RowSpace.fit(table, columns)
        >>> x = space.arrays(None, table)
        >>> x.shape, space.inputs(0).groups
        ((4, 4), (1, 3))
        >>> space.samples(x).columns["city"].tolist()
        ['Bern', 'Rom', 'Bern', None]
    """

    kind = ROWS

    def __init__(
        self,
        codecs: Sequence[AbstractColumnCodec],
        *,
        dither: bool = False,
        label: str | None = None,
        place: int = 0,
    ):
        self.codecs, self.dither, self.label, self.place = tuple(codecs), dither, label, place

    @staticmethod
    def fit(
        table: AbstractTable,
        columns: Sequence[ColumnSchema],
        rows: np.ndarray | None = None,
        *,
        scale: str = "quantile",
        dither: bool = False,
        label: str | None = None,
    ) -> RowSpace:
        """Return the space fitted to training rows.

        Args:
            table: the data.
            columns: the inputs, each with its kind.
            rows: indices of the training rows; all without.
            scale: ``quantile`` (to a normal distribution) or ``standard`` (mean and std).
            dither: whether all numbers are to have a density.
            label: column of classes that samples are conditioned on.
        """
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        drawn = rows[sample.sample_indices(rows.size, MOST_FITTED_ROWS)]
        codecs = [_fitted(table, column, drawn, scale, dither) for column in columns]
        order = {name: place for place, name in enumerate(table.names)}
        place = sum(order[codec.name] < order[label] for codec in codecs) if label is not None else 0
        return RowSpace(codecs, dither=dither, label=label, place=place)

    def inputs(self, labels: int) -> RowSampleInputs:
        """Return the widths of all groups."""
        return RowSampleInputs(tuple(width for codec in self.codecs for width in codec.widths), labels)

    @property
    def features(self) -> tuple[str, ...]:
        """The column of each feature."""
        return tuple(codec.name for codec in self.codecs for _ in range(codec.features))

    def arrays(self, encoder: Any, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the features of rows, float32 (n, features).

        Args:
            encoder: not needed.
            table: the data.
            rows: indices; all without.

        Raises:
            DataError: a column is absent, or holds what it did not hold in training.
        """
        self._check_columns(table)
        if rows is not None:
            table = table.take(np.asarray(rows))
        parts = [codec.encode(table, dither=self.dither) for codec in self.codecs]
        return np.concatenate([np.zeros((table.height, 0), np.float32), *parts], axis=1)

    def sampled(self, encoded: Any, table: AbstractTable) -> np.ndarray:
        """Return the features of all rows of a table."""
        return self.arrays(None, table)

    def _check_columns(self, table: AbstractTable) -> None:
        """Raise DataError unless every column that was learned from is there."""
        absent = [codec.name for codec in self.codecs if codec.name not in frozenset(table.names)]
        if absent:
            raise DataError(
                f"column '{absent[0]}' is absent{suggest(absent[0], table.names)}",
                where=table.source,
                expected=f"the columns that the network learned from, {len(self.codecs):,} in all",
                fix="give the data the columns of the training data, by the same names",
            )

    def samples(self, values: np.ndarray, labels: Sequence[Any] | None = None) -> RowSamples:
        """Return rows; classes come back in their column.

        Args:
            values: (n, features).
            labels: class of each, as it was given, or None.
        """
        columns, start = [], 0
        for codec in self.codecs:
            columns.append((codec.name, codec.decode(np.asarray(values[:, start : start + codec.features]))))
            start += codec.features
        if labels is not None and self.label is not None:
            columns.insert(self.place, (self.label, _classes(labels)))
        return RowSamples(dict(columns))

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "kind": ROWS,
            "codecs": [codec.to_json() for codec in self.codecs],
            "dither": self.dither,
            "label": self.label,
            "place": self.place,
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> RowSpace:
        """Return the space in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        codecs = [_restored(one, f"{place}.codecs.{i}") for i, one in enumerate(stored["codecs"])]
        if not 0 <= stored["place"] <= len(codecs):
            raise wrong(f"{place}.place", f"a number from 0 to {len(codecs)}", stored["place"])
        return RowSpace(codecs, dither=stored["dither"], label=stored["label"], place=stored["place"])


def _fitted(
    table: AbstractTable, schema: ColumnSchema, rows: np.ndarray, scale: str, dither: bool
) -> AbstractColumnCodec:
    """Return the codec for one column."""
    column = table.scalar(schema.name).take(rows)
    if schema.kind == "datetime":
        return MomentCodec.fit(column, form=schema.detail, scale=scale, dither=dither)
    if schema.kind == "numeric":
        numbers, storage = column.numbers(), column.storage
        return NumberCodec.fit(schema.name, numbers, storage=storage, scale=scale, dither=dither)
    return CategoryCodec.fit(column)


def _restored(stored: Any, place: str) -> AbstractColumnCodec:
    """Return a codec in an artifact's JSON."""
    kind: Any = stored.get("kind") if isinstance(stored, dict) else None
    one_of(*_CODECS)(kind, f"{place}.kind")
    return _CODECS[kind].restore(stored, place)


def _classes(labels: Sequence[Any]) -> np.ndarray:
    """Return classes as an array of their type, objects where they have several."""
    values = list(labels)
    return np.array(values, None if {type(v) for v in values} in ({int}, {float}, {bool}) else object)


def _whole(value: Any, place: str) -> None:
    if type(value) is not int:
        raise wrong(place, "a whole number", value)


_FORM = record(
    kind=one_of(ROWS),
    codecs=items(anything),
    dither=json_checks.flag,
    label=optional(json_checks.text),
    place=_whole,
)
