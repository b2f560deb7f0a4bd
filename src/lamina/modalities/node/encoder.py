"""A graph as the arrays a model takes, and which of its nodes the rows are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.common import COMMON
from lamina.core.errors import DataError
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph, SparseRows
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractEncoder

FILL = -1
FEWEST_SCALE = 1e-6  # a feature that varies less is left as it is


class NodeEncoder(AbstractEncoder):
    """Translate rows into numbers of nodes, and the graph into arrays that all rows share.

    Sparse features become symbols with a scale, x_ij / Σ_j |x_ij|: the rows of a bag of words add up to one.
    Dense features are brought to mean zero and standard deviation one, both of the training nodes.

    Args:
        name: the column of nodes.
        width: features of a node.
        sparse: whether most of them are zero.
        mean: of each dense feature.
        std: of each dense feature.
    """

    def __init__(
        self, name: str, width: int, *, sparse: bool, mean: tuple[float, ...], std: tuple[float, ...]
    ):
        self.name, self.width, self.sparse, self.mean, self.std = name, width, sparse, mean, std

    @staticmethod
    def fit(table: AbstractTable, name: str, rows: np.ndarray) -> NodeEncoder:
        """Return the encoder fitted to the training nodes.

        Args:
            table: the data.
            name: the column of nodes.
            rows: the training rows.
        """
        column = column_of(table, name)
        features, width = column.graph.features, column.graph.width
        if features is None or isinstance(features, SparseRows):
            return NodeEncoder(name, width, sparse=features is not None, mean=(), std=())
        own = features[column.ids[np.asarray(rows)]].astype(np.float64)
        std = own.std(axis=0)
        std = np.where(std < FEWEST_SCALE, 1.0, std)
        return NodeEncoder(
            name, width, sparse=False, mean=tuple(own.mean(axis=0).tolist()), std=tuple(std.tolist())
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of nodes."""
        return (self.name,)

    @property
    def inputs(self) -> NodeInputs:
        """What a model must know of the graph."""
        numbers = 1 if not self.width else 0 if self.sparse else self.width
        return NodeInputs(
            GraphInputs(numbers=numbers, symbols=self.width if self.sparse else 0, weighted=self.sparse)
        )

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the nodes of all rows, or of the given ones, and the graph.

        Raises:
            DataError: there are no nodes, or they have other features than in training.
        """
        column = column_of(table, self.name)
        ids = column.ids if rows is None else column.ids[np.asarray(rows)]
        return {"at": ids.astype(np.int32), COMMON: self._graph(column.graph, table.source)}

    def _graph(self, graph: NodeGraph, source: str) -> dict[str, np.ndarray]:
        """Return the arrays of a graph, as `lamina.core.inputs.graph.GraphInputs` says, one graph."""
        features = graph.features
        if graph.width != self.width or isinstance(features, SparseRows) != self.sparse:
            kind = "sparse " if self.sparse else ""
            expected = f"{self.width} {kind}features of each node"
            received = f"{graph.width} {'sparse ' * isinstance(features, SparseRows)}features"
            raise DataError(
                "other features than in training", where=source, expected=expected, received=received
            )
        found: dict[str, np.ndarray] = {"mask": np.ones(graph.count, bool), "edges": graph.edges}
        if isinstance(features, SparseRows):
            sums = np.zeros(graph.count)
            row_of = np.repeat(np.arange(graph.count), features.lengths)
            np.add.at(sums, row_of, np.abs(features.values))
            scale = (features.values / np.maximum(sums, 1e-12)[row_of]).astype(np.float32)
            found["symbols"] = features.padded(features.columns, FILL)
            found["scale"] = features.padded(scale, 0.0)
        elif features is not None:
            found["numbers"] = ((features - np.array(self.mean)) / np.array(self.std)).astype(np.float32)
        else:
            found["numbers"] = np.log1p(graph.degrees())[:, None].astype(np.float32)
        return {name: array[None] for name, array in found.items()}

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "name": self.name,
            "width": self.width,
            "sparse": self.sparse,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> NodeEncoder:
        """Return the encoder that `to_json` stored."""
        moments = {name: tuple(stored[name]) for name in ("mean", "std")}
        return NodeEncoder(stored["name"], stored["width"], sparse=stored["sparse"], **moments)


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
