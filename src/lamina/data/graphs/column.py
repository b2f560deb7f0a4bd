"""A column of graphs."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.cells import CellColumn
from lamina.data.graphs.store import Graphs

GRAPH = "graph"  # the storage, the kind, and the usual name
NO_FAULTS: Mapping[int, str] = {}


class AbstractGraphColumn(CellColumn):
    """A column whose values are graphs; its storage is ``graph``."""

    storage = GRAPH
    in_memory = True

    @property
    @abc.abstractmethod
    def graphs(self) -> Graphs:
        """The graphs of the column's rows; one without nodes where there is none."""

    @abc.abstractmethod
    def faults(self) -> Mapping[int, str]:
        """Return the rows whose graph cannot be read, each with what is wrong with it."""

    def place(self, row: int) -> str:
        """Return an empty text: graphs have no files of their own."""
        return ""

    def unlabeled(self, source: str) -> DataError:
        """Return the error for graphs without any label."""
        return DataError(
            "the graphs have no labels",
            where=source,
            expected="a label for each graph",
            fix="add the file NAME_graph_labels.txt, or name the target column; predict needs no labels",
        )


class GraphColumn(AbstractGraphColumn):
    """Graphs in memory.

    Args:
        name: the name of the column.
        graphs: all of them.
        rows: which of them stand in the column, in order; all without.
        origin: the files that they were read from.
    """

    def __init__(
        self, name: str, graphs: Graphs, *, rows: np.ndarray | None = None, origin: Sequence[str] = ()
    ):
        self.name, self.origin = name, tuple(origin)
        self._all = graphs
        self._rows = np.arange(len(graphs)) if rows is None else np.asarray(rows, np.int64)
        self._own: Graphs | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def graphs(self) -> Graphs:
        """The graphs of the column's rows."""
        if self._own is None:
            whole = np.array_equal(self._rows, np.arange(len(self._all)))
            self._own = self._all if whole else self._all.take(self._rows)
        return self._own

    def take(self, rows: np.ndarray) -> GraphColumn:
        """Return the column at the given rows; no graph is touched."""
        return GraphColumn(self.name, self._all, rows=self._rows[np.asarray(rows)], origin=self.origin)

    def named(self, name: str) -> GraphColumn:
        """Return the same graphs under a name."""
        return (
            self if name == self.name else GraphColumn(name, self._all, rows=self._rows, origin=self.origin)
        )

    def missing(self) -> np.ndarray:
        """Return that no graph is missing."""
        return np.zeros(len(self), bool)

    def faults(self) -> Mapping[int, str]:
        """Return none: graphs that cannot be read are refused by their reader."""
        return NO_FAULTS

    def files(self) -> list[str]:
        """Return the files that the graphs were read from."""
        return list(self.origin)

    def digests(self) -> np.ndarray:
        """Return uint64 for each graph, equal for graphs that are equal up to the order of their nodes."""
        return self._all.digests()[self._rows]

    def value(self, row: int) -> str:
        """Return the size of a graph in words."""
        at = self._rows[row]
        nodes, edges = int(self._all.node_counts[at]), int(self._all.edge_counts[at])
        return f"a graph of {counted(nodes, 'node')} and {counted(edges, 'edge')}"
