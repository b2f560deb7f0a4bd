"""Columns of one source, whatever it was: what every column and every table can do."""

from __future__ import annotations

import abc
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError, suggest

if TYPE_CHECKING:
    import polars as pl

NOTHING: Mapping[str, Any] = MappingProxyType({})
LARGEST_EXACT_INTEGER = 2**53  # beyond it float64 skips integers
LARGEST_NUMBER = float(np.finfo(np.float32).max)  # beyond it the numbers of a network are infinite


@dataclass(frozen=True)
class Distinct:
    """The different values of a column, sorted, and which of them stands in each row.

    Args:
        values: the values as Python objects, sorted.
        codes: for each row the position of its value in ``values``, -1 where it is missing.
    """

    values: tuple[Any, ...]
    codes: np.ndarray

    def counts(self) -> np.ndarray:
        """Return how many rows hold each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    def spellings(self) -> list[str]:
        """Return the values as texts, a whole number alike whether it was stored as integer or float.

        Example:
            >>> Distinct((1, 2.0, "a"), np.array([0])).spellings()
            ['1', '2', 'a']
        """
        return [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in self.values]


class AbstractColumn(abc.ABC):
    """One named column.

    ``storage`` says what the values are: ``integer``, ``float``, ``boolean``, ``string`` or ``datetime`` in a
    `ScalarColumn`, a word of its own in a column of cells.
    """

    name: str
    storage: str

    @abc.abstractmethod
    def __len__(self) -> int: ...

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> AbstractColumn:
        """Return the column at the given rows."""

    @abc.abstractmethod
    def missing(self) -> np.ndarray:
        """Return a boolean array that is true where there is no value."""

    @abc.abstractmethod
    def value(self, row: int) -> Any:
        """Return one value as a Python object, for messages."""


class ScalarColumn(AbstractColumn):
    """A column of numbers, booleans, texts or dates.

    ``categorical`` says whether the type makes them categories, whatever they look like. ``form`` says how
    texts are read as numbers or dates (see `lamina.data.forms`): empty where they are neither, None where
    nobody has looked.
    """

    categorical: bool = False
    form: str | None = None

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> ScalarColumn:
        """Return the column at the given rows."""

    @abc.abstractmethod
    def with_form(self, form: str | None) -> ScalarColumn:
        """Return the column with its texts read in a form, as numbers or dates; None: nobody has looked."""

    @abc.abstractmethod
    def texts(self) -> pl.Series:
        """Return the values of a column of texts, null where there is none."""

    @abc.abstractmethod
    def numbers(self) -> np.ndarray:
        """Return float64 values; NaN where there is none or where a text is not a number."""

    @abc.abstractmethod
    def seconds(self, form: str | None = None) -> np.ndarray:
        """Return seconds since 1970 as float64, NaN where there is no date; ``form`` is the date format."""

    @abc.abstractmethod
    def distinct(self) -> Distinct:
        """Return the different values and the code of each row."""

    @abc.abstractmethod
    def oversized(self) -> int | None:
        """Return the first row whose integer float64 cannot hold exactly, or None."""


class AbstractTable(abc.ABC):
    """Named columns of equal height, and where they came from.

    ``source`` is a path, ``<frame>``, ``<arrays>`` or ``<stdin>``. ``first_line`` is the line of row 0 in
    that source: 2 for CSV (the header is line 1), 1 for JSON lines, 0 where there are no lines. ``lines``
    holds the line of every row where they do not follow one another (blank lines, line breaks in quotes).
    ``files`` are those that it was read from, where they are not the one at ``source``. ``unlabeled`` says
    what to do where the examples have no labels although their source could have them.
    """

    height: int
    names: tuple[str, ...]
    source: str
    first_line: int
    lines: np.ndarray | None
    files: tuple[str, ...] = ()
    unlabeled: str = ""
    _name_set: frozenset[str] | None = None

    @abc.abstractmethod
    def column(self, name: str) -> AbstractColumn:
        """Return a column with spellings of "missing" taken as missing; unknown names raise DataError."""

    @abc.abstractmethod
    def labels(self, name: str) -> ScalarColumn:
        """Return a column of scalars exactly as it was given, which is what a target needs."""

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> AbstractTable:
        """Return the table at the given rows."""

    @abc.abstractmethod
    def drop(self, names: Sequence[str]) -> AbstractTable:
        """Return the table without the given columns."""

    def scalar(self, name: str) -> ScalarColumn:
        """Return a column of scalars; one of cells raises DataError."""
        column = self.column(name)
        if isinstance(column, ScalarColumn):
            return column
        raise DataError(
            f"a column of type {column.storage} has no numbers, texts or dates", where=self.where(name=name)
        )

    @abc.abstractmethod
    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> AbstractTable:
        """Return the table with some columns read in another way, or with other values.

        Args:
            forms: column → how its texts are read as numbers or dates, empty where they are neither; names of
                absent columns are passed over.
            values: column → one value for each row, None where it is missing.
        """

    @property
    def cell_names(self) -> tuple[str, ...]:
        """The columns whose cells are things, such as images."""
        return ()

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns that may hold texts."""
        return self.names

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside while reading, for the audit to say."""
        return ()

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What had to be guessed while reading, each with its fix, for the audit to warn of."""
        return ()

    def _known(self) -> frozenset[str]:
        """Return the names for quick look-up, made at first use."""
        if self._name_set is None:
            self._name_set = frozenset(self.names)
        return self._name_set

    @property
    def strict(self) -> bool:
        """Whether a missing cell is a fault: so in arrays, where nobody writes NaN on purpose."""
        return False

    @property
    def folder(self) -> str:
        """The folder that paths in the table are seen from: that of its file, empty for memory."""
        return os.path.dirname(self.source)

    def line(self, row: int) -> int:
        """Return the line of a row in the source (or its index, where the source has no lines)."""
        if self.lines is not None:
            return int(self.lines[row])
        return int(row) + self.first_line

    def where(self, row: int | None = None, name: str | None = None) -> str:
        """Return the place of a cell, row or column in words.

        Example:
            >>> from lamina.data import ArrayTable
            >>> ArrayTable(np.zeros((3, 1)), ["age"]).where(2, "age")
            "<arrays>, row 2, column 'age'"
        """
        text = self.source if row is None else self.place(row)
        return text if name is None else f"{text}, column '{name}'"

    def place(self, row: int) -> str:
        """Return the place of a row in words."""
        return f"{self.source}, {'line' if self.first_line else 'row'} {self.line(row)}"

    def require(self, name: str, role: str = "column", *, fix: str = "") -> None:
        """Raise DataError, with the nearest name, unless there is such a column."""
        if name in self._known():
            return
        shown = ", ".join(map(str, self.names[:20])) + (" …" if len(self.names) > 20 else "")
        raise DataError(
            f"{role} '{name}' is absent{suggest(name, self.names)}",
            where=self.source,
            expected=f"one of {shown}" if self.names else "at least one column",
            fix=fix or f"name a column that the data have{_nearest(name, self.names)}",
        )


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with underscores appended until no other column has it.

    Args:
        name: the name that is wanted.
        taken: names of the other columns.

    Example:
        >>> free_name("target", ["age", "target"])
        'target_'
    """
    while name in taken:
        name += "_"
    return name


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return the names that differ from ``name`` in case or spaces only, as a hint."""
    key = str(name).strip().casefold()
    same = [other for other in names if str(other).strip().casefold() == key]
    return f", such as '{same[0]}'" if same else ""
