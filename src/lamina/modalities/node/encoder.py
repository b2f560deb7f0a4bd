"""A graph as the arrays a model takes, and which of its nodes the rows are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.core.shared_arrays import COMMON
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph, SparseRows
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractContextEncoder, AbstractEncoder, Strange
from lamina.modalities.node.features import (
    FILL,
    Features,
    own_symbols,
    sparse_features,
    table_inputs,
    with_columns,
)

DENSE, SPARSE, NONE = KINDS = ("dense", "sparse", "none")
MOST_WHOLE = 2_000_000  # edges of a graph that is seen whole at each step
USUAL_NEIGHBORS = (10, 10)
FEWEST_SCALE = 1e-6  # a feature that varies less is left as it is


@dataclass(frozen=True)
class NodeEncoder(AbstractContextEncoder):
    """Translate rows into numbers of nodes, and the graph into arrays that all rows share.

    Sparse features become symbols with a scale, x_ij / Σ_j |x_ij|: the rows of a bag of words add up to one.
    Dense features are brought to mean zero and standard deviation one, both of the training nodes. Where a
    graph has no features, each node is a symbol of its own, known again by its name; where nodes have no
    names, the network learns this graph, and no other. Columns of the table of nodes stand beside these,
    as the encoder that was fitted to the training rows gives them: so neighbors are seen with their columns.

    Args:
        name: the column of nodes.
        kind: of the features: ``"dense"``, ``"sparse"``, or ``"none"``.
        width: features of a node; without any, the number of nodes.
        mean: of each dense feature.
        std: of each dense feature.
        neighbors: how many neighbors of a node are drawn, round by round; empty: the graph is seen whole.
        names: of the nodes that are symbols of their own, in their order; empty where they have none.
        sees_columns: whether the graph brings along the columns of all nodes.
        weighs_edges: whether edges have weights.
        shared: block name → encoder of columns; none before `with_columns`.
    """

    name: str
    kind: str
    width: int
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    neighbors: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    sees_columns: bool = False
    weighs_edges: bool = False
    shared: Mapping[str, AbstractEncoder] = field(default_factory=dict)

    @staticmethod
    def fit(
        table: AbstractTable, name: str, rows: np.ndarray, *, neighbors: tuple[int, ...] | None = None
    ) -> NodeEncoder:
        """Return the encoder fitted to the training nodes.

        Args:
            table: the data.
            name: the column of nodes.
            rows: the training rows.
            neighbors: how many neighbors of a node are drawn, round by round; empty: the graph is seen
                whole. None: whole where it has few edges.
        """
        column = column_of(table, name)
        graph = column.graph
        if neighbors is None:
            neighbors = () if len(graph.edges) <= MOST_WHOLE else USUAL_NEIGHBORS
        kind, width = _form(graph)
        names = graph.names if kind == NONE else ()
        made = NodeEncoder(
            name,
            kind,
            width,
            neighbors=neighbors,
            names=names,
            sees_columns=graph.columns is not None,
            weighs_edges=graph.weights is not None,
        )
        features = graph.features
        if not isinstance(features, np.ndarray):
            return made
        own = features[np.unique(column.ids[np.asarray(rows)])].astype(np.float64)
        std = own.std(axis=0)
        std = np.where(std < FEWEST_SCALE, 1.0, std)
        return dataclasses.replace(made, mean=tuple(own.mean(axis=0).tolist()), std=tuple(std.tolist()))

    def with_columns(self, shared: Mapping[str, AbstractEncoder]) -> NodeEncoder:
        """Return the encoder that shows each node's columns to its neighbors.

        Args:
            shared: block name → fitted encoder of columns.
        """
        return dataclasses.replace(self, shared=dict(shared)) if self.sees_columns else self

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of nodes."""
        return (self.name,)

    @property
    def inputs(self) -> NodeInputs:
        """What a model must know of the graph."""
        numbers, symbols = (self.width, 0) if self.kind == DENSE else (0, self.width)
        beside = [table_inputs(encoder) for encoder in self.shared.values()]
        numbers += sum(own.numeric for own in beside)
        symbols += sum(size for own in beside for size in own.cardinalities)
        graph = GraphInputs(numbers=numbers, symbols=symbols, weighted=self.kind == SPARSE)
        return NodeInputs(graph, self.neighbors)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the nodes of all rows, or of the given ones, and the graph.

        Raises:
            DataError: there are no nodes, or they have other features than in training.
        """
        column = column_of(table, self.name)
        ids = column.ids if rows is None else column.ids[np.asarray(rows)]
        return self.arrays(ids, column.graph, source=table.source)

    def strange(self, table: AbstractTable, arrays: dict[str, Any]) -> Iterator[Strange]:
        """Yield the rows whose nodes have no symbol, as training did not have them.

        Args:
            table: new data.
            arrays: of all its rows.
        """
        if self.names:
            unknown = arrays[COMMON]["symbols"][0, arrays["at"], 0] == FILL
            rows = np.flatnonzero(unknown.reshape(len(unknown), -1).any(axis=1))
            if rows.size:
                first = column_of(table, self.name).value(int(rows[0]))
                yield Strange(self.name, "unseen-node", "nodes that training did not have", rows, first)

    def arrays(self, ids: np.ndarray, graph: NodeGraph, *, source: str = "") -> dict[str, Any]:
        """Return some nodes, or pairs of them, and a graph.

        Args:
            ids: numbers of nodes, rows first.
            graph: all nodes and edges.
            source: where the graph came from, for messages.

        Raises:
            DataError: the nodes have other features than in training.
        """
        return {"at": ids.astype(np.int32), COMMON: self._graph(graph, source)}

    def _graph(self, graph: NodeGraph, source: str) -> dict[str, np.ndarray]:
        """Return the arrays of a graph, as `lamina.core.inputs.graph.GraphInputs` says, one graph."""
        found: dict[str, np.ndarray] = {"mask": np.ones(graph.count, bool), "edges": graph.edges}
        if self.neighbors:
            degrees = graph.degrees().astype(np.int32)
            starts = (np.cumsum(degrees) - degrees).astype(np.int32)
            found = {"starts": starts, "degrees": degrees, "senders": graph.edges[:, 0].copy()}
        if self.weighs_edges:
            found["edge_weight"] = (
                np.ones(len(graph.edges), np.float32) if graph.weights is None else graph.weights
            )
        features = self._features(graph, source)
        if self.shared:
            symbols = 0 if self.kind == DENSE else self.width
            features = with_columns(features, symbols, self.shared, columns_of(graph, source))
        return {name: array[None] for name, array in {**found, **features}.items()}

    def _features(self, graph: NodeGraph, source: str) -> Features:
        """Return what is known of each node beside its columns.

        Raises:
            DataError: it is other than in training, or nothing is known of any node.
        """
        kind, width = _form(graph)
        by_name = kind == self.kind == NONE and self.names and graph.names
        if (kind, width) != (self.kind, self.width) and not by_name:
            expected, received = _words(self.kind, self.width), _words(kind, width)
            raise DataError(
                "other features than in training", where=source, expected=expected, received=received
            )
        features = graph.features
        if isinstance(features, SparseRows):
            return sparse_features(features)
        if features is not None:
            return {"numbers": ((features - np.array(self.mean)) / np.array(self.std)).astype(np.float32)}
        found = own_symbols(graph, self.names)
        if by_name and not self.shared and (found["symbols"] == FILL).all():
            raise DataError(
                "training had none of these nodes, and nothing but their names is known of them",
                where=source,
                expected=f"nodes such as '{self.names[0]}'",
                received=f"nodes such as '{graph.names[0]}'",
                fix="train with columns of the nodes, which say something of new ones too",
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact; encoders of columns are stored as theirs."""
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        own = {"name": self.name, "kind": self.kind, "width": self.width}
        return {**own, **lists, **{name: getattr(self, name) for name in _FLAGS}}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> NodeEncoder:
        """Return the encoder that `to_json` stored."""
        lists = {name: tuple(stored[name]) for name in _LISTS}
        flags = {name: stored[name] for name in _FLAGS}
        return NodeEncoder(stored["name"], stored["kind"], stored["width"], **lists, **flags)


_LISTS, _FLAGS = ("mean", "std", "neighbors", "names"), ("sees_columns", "weighs_edges")


def _form(graph: NodeGraph) -> tuple[str, int]:
    """Return the kind of a graph's features and how many a node has; without any, how many nodes it has."""
    if graph.features is None:
        return NONE, graph.count
    return SPARSE if isinstance(graph.features, SparseRows) else DENSE, graph.width


def columns_of(graph: NodeGraph, source: str) -> AbstractTable:
    """Return the columns of all nodes.

    Args:
        graph: all nodes and edges.
        source: where it came from, for messages.

    Raises:
        DataError: there are none.
    """
    if graph.columns is None:
        expected = "a table of nodes, as in training"
        raise DataError("the nodes have no columns", where=source, expected=expected)
    return graph.columns


def _words(kind: str, width: int) -> str:
    return f"{width} nodes without features" if kind == NONE else f"{width} {kind} features of each node"


def column_of(table: AbstractTable, name: str) -> NodeColumn:
    """Return a column of nodes.

    Raises:
        DataError: there is no such column, or it holds no nodes.
    """
    column = table.column(name) if name in table.names else None
    if not isinstance(column, NodeColumn):
        raise DataError(
            "there are no nodes of a graph",
            where=table.source,
            expected="a graph, as the network learned from",
            received=f"columns {', '.join(map(str, table.names[:8]))}",
        )
    return column
