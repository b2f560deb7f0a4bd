"""Tables held by Polars: files, and frames of Polars or pandas."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.table import AbstractColumn, AbstractTable, Distinct
from lamina.data.words import MISSING_WORDS, looks_numeric


def _storage(name: str, dtype: pl.DataType) -> str:
    """Return the storage word of a Polars type, or raise DataError for lists, structs and bytes."""
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "float"
    if dtype == pl.Boolean or dtype == pl.Null:
        return "boolean"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "string"
    if dtype.is_temporal():
        return "datetime"
    raise DataError(
        f"values of type {dtype} cannot be learned from",
        where=f"column '{name}'",
        expected="numbers, booleans, texts or dates",
        mend="drop the column, or spread it over several plain columns",
    )


class FrameColumn(AbstractColumn):
    """A column held by a Polars series.

    Args:
        series: the values.
        clean: whether blanks around a text go and words such as ``NA`` count as missing.
    """

    def __init__(self, series: pl.Series, *, clean: bool = True):
        self.name, self.storage = series.name, _storage(series.name, series.dtype)
        self.categorical = series.dtype in (pl.Categorical, pl.Enum)
        if self.categorical:
            series = series.cast(pl.String)
        if series.dtype == pl.Null:
            series = series.cast(pl.Boolean)
        if self.storage == "float" and series.dtype not in (pl.Float32, pl.Float64):
            series = series.cast(pl.Float64)
        if self.storage == "float":
            series = series.fill_nan(None)
        if clean and self.storage == "string":
            series = _cleaned(series)
        self.series = series

    @staticmethod
    def from_values(name: str, values: Sequence[Any]) -> FrameColumn:
        """Return a column of the given Python values."""
        return FrameColumn(pl.Series(name, values, strict=False), clean=False)

    def __len__(self) -> int:
        return len(self.series)

    def take(self, rows: np.ndarray) -> FrameColumn:
        taken = FrameColumn(self.series.gather(rows), clean=False)
        taken.categorical = self.categorical
        return taken

    def missing(self) -> np.ndarray:
        return self.series.is_null().to_numpy()

    def numbers(self) -> np.ndarray:
        if self.storage == "datetime":
            return self.seconds()
        return self.series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()

    def seconds(self, form: str | None = None) -> np.ndarray:
        dates = self.series
        if self.storage == "string":
            dates = dates.str.to_datetime(form, strict=False, ambiguous="null", exact=True)
        elif self.storage != "datetime":
            return np.full(len(dates), np.nan)
        if dates.dtype == pl.Time or dates.dtype == pl.Duration:
            ticks = dates.cast(pl.Int64)
            unit = 1e9 if dates.dtype == pl.Time else _ticks(dates.dtype)
            return (ticks.cast(pl.Float64) / unit).fill_null(float("nan")).to_numpy()
        if getattr(dates.dtype, "time_zone", None):
            dates = dates.dt.replace_time_zone(None)
        micros = dates.cast(pl.Datetime("us")).cast(pl.Int64)
        return (micros.cast(pl.Float64) / 1e6).fill_null(float("nan")).to_numpy()

    def distinct(self) -> Distinct:
        known = self.series.drop_nulls().unique().sort()
        if self.storage == "string":
            codes = self.series.cast(pl.Enum(known)).to_physical().cast(pl.Int64)
        else:
            values = self.series.cast(pl.UInt8) if self.storage == "boolean" else self.series
            codes = values.rank("dense").cast(pl.Int64) - 1
        return Distinct(tuple(known.to_list()), codes.fill_null(-1).to_numpy())

    def value(self, row: int) -> Any:
        return self.series[int(row)]

    def oversized(self) -> int | None:
        if self.storage == "integer" and self.series.dtype not in (pl.Int64, pl.UInt64, pl.Int128):
            return None
        return super().oversized()


def _cleaned(series: pl.Series) -> pl.Series:
    """Return texts without blanks around them, and null for words that mean "missing"."""
    stripped = series.str.strip_chars()
    missing = stripped.is_in(MISSING_WORDS).fill_null(False)
    if not missing.any() and (stripped == series).all():
        return series  # the memory of the frame is used on
    return stripped.set(missing, None)


def _ticks(dtype: pl.DataType) -> float:
    """Return how many ticks of a duration make a second."""
    return {"ms": 1e3, "us": 1e6, "ns": 1e9}[dtype.time_unit]  # pyright: ignore[reportAttributeAccessIssue]


def check_names(names: Sequence[str], source: str) -> None:
    """Raise DataError if two columns have the same name."""
    doubled = [name for name, times in collections.Counter(names).items() if times > 1]
    if not doubled:
        return
    places = ", ".join(str(i + 1) for i, name in enumerate(names) if name == doubled[0])
    data = all(looks_numeric(name) for name in names)
    raise DataError(
        f"column name '{doubled[0]}' stands {names.count(doubled[0])} times (columns {places})",
        where=source,
        mend="add a header line with the names: the first line looks like data"
        if data
        else "give every column a name of its own",
    )


class FrameTable(AbstractTable):
    """A table held by a Polars data frame.

    Args:
        frame: the columns.
        source: a path, ``<frame>`` or ``<stdin>``, for messages.
        first_line: line of row 0 in the source, 0 where it has no lines.
        lines: the line of every row, where rows and lines do not run in step.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        source: str = "<frame>",
        first_line: int = 0,
        lines: np.ndarray | None = None,
    ):
        self.frame, self.source, self.first_line, self.lines = frame, source, first_line, lines
        self.names, self.height = tuple(frame.columns), frame.height
        self._columns: dict[str, FrameColumn] = {}

    def column(self, name: str) -> FrameColumn:
        self.require(name)
        if name not in self._columns:
            self._columns[name] = FrameColumn(self.frame[name])
        return self._columns[name]

    def labels(self, name: str) -> FrameColumn:
        self.require(name)
        if self.source == "<frame>":
            return FrameColumn(self.frame[name], clean=False)
        return self.column(name)

    def take(self, rows: np.ndarray) -> FrameTable:
        rows = np.asarray(rows)
        lines = rows + self.first_line if self.lines is None else self.lines[rows]
        return FrameTable(self.frame[rows], source=self.source, first_line=self.first_line, lines=lines)

    def drop(self, names: Sequence[str]) -> FrameTable:
        for name in names:
            self.require(name)
        frame = self.frame.drop(list(names))
        return FrameTable(frame, source=self.source, first_line=self.first_line, lines=self.lines)
