"""Columns whose cells are things, such as images, and the table that holds any number of them."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.array_table import ArrayTable
from lamina.data.table import NOTHING, AbstractColumn, AbstractTable, ScalarColumn


class CellColumn(AbstractColumn):
    """A column whose cells are things: images, sounds, graphs.

    ``in_memory`` says whether their contents are there already, or read from files when they are needed.
    """

    in_memory: bool

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> CellColumn:
        """Return the column at the given rows; no content is touched."""

    @abc.abstractmethod
    def named(self, name: str) -> CellColumn:
        """Return the same cells under a name."""

    @abc.abstractmethod
    def place(self, row: int) -> str:
        """Return the path of a cell, or an empty text where it has none."""

    @abc.abstractmethod
    def unlabeled(self, source: str) -> DataError:
        """Return the error for cells without any label beside them, with the layouts that are understood."""

    @abc.abstractmethod
    def files(self) -> list[str]:
        """Return the files that the contents come from, which a fingerprint covers; none for memory."""

    def with_forms(self, forms: Mapping[str, str]) -> CellColumn:
        """Return the column with the columns of texts that its cells bring along read in other ways.

        Args:
            forms: column → how its texts are read, as for `lamina.data.table.AbstractTable.changed`.
        """
        return self

    def digests(self) -> np.ndarray | None:
        """Return uint64 for each cell, equal for equal contents; None where cells are not compared."""
        return None


class CellTable(AbstractTable):
    """Columns of cells, and the columns of scalars beside them.

    Args:
        cells: the columns of cells by name; they stand first, in this order.
        beside: a table of the same height, perhaps without a column.
        remarks: what was left aside while reading, for the audit to say.

    Example:
        >>> from lamina.data import read
        >>> table = read(np.zeros((4, 8, 8), np.uint8), y=[0, 1, 0, 1])
        >>> table.names, table.height, [*table.cells]
        (('image', 'target'), 4, ['image'])
    """

    def __init__(
        self, cells: Mapping[str, CellColumn], beside: AbstractTable, *, remarks: Sequence[str] = ()
    ):
        for name, column in cells.items():
            if len(column) != beside.height or name in beside.names:
                raise DataError(f"column '{name}' does not fit the columns beside it", where=beside.source)
        self.cells = {name: column.named(name) for name, column in cells.items()}
        self.beside, self._remarks = beside, tuple(remarks)
        self.names, self.height = (*self.cells, *beside.names), beside.height
        self.source, self.first_line, self.lines = beside.source, beside.first_line, beside.lines

    @property
    def cell_names(self) -> tuple[str, ...]:
        """The columns of cells."""
        return tuple(self.cells)

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns beside the cells that may hold texts."""
        return self.beside.text_names

    @property
    def strict(self) -> bool:
        """Whether a missing cell is a fault, as in the columns beside; never where there are files."""
        return self.beside.strict and all(column.in_memory for column in self.cells.values())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left aside while reading."""
        return (*self._remarks, *self.beside.remarks)

    @property
    def doubts(self) -> tuple[tuple[str, str], ...]:
        """What had to be guessed while reading the columns beside."""
        return self.beside.doubts

    def place(self, row: int) -> str:
        """Return the path of the first cell that has one; the line where the row comes from a table."""
        paths = () if self.first_line else (column.place(row) for column in self.cells.values())
        return next(filter(None, paths), "") or super().place(row)

    def column(self, name: str) -> AbstractColumn:
        """Return a column."""
        self.require(name)
        return self.cells[name] if name in self.cells else self.beside.column(name)

    def labels(self, name: str) -> ScalarColumn:
        """Return a column of scalars exactly as it was given."""
        return self.scalar(name) if name in self.cells else self.beside.labels(name)

    def take(self, rows: np.ndarray) -> CellTable:
        """Return the table at the given rows; no content is touched."""
        rows = np.asarray(rows)
        cells = {name: column.take(rows) for name, column in self.cells.items()}
        return CellTable(cells, self.beside.take(rows), remarks=self._remarks)

    def drop(self, names: Sequence[str]) -> AbstractTable:
        """Return the table without the given columns: a plain one where no column of cells is left."""
        for name in names:
            self.require(name)
        beside = self.beside.drop([name for name in names if name not in self.cells])
        cells = {name: column for name, column in self.cells.items() if name not in names}
        return CellTable(cells, beside, remarks=self._remarks) if cells else beside

    def changed(
        self, *, forms: Mapping[str, str] = NOTHING, values: Mapping[str, Sequence[Any]] = NOTHING
    ) -> CellTable:
        """Return the table with some columns beside the cells read in another way, or with other values."""
        beside = self.beside.changed(forms=forms, values=values)
        cells = {name: column.with_forms(forms) for name, column in self.cells.items()}
        is_same = beside is self.beside and all(cells[name] is self.cells[name] for name in cells)
        return self if is_same else CellTable(cells, beside, remarks=self._remarks)

    def renamed(self, names: Mapping[str, str]) -> CellTable:
        """Return the table with other names for columns of cells.

        Args:
            names: new name by old name.
        """
        cells = {names.get(name, name): column for name, column in self.cells.items()}
        return CellTable(cells, self.beside, remarks=self._remarks)


def with_cells(table: AbstractTable, cells: Mapping[str, CellColumn]) -> AbstractTable:
    """Return the table with columns of cells in place of those of the same names.

    Args:
        table: any table.
        cells: the columns by name; none leaves the table as it is.
    """
    if not cells:
        return table
    replaced = [name for name in cells if name in table.names]
    rest = table.drop(replaced) if replaced else table
    if isinstance(rest, CellTable):
        return CellTable({**rest.cells, **cells}, rest.beside, remarks=rest._remarks)
    return CellTable(cells, rest)


def columns_beside(columns: Mapping[str, np.ndarray], height: int, source: str) -> ArrayTable:
    """Return the table of columns that stand beside cells, perhaps of none.

    Args:
        columns: one-dimensional arrays by name.
        height: number of rows.
        source: a path, or a word in angle brackets, for messages.
    """
    return ArrayTable(np.empty((height, 0)), [], dict(columns), source=source)
