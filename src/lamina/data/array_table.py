"""The form that columns of plain arrays take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.table import LARGEST_EXACT_INTEGER, NOTHING, AbstractTable, Distinct, ScalarColumn

if TYPE_CHECKING:
    import polars as pl


_STORAGE = {"b": "boolean", "i": "integer", "u": "integer", "f": "float", "U": "string", "M": "datetime"}


class ArrayColumn(ScalarColumn):
    """A column held by a one-dimensional NumPy array.

    Args:
        name: the name of the column.
        array: numbers, booleans, texts, datetime64 or objects of one such type.
        form: how texts are read as numbers; None where nobody has looked.
    """

    def __init__(self, name: str, array: np.ndarray, *, form: str | None = None):
        self.name, self.array, self.form = name, array, form
        self.storage = _STORAGE.get(array.dtype.kind, "")
        if not self.storage:
            self.storage = _object_storage(name, array)

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: np.ndarray) -> ArrayColumn:
        """Return the column at the given rows."""
        return ArrayColumn(self.name, self.array[rows], form=self.form)

    def with_form(self, form: str | None) -> ArrayColumn:
        """Return the column with its texts read as numbers of a form."""
        return ArrayColumn(self.name, self.array, form=form)

    def texts(self) -> pl.Series:
        """Return the values of a column of texts."""
        import polars

        return polars.Series(self.name, self.array.tolist(), dtype=polars.String, strict=False)

    def missing(self) -> np.ndarray:
        """Return where there is no value."""
        kind = self.array.dtype.kind
        if kind == "f":
            return np.isnan(self.array)
        if kind == "M":
            return np.isnat(self.array)
        if self.form and self.storage == "string":
            return self._known_texts().is_null().to_numpy()
        if kind == "O":
            return _object_missing(self.array)
        return np.zeros(len(self.array), bool)

    def numbers(self) -> np.ndarray:
        """Return float64 values, NaN where there is none."""
        if self.storage == "datetime":
            return self.seconds()
        if self.array.dtype.kind == "O" and self.storage != "string":
            return np.where(self.missing(), np.nan, self.array).astype(np.float64)
        if self.form and self.storage == "string":
            from lamina.data.forms import numbers_in

            return numbers_in(self._known_texts(), self.form)
        if self.storage == "string":
            found = self.distinct()
            return np.array([*map(_number, found.values), np.nan])[found.codes]
        return self.array.astype(np.float64)

    def _known_texts(self) -> pl.Series:
        """Return texts without the words that mean "missing" in the form of the column."""
        from lamina.data.forms import without_words

        return without_words(self.texts(), self.form or "")

    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return seconds since 1970, NaN where there is no date."""
        if self.array.dtype.kind != "M":
            return np.full(len(self.array), np.nan)  # dates as text come in frames
        seconds = self.array.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(self.array), np.nan, seconds)

    def distinct(self) -> Distinct:
        """Return the different values and the code of each row."""
        known = ~self.missing()
        try:
            values, inverse = np.unique(self.array[known], return_inverse=True)
        except TypeError as error:
            raise DataError("values of several types stand in one column", where=self.name) from error
        codes = np.full(len(self.array), -1, np.int64)
        codes[known] = inverse
        return Distinct(tuple(values.tolist()), codes)

    def value(self, row: int) -> Any:
        """Return one value as a Python object."""
        value = self.array[row]
        return value.item() if isinstance(value, np.generic) else value

    def oversized(self) -> int | None:
        """Return the first row whose integer float64 cannot hold exactly, or None."""
        if self.storage != "integer" or self.array.dtype.itemsize < 8:
            return None
        values = self.array if self.array.dtype.kind != "O" else np.where(self.missing(), 0, self.array)
        bad = np.flatnonzero((values > LARGEST_EXACT_INTEGER) | (values < -LARGEST_EXACT_INTEGER))
        return int(bad[0]) if bad.size else None


def _arrays(values: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Return columns as arrays, texts as objects."""
    return {
        name: np.array(column, object if any(isinstance(v, str) for v in column) else None)
        for name, column in values.items()
    }


def _number(word: str) -> float:
    """Return a text as a number, NaN if it is none."""
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _object_missing(array: np.ndarray) -> np.ndarray:
    """Return where an object array holds None, or something that is unequal to itself (NaN, NaT)."""
    with np.errstate(invalid="ignore"):
        unequal = np.fromiter((v is None or bool(v != v) for v in array), bool, len(array))
    return unequal


def _object_storage(name: str, array: np.ndarray) -> str:
    """Return the storage of an object array from the types that stand in it."""
    if array.dtype.kind != "O":
        raise DataError(
            f"a column of type {array.dtype} cannot be learned from",
            where=f"column '{name}'",
            expected="numbers, booleans, texts or dates",
            fix="convert it first",
        )
    types = {type(v) for v in array.tolist()} - {type(None)}
    words = {t.__name__.rstrip("_").rstrip("0123456789") for t in types}
    for storage, accepted in (
        ("string", {"str"}),
        ("boolean", {"bool"}),
        ("integer", {"int", "uint"}),
        ("float", {"int", "uint", "float"}),
    ):
        if words <= accepted or (
            storage != "float"
            and words <= accepted | {"float"}
            and words - {"float"}
            and _only_missing_floats(array)
        ):
            return storage
    raise DataError(
        f"values of several types stand in one column ({', '.join(sorted(words))})",
        where=f"column '{name}'",
        fix="convert the column to one type, texts for instance",
    )


def _only_missing_floats(array: np.ndarray) -> bool:
    """Return whether every float in an object array is NaN (how pandas writes a missing text)."""
    return all(v != v for v in array.tolist() if isinstance(v, float))


class ArrayTable(AbstractTable):
    """A numeric matrix with named columns, and further one-dimensional columns beside it.

    The matrix stays one block. Nothing but NumPy is imported.

    Args:
        matrix: numbers or booleans (rows, columns).
        names: a name for each column of the matrix.
        extra: further columns by name, such as the target.
        source: what to call the data in messages.
        lines: the row of each row in the source, where rows were taken from a larger table.
        forms: how columns of texts are read as numbers.
        allow_missing: whether NaN is meant, and no fault.

    Example:
        >>> table = ArrayTable(np.eye(2), ["a", "b"], {"target": np.array(["yes", "no"])})
        >>> table.names, table.height, table.column("target").storage
        (('a', 'b', 'target'), 2, 'string')
    """

    first_line = 0

    def __init__(
        self,
        matrix: np.ndarray,
        names: Sequence[str],
        extra: dict[str, np.ndarray] | None = None,
        *,
        source: str = "<arrays>",
        lines: np.ndarray | None = None,
        forms: Mapping[str, str] | None = None,
        allow_missing: bool = False,
    ):
        self.forms = dict(forms or {})
        self.matrix, self.extra, self.source, self.lines = matrix, dict(extra or {}), source, lines
        self.allow_missing = allow_missing
        self.names = (*names, *self.extra)
        self.height = len(matrix)
        self._position = {name: i for i, name in enumerate(names)}
        self._latest: ArrayColumn | None = None

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns beside the matrix, which holds numbers."""
        return tuple(self.extra)

    @property
    def strict(self) -> bool:
        """Arrays are strict: NaN in them is a fault unless it is said to be meant."""
        return not self.allow_missing

    def column(self, name: str) -> ArrayColumn:
        """Return a column."""
        if name in self._position:
            if (
                self._latest is None or self._latest.name != name
            ):  # a column is asked for several times in a row
                values = np.ascontiguousarray(self.matrix[:, self._position[name]])
                self._latest = ArrayColumn(name, values)
            return self._latest
        if name not in self.extra:
            self.require(name)
        return ArrayColumn(name, self.extra[name], form=self.forms.get(name))

    def labels(self, name: str) -> ArrayColumn:
        """Return a column exactly as it was given."""
        return self.column(name)

    def take(self, rows: np.ndarray) -> ArrayTable:
        """Return the table at the given rows."""
        rows = np.asarray(rows)
        extra = {name: array[rows] for name, array in self.extra.items()}
        lines = rows if self.lines is None else self.lines[rows]
        return self._with(self.matrix[rows], list(self._position), extra, lines)

    def _with(
        self, matrix: np.ndarray, names: Sequence[str], extra: dict[str, np.ndarray], lines: Any
    ) -> ArrayTable:
        return ArrayTable(
            matrix,
            names,
            extra,
            source=self.source,
            lines=lines,
            forms=self.forms,
            allow_missing=self.allow_missing,
        )

    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> ArrayTable:
        """Return the table with some columns of texts read as numbers, or with other values."""
        own = {name: form for name, form in forms.items() if name in self.extra}
        if not own and not values:
            return self
        rest = self.drop([name for name in values if name in self._position])
        table = rest._with(rest.matrix, list(rest._position), {**rest.extra, **_arrays(values)}, rest.lines)
        table.forms |= own
        return table

    def drop(self, names: Sequence[str]) -> ArrayTable:
        """Return the table without the given columns."""
        for name in names:
            self.require(name)
        kept = [name for name in self._position if name not in names]
        matrix = self.matrix
        if len(kept) < len(self._position):
            matrix = matrix[:, [self._position[name] for name in kept]]
        extra = {name: array for name, array in self.extra.items() if name not in names}
        return self._with(matrix, kept, extra, self.lines)
