"""Graphs as the arrays a model takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina.core.errors import DataError, suggest
from lamina.core.inputs.graph import GraphInputs
from lamina.data.graph_positions import random_walk_positions
from lamina.data.graphs.column import AbstractGraphColumn
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.graphs.store import Graphs
from lamina.data.sample import sample_indices
from lamina.data.table import AbstractTable, ScalarColumn
from lamina.modalities.base import AbstractEncoder, Strange
from lamina.modalities.graph.code import FILL, FeatureCode
from lamina.modalities.graph.packed import classes_for, edges_per_place, lengths_of, packed

MOST_FITTED = 100_000  # graphs
MOST_DEGREE = 64  # edges of a node that are told apart
LARGER = 2.0  # times as many nodes as the largest training graph make a graph unlike those of training
_FIX = "give the column of graphs, or of SMILES, that the network learned from"


class GraphEncoder(AbstractEncoder):
    """Translate graphs into the arrays of `GraphInputs`, edges as (rows, length, edges beside a node, 2).

    Symbols, means and standard deviations are those of the training rows. Where nothing tells one node from
    another, the number of its edges becomes its symbol. Graphs of any size can be translated.

    Args:
        name: the column of graphs.
        nodes: the code of nodes.
        edges: the code of edges.
        per_place: edges that stand beside a node.
        widths: the lengths that graphs are filled up to, increasing.
        largest: nodes of the largest training graph.
        degrees: how many nodes of the training graphs have 0, 1, 2 … edges that lead to them.
        has_degrees: whether the number of its edges is a symbol of a node.
        walk_steps: how many probabilities of return are numbers of a node.
    """

    def __init__(
        self,
        name: str,
        *,
        nodes: FeatureCode,
        edges: FeatureCode,
        per_place: int,
        widths: tuple[int, ...],
        largest: int,
        degrees: tuple[int, ...],
        has_degrees: bool,
        walk_steps: int,
    ):
        self.name, self.nodes, self.edges = name, nodes, edges
        self.per_place, self.widths, self.largest = per_place, widths, largest
        self.degrees, self.has_degrees, self.walk_steps = degrees, has_degrees, walk_steps

    @staticmethod
    def fit(
        table: AbstractTable, name: str, *, rows: np.ndarray | None = None, walk_steps: int = 0
    ) -> GraphEncoder:
        """Return the encoder fitted to the training rows, to at most 100,000 of them.

        Args:
            table: the data.
            name: the column of graphs.
            rows: indices of the training rows; all without.
            walk_steps: how many probabilities of return become numbers of a node.

        Raises:
            DataError: there is no such column, or no node in it.
        """
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        graphs = column_of(table.take(rows[sample_indices(rows.size, MOST_FITTED)]), name).graphs
        if not len(graphs.nodes.symbols):
            raise DataError("no graph has a node", where=table.where(name=name), fix=f"drop={name}")
        nodes, per_place = FeatureCode.fit(graphs.nodes), edges_per_place(graphs)
        return GraphEncoder(
            name,
            nodes=nodes,
            edges=FeatureCode.fit(graphs.links),
            per_place=per_place,
            widths=classes_for(lengths_of(graphs.node_counts, graphs.edge_counts, per_place)),
            largest=int(graphs.node_counts.max()),
            degrees=tuple(np.bincount(np.minimum(graphs.in_degrees(), MOST_DEGREE)).tolist()),
            has_degrees=nodes.is_empty,
            walk_steps=walk_steps,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of graphs."""
        return (self.name,)

    @property
    def inputs(self) -> GraphInputs:
        """What a model must know of the graphs."""
        return GraphInputs(
            numbers=len(self.nodes.number_names) + self.walk_steps,
            symbols=self.nodes.symbols + (len(self.degrees) if self.has_degrees else 0),
            edge_numbers=len(self.edges.number_names),
            edge_symbols=self.edges.symbols,
            degrees=self.degrees,
        )

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the arrays of all rows, or of the given ones; of unequal sizes as `Ragged` rows.

        Args:
            table: the data.
            rows: indices of rows; all without.

        Raises:
            DataError: there is no such column, a graph cannot be read, or lacks what was learned from.
        """
        table = table if rows is None else table.take(np.asarray(rows))
        column = column_of(table, self.name)
        for row, why in column.faults().items():
            raise DataError(f"a graph cannot be read: {why}", where=table.where(row, self.name), fix=_FIX)
        return self._arrays(column.graphs, table.where(name=self.name))

    def hiding(self, table: AbstractTable, rows: np.ndarray, hidden: np.ndarray) -> dict[str, Any]:
        """Return the arrays of some rows with one node of each made unknown; its edges stay.

        An unknown node has no symbol, and the mean of each number.

        Args:
            table: the data, whose graphs can be read.
            rows: indices, in any order and as often as wanted.
            hidden: for each of them the number of the node, or -1 for none.
        """
        graphs = column_of(table, self.name).graphs.take(np.asarray(rows))
        places = (graphs.node_ends - graphs.node_counts + hidden)[hidden >= 0]
        return self._arrays(graphs, table.where(name=self.name), places)

    def _arrays(self, graphs: Graphs, where: str, hidden: np.ndarray | None = None) -> dict[str, Any]:
        nodes, edges = self._of_nodes(graphs, where), {}
        for name, values in nodes.items() if hidden is not None else ():
            values[hidden] = FILL if name == "symbols" else 0.0
        if self.edges.names:
            edges["edge_symbols"] = self.edges.ids(graphs.links, where)
        if self.edges.number_names:
            edges["edge_numbers"] = self.edges.numbers(graphs.links, where)
        return packed(graphs, nodes, edges, per_place=self.per_place, widths=self.widths)

    def _of_nodes(self, graphs: Graphs, where: str) -> dict[str, np.ndarray]:
        found = {}
        if self.nodes.names:
            found["symbols"] = self.nodes.ids(graphs.nodes, where)
        if self.has_degrees:
            found["symbols"] = np.minimum(graphs.in_degrees(), len(self.degrees) - 1).astype(np.int32)[
                :, None
            ]
        numbers = [self.nodes.numbers(graphs.nodes, where)] if self.nodes.number_names else []
        if self.walk_steps:
            numbers.append(_returns(graphs, self.walk_steps))
        if numbers:
            found["numbers"] = np.concatenate(numbers, axis=1)
        return found

    def strange(self, table: AbstractTable, arrays: Any) -> Iterator[Strange]:
        """Yield graphs with symbols that training never saw, and those much larger than any of training.

        Args:
            table: new data.
            arrays: of all its rows, from `transform`.
        """
        graphs = column_of(table, self.name).graphs
        where = table.where(name=self.name)
        node_owners, edge_owners = graphs.owners()
        parts = (
            ("node", self.nodes, graphs.nodes, node_owners),
            ("edge", self.edges, graphs.links, edge_owners),
        )
        for noun, code, features, owners in parts:
            unknown = (code.ids(features, where) == FILL).any(axis=1)
            if unknown.any():
                first = int(np.flatnonzero(unknown)[0])
                words = f"a symbol of a{'n' * (noun == 'edge')} {noun} that training never saw"
                example = ", ".join(features.texts(first))
                yield Strange(self.name, f"unseen-{noun}-symbol", words, np.unique(owners[unknown]), example)
        large = np.flatnonzero(graphs.node_counts > LARGER * self.largest)
        if large.size:
            words = "a graph more than twice as large as any of training"
            example = f"{graphs.node_counts[large[0]]:,} nodes"
            yield Strange(self.name, "large-graph", words, large, example)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "name": self.name,
            "nodes": self.nodes.to_json(),
            "edges": self.edges.to_json(),
            "per_place": self.per_place,
            "widths": list(self.widths),
            "largest": self.largest,
            "degrees": list(self.degrees),
            "has_degrees": self.has_degrees,
            "walk_steps": self.walk_steps,
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> GraphEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        nodes, edges = FeatureCode.from_json(stored["nodes"]), FeatureCode.from_json(stored["edges"])
        rest = ("per_place", "largest", "has_degrees", "walk_steps")
        own = {name: stored[name] for name in rest}
        degrees, widths = tuple(stored["degrees"]), tuple(stored["widths"])
        return GraphEncoder(stored["name"], nodes=nodes, edges=edges, degrees=degrees, widths=widths, **own)


def column_of(table: AbstractTable, name: str) -> AbstractGraphColumn:
    """Return a column of graphs; one of texts is read as SMILES.

    Args:
        table: the data.
        name: the column.

    Raises:
        DataError: there is no such column, or it holds neither.
    """
    if name not in table.names:
        raise DataError(
            f"column '{name}' is absent{suggest(name, table.names)}", where=table.source, fix=_FIX
        )
    column = table.column(name)
    if isinstance(column, AbstractGraphColumn):
        return column
    if isinstance(column, ScalarColumn) and column.storage == "string":
        return MoleculeColumn.of(name, column.texts().to_list())
    raise DataError("these are no graphs", where=table.where(name=name), received=column.storage, fix=_FIX)


def _returns(graphs: Graphs, steps: int) -> np.ndarray:
    """Return how likely a random walk from each node is back there after 1, 2 … steps."""
    found = np.zeros((len(graphs.nodes.symbols), steps), np.float32)
    node_starts, edge_starts = graphs.node_ends - graphs.node_counts, graphs.edge_ends - graphs.edge_counts
    for row in range(len(graphs)):
        own = graphs.edges[edge_starts[row] : graphs.edge_ends[row]]
        nodes = slice(node_starts[row], graphs.node_ends[row])
        count = int(graphs.node_counts[row])
        if count:
            found[nodes] = random_walk_positions(own[:, 0], own[:, 1], count, steps)
    return found
