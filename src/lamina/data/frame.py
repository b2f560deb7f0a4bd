"""Tables held by Polars: files, and frames of Polars or pandas."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data import forms
from lamina.data.dates import BETWEEN_FORMATS
from lamina.data.table import LARGEST_EXACT_INTEGER, NOTHING, AbstractTable, Distinct, ScalarColumn
from lamina.data.words import MISSING_WORDS, looks_numeric

_NUMPY_NUMBERS = (
    pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Float32, pl.Float64,
)  # fmt: skip


_SMALL_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
FIRST_YEAR = 1000  # written with four digits


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
        fix="drop the column, or spread it over several plain columns",
    )


class FrameColumn(ScalarColumn):
    """A column held by a Polars series.

    Args:
        series: the values.
        clean: whether blanks around a text go and words such as ``NA`` count as missing.
        form: how texts are read as numbers or dates; None where nobody has looked.
    """

    def __init__(self, series: pl.Series, *, clean: bool = True, form: str | None = None):
        self.name, self.storage = series.name, _storage(series.name, series.dtype)
        self.categorical = series.dtype in (pl.Categorical, pl.Enum)
        if self.categorical:
            series = series.cast(pl.String)
        if series.dtype == pl.Null:
            series = series.cast(pl.Boolean)
        if self.storage == "float" and series.dtype not in (pl.Float32, pl.Float64):
            series = series.cast(pl.Float64)
        if self.storage == "float" and _may_hold_nan(series):
            series = series.fill_nan(None)
        if clean and self.storage == "string":
            series = _cleaned(series)
        self.form = form if self.storage == "string" and not self.categorical else None
        self._numbers: np.ndarray | None = None
        self.given = series  # with the words that mean "missing" in its form
        self.series = forms.without_words(series, self.form) if self.form else series

    @staticmethod
    def from_values(name: str, values: Sequence[Any]) -> FrameColumn:
        """Return a column of the given Python values."""
        return FrameColumn(pl.Series(name, values, strict=False), clean=False)

    def __len__(self) -> int:
        return len(self.series)

    def take(self, rows: np.ndarray) -> FrameColumn:
        """Return the column at the given rows."""
        if self._is_plain() and not self.form:  # Polars plans a query for each column: 50 times as long
            return FrameColumn(pl.Series(self.name, self.series.to_numpy()[rows]), clean=False)
        taken = FrameColumn(self.given.gather(rows), clean=False, form=self.form)
        taken.categorical = self.categorical
        return taken

    def with_form(self, form: str | None) -> FrameColumn:
        """Return the column with its texts read as numbers or dates of a form."""
        changed = FrameColumn(self.given, clean=False, form=None if self.categorical else form)
        changed.categorical = self.categorical
        return changed

    def texts(self) -> pl.Series:
        """Return the values of a column of texts."""
        return self.given

    def missing(self) -> np.ndarray:
        """Return where there is no value."""
        if not self.series.null_count():
            return np.zeros(len(self.series), bool)
        return self.series.is_null().to_numpy()

    def numbers(self) -> np.ndarray:
        """Return float64 values, NaN where there is none."""
        if self.storage == "datetime":
            return self.seconds()
        if self._is_plain() or self.series.dtype in (pl.Float32, pl.Float64):
            return self.series.to_numpy().astype(np.float64)  # null is NaN already
        if self.form:
            if self._numbers is None:  # asked for several times; parsing takes longer than keeping
                self._numbers = forms.numbers_in(self.series, self.form)
            return self._numbers.copy()
        return self.series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()

    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return seconds since 1970, NaN where there is no date."""
        dates = self.series
        if self.storage == "string":
            dates = _parsed(dates, form or forms.date_form(self.form))
        elif self.storage != "datetime":
            return np.full(len(dates), np.nan)
        if dates.dtype not in (pl.Time, pl.Duration):
            if getattr(dates.dtype, "time_zone", None):
                dates = dates.dt.replace_time_zone(None)
            dates = dates.cast(pl.Datetime("us"))
        ticks = dates.cast(pl.Int64).cast(pl.Float64).fill_null(float("nan"))
        return ticks.to_numpy() / _ticks(dates.dtype)

    def _is_plain(self) -> bool:
        """Return whether these are numbers without gaps that NumPy can hold as they are."""
        return self.series.dtype in _NUMPY_NUMBERS and not self.series.null_count()

    def distinct(self) -> Distinct:
        """Return the different values and the code of each row."""
        if self._is_plain():
            found, codes = np.unique(self.series.to_numpy(), return_inverse=True)
            return Distinct(tuple(found.tolist()), codes)
        known = self.series.drop_nulls().unique().sort()
        if self.storage == "string":
            codes = self.series.cast(pl.Enum(known)).to_physical().cast(pl.Int64)
        else:
            values = self.series.cast(pl.UInt8) if self.storage == "boolean" else self.series
            codes = values.rank("dense").cast(pl.Int64) - 1
        return Distinct(tuple(known.to_list()), codes.fill_null(-1).to_numpy())

    def value(self, row: int) -> Any:
        """Return one value as a Python object."""
        return self.series[int(row)]

    def oversized(self) -> int | None:
        """Return the first row whose integer float64 cannot hold exactly, or None."""
        if self.storage != "integer" or self.series.dtype in _SMALL_INTEGERS:
            return None
        bad = self.series > LARGEST_EXACT_INTEGER
        if self.series.dtype.is_signed_integer():
            bad |= self.series < -LARGEST_EXACT_INTEGER
        first = bad.fill_null(False).arg_max()
        return first if first is not None and bad[first] else None


def _may_hold_nan(series: pl.Series) -> bool:
    """Return whether a column of floats may hold NaN: exact without gaps, and yes where there are some."""
    return bool(series.null_count()) or bool(np.isnan(series.to_numpy()).any())


def _cleaned(series: pl.Series) -> pl.Series:
    """Return texts without blanks around them, and null for words that mean "missing"."""
    stripped = series.str.strip_chars()
    missing = stripped.is_in(MISSING_WORDS).fill_null(False)
    if not missing.any() and (stripped == series).all():
        return series  # the memory of the frame is used on
    return stripped.set(missing, None)


def _parsed(texts: pl.Series, form: str) -> pl.Series:
    """Return dates read from texts by the first of the formats (between bars) that fits."""
    dates: pl.Series | None = None
    for one in form.split(BETWEEN_FORMATS):
        read = texts.str.to_datetime(one, strict=False, ambiguous="null")
        read = read.dt.replace_time_zone(None) if "z" in one else read
        if "%Y" in one:  # it takes "24" for the year 24
            read = read.to_frame("date").select(pl.when(pl.col("date").dt.year() >= FIRST_YEAR).then("date"))[
                "date"
            ]
        dates = read if dates is None else dates.fill_null(read)
    return texts.cast(pl.Datetime) if dates is None else dates


def is_date_format(form: str) -> bool:
    """Return whether dates can be read by a format, or by each of several between bars.

    Example:
        >>> is_date_format("%Y-%m-%d|%d.%m.%Y"), is_date_format("%Y-%M")
        (True, False)
    """
    try:
        _parsed(pl.Series([], dtype=pl.String), form)
    except pl.exceptions.PolarsError:
        return False
    return True


def _ticks(dtype: pl.DataType) -> float:
    """Return how many ticks of a temporal type make a second."""
    return {"ms": 1e3, "us": 1e6, "ns": 1e9}[getattr(dtype, "time_unit", "ns")]  # times of day tick in ns


def check_names(names: Sequence[str], source: str) -> None:
    """Raise DataError if two columns have the same name."""
    doubled = [name for name, times in collections.Counter(names).items() if times > 1]
    if not doubled:
        return
    found = [str(i + 1) for i, name in enumerate(names) if name == doubled[0]]
    places = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
    data = all(looks_numeric(name) for name in names)
    raise DataError(
        f"column name '{doubled[0]}' stands {len(found):,} times (columns {places})",
        where=source,
        fix="add a header line with the names: the first line looks like data"
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
        forms: how columns of texts are read as numbers or dates.
        remarks: what was left aside while reading.
        doubts: what had to be guessed while reading, each with its fix.
        clean: whether blanks around a text go and words such as ``NA`` count as missing.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        *,
        source: str = "<frame>",
        first_line: int = 0,
        lines: np.ndarray | None = None,
        forms: Mapping[str, str] | None = None,
        remarks: Sequence[str] = (),
        doubts: Sequence[tuple[str, str]] = (),
        clean: bool = True,
    ):
        self.forms, self.clean = dict(forms or {}), clean
        self.frame, self.source, self.first_line, self.lines = frame, source, first_line, lines
        self._remarks, self._doubts = tuple(remarks), tuple(doubts)
        self.names, self.height = tuple(frame.columns), frame.height
        self._columns: dict[str, FrameColumn] = {}

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns of texts."""
        return tuple(name for name, dtype in self.frame.schema.items() if dtype == pl.String)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside while reading."""
        return self._remarks

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What had to be guessed while reading, each with its fix."""
        return self._doubts

    def column(self, name: str) -> FrameColumn:
        """Return a column."""
        self.require(name)
        if name not in self._columns:
            self._columns[name] = FrameColumn(self.frame[name], clean=self.clean, form=self.forms.get(name))
        return self._columns[name]

    def labels(self, name: str) -> FrameColumn:
        """Return a column exactly as it was given."""
        self.require(name)
        if self.source == "<frame>":
            return FrameColumn(self.frame[name], clean=False, form=self.forms.get(name))
        return self.column(name)

    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> FrameTable:
        """Return the table with some columns of texts read as numbers or dates, or with other values."""
        own = {name: form for name, form in forms.items() if name in self._known()}
        if not own and not values:
            return self
        made = [pl.Series(name, column, strict=False) for name, column in values.items()]
        table = self._with(self.frame.with_columns(made) if made else self.frame, self.lines)
        table.forms |= own
        table._columns = {n: c for n, c in self._columns.items() if n not in own and n not in values}
        return table

    def _with(self, frame: pl.DataFrame, lines: np.ndarray | None) -> FrameTable:
        table = FrameTable(
            frame,
            source=self.source,
            first_line=self.first_line,
            lines=lines,
            forms=self.forms,
            remarks=self._remarks,
            doubts=self._doubts,
            clean=self.clean,
        )
        table.unlabeled = self.unlabeled
        return table

    def take(self, rows: np.ndarray) -> FrameTable:
        """Return the table at the given rows."""
        rows = np.asarray(rows)
        lines = rows + self.first_line if self.lines is None else self.lines[rows]
        return self._with(self.frame[rows], lines)

    def drop(self, names: Sequence[str]) -> FrameTable:
        """Return the table without the given columns."""
        for name in names:
            self.require(name)
        return self._with(self.frame.drop(list(names)), self.lines)
