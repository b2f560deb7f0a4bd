"""A column whose cells are nodes of one graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellColumn
from lamina.data.hashing import mixed
from lamina.data.nodes.graph import NodeGraph

NODE = "node"  # the storage, the kind, and the usual name


class NodeColumn(CellColumn):
    """A column whose values are nodes; the whole graph goes with it, whichever rows are taken.

    Args:
        name: the name of the column.
        graph: all nodes and edges.
        ids: the node of each row, or the two that are its pair, (rows, 2); all nodes in their order without.
        origin: the files that the graph was read from.
    """

    storage = NODE
    in_memory = True

    def __init__(
        self, name: str, graph: NodeGraph, ids: np.ndarray | None = None, *, origin: Sequence[str] = ()
    ):
        self.name, self.graph, self.origin = name, graph, tuple(origin)
        self.ids = np.arange(graph.count, dtype=np.int32) if ids is None else ids

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> NodeColumn:
        """Return the column at the given rows, of the same graph."""
        return NodeColumn(self.name, self.graph, self.ids[rows], origin=self.origin)

    def named(self, name: str) -> NodeColumn:
        """Return the same nodes under a name."""
        return NodeColumn(name, self.graph, self.ids, origin=self.origin)

    def with_forms(self, forms: Mapping[str, str]) -> NodeColumn:
        """Return the same nodes, with texts in the columns of their graph read as numbers or dates."""
        known = self.graph.columns
        columns = None if known is None else known.changed(forms=forms)
        if columns is known:
            return self
        graph = dataclasses.replace(self.graph, columns=columns)
        return NodeColumn(self.name, graph, self.ids, origin=self.origin)

    def missing(self) -> np.ndarray:
        """Return false for every row: each is a node."""
        return np.zeros(len(self), bool)

    def place(self, row: int) -> str:
        """Return an empty text: nodes have no path."""
        return ""

    def unlabeled(self, source: str) -> DataError:
        """Return the error for nodes without any label."""
        return DataError("the nodes have no labels", where=source, fix="add an array y, one label a node")

    def files(self) -> list[str]:
        """Return the files that the graph was read from."""
        return list(self.origin)

    def digests(self) -> np.ndarray:
        """Return uint64 for each node, equal for the same node of an equal graph."""
        found = np.full(len(self), self.graph.digest, np.uint64)
        for ids in self.ids.reshape(len(self), -1).T:
            found = mixed(found, ids.astype(np.uint64))
        return found

    def value(self, row: int) -> str:
        """Return the name of the node, or of both of the pair; the number of one without a name."""
        nodes = np.atleast_1d(self.ids[row]).tolist()
        return " and ".join(f"node {self.graph.name_of(node)}" for node in nodes)
