"""A graph as the arrays a model takes, and which of its nodes the rows are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.core.shared_arrays import COMMON
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph, SparseRows
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractEncoder

FILL = -1
DENSE, SPARSE, NONE = KINDS = ("dense", "sparse", "none")
TINY = 1e-12
MOST_WHOLE = 2_000_000  # edges of a graph that is seen whole at each step
USUAL_NEIGHBORS = (10, 10)
FEWEST_SCALE = 1e-6  # a feature that varies less is left as it is


class NodeEncoder(AbstractEncoder):
    """Translate rows into numbers of nodes, and the graph into arrays that all rows share.

    Sparse features become symbols with a scale, x_ij / Σ_j |x_ij|: the rows of a bag of words add up to one.
    Dense features are brought to mean zero and standard deviation one, both of the training nodes. Where
    nothing is known of the nodes, each is its own symbol: the network learns this graph, and no other.

    Args:
        name: the column of nodes.
        kind: of the features: ``"dense"``, ``"sparse"``, or ``"none"``.
        width: features of a node; without any, the number of nodes.
        mean: of each dense feature.
        std: of each dense feature.
        neighbors: how many neighbors of a node are drawn, round by round; empty: the graph is seen whole.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        width: int,
        *,
        mean: tuple[float, ...] = (),
        std: tuple[float, ...] = (),
        neighbors: tuple[int, ...] = (),
    ):
        self.name, self.kind, self.width, self.mean, self.std = name, kind, width, mean, std
        self.neighbors = neighbors

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
        if neighbors is None:
            neighbors = () if len(column.graph.edges) <= MOST_WHOLE else USUAL_NEIGHBORS
        kind, width = _form(column.graph)
        features = column.graph.features
        if not isinstance(features, np.ndarray):
            return NodeEncoder(name, kind, width, neighbors=neighbors)
        own = features[np.unique(column.ids[np.asarray(rows)])].astype(np.float64)
        std = own.std(axis=0)
        std = np.where(std < FEWEST_SCALE, 1.0, std)
        moments = {"mean": tuple(own.mean(axis=0).tolist()), "std": tuple(std.tolist())}
        return NodeEncoder(name, kind, width, **moments, neighbors=neighbors)

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of nodes."""
        return (self.name,)

    @property
    def inputs(self) -> NodeInputs:
        """What a model must know of the graph."""
        if self.kind == DENSE:
            return NodeInputs(GraphInputs(numbers=self.width), self.neighbors)
        graph = GraphInputs(symbols=self.width, weighted=self.kind == SPARSE)
        return NodeInputs(graph, self.neighbors)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the nodes of all rows, or of the given ones, and the graph.

        Raises:
            DataError: there are no nodes, or they have other features than in training.
        """
        column = column_of(table, self.name)
        ids = column.ids if rows is None else column.ids[np.asarray(rows)]
        return self.arrays(ids, column.graph, source=table.source)

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
        kind, width = _form(graph)
        if (kind, width) != (self.kind, self.width):
            expected, received = _words(self.kind, self.width), _words(kind, width)
            raise DataError(
                "other features than in training", where=source, expected=expected, received=received
            )
        found: dict[str, np.ndarray] = {"mask": np.ones(graph.count, bool), "edges": graph.edges}
        if self.neighbors:
            degrees = graph.degrees().astype(np.int32)
            starts = (np.cumsum(degrees) - degrees).astype(np.int32)
            found = {"starts": starts, "degrees": degrees, "senders": graph.edges[:, 0].copy()}
        features = graph.features
        if isinstance(features, SparseRows):
            row_of = np.repeat(np.arange(graph.count), features.lengths)
            sums = np.bincount(row_of, np.abs(features.values), graph.count)
            scale = (features.values / np.maximum(sums, TINY)[row_of]).astype(np.float32)
            found["symbols"] = features.padded(features.columns, FILL)
            found["scale"] = features.padded(scale, 0.0)
        elif features is not None:
            found["numbers"] = ((features - np.array(self.mean)) / np.array(self.std)).astype(np.float32)
        else:
            found["symbols"] = np.arange(graph.count, dtype=np.int32)[:, None]
        return {name: array[None] for name, array in found.items()}

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "name": self.name,
            "kind": self.kind,
            "width": self.width,
            "mean": list(self.mean),
            "std": list(self.std),
            "neighbors": list(self.neighbors),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> NodeEncoder:
        """Return the encoder that `to_json` stored."""
        moments = {name: tuple(stored[name]) for name in ("mean", "std", "neighbors")}
        return NodeEncoder(stored["name"], stored["kind"], stored["width"], **moments)


def _form(graph: NodeGraph) -> tuple[str, int]:
    """Return the kind of a graph's features and how many a node has; without any, how many nodes it has."""
    if graph.features is None:
        return NONE, graph.count
    return SPARSE if isinstance(graph.features, SparseRows) else DENSE, graph.width


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
