"""Nodes of one graph as a modality: one column is one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key
from lamina.core.wording import counted
from lamina.data.cells import with_cells
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph
from lamina.data.table import AbstractColumn, AbstractTable
from lamina.modalities.base import (
    AbstractModality,
    Block,
    Choice,
    Description,
    Learned,
    Outcome,
    Situation,
    Subject,
)
from lamina.modalities.node import choose
from lamina.modalities.node.check import NodeCheck
from lamina.modalities.node.encoder import NodeEncoder, column_of, columns_of
from lamina.modalities.node.stored import check_encoder
from lamina.modalities.optional import AbstractContextReader
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.core.page import Section


@dataclass(frozen=True)
class NodeKeys:
    """The keys of nodes."""

    neighbors: tuple[int, ...] | None = key(
        None,
        "neighbors of a node that a step draws, round by round, as 10,10; none: it sees the graph whole",
        check=lambda value: all(isinstance(count, int) and count > 0 for count in value),
        expected="whole numbers above 0, separated by commas, or none",
    )


class NodeModality(AbstractModality, AbstractContextReader):
    """Nodes of one graph, which a network sees with their neighbors."""

    name = noun = NODE
    kinds = (NODE,)
    keys = NodeKeys

    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | None:
        """Return a column of nodes as it is."""
        return column if isinstance(column, NodeColumn) else None

    def rejoin(self, table: AbstractTable, name: str) -> AbstractTable:
        """Return new data with their only column of nodes under the name that training gave it."""
        found = [other for other in table.names if isinstance(table.column(other), NodeColumn)]
        if name in table.names or len(found) != 1:
            return table
        column = column_of(table, found[0])
        return with_cells(table.drop(found), {name: column.named(name)})

    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return how many edges and features each column's graph has."""
        graphs = {name: column_of(table, name).graph for name in names}
        return [Description(name, NODE, _words(graph)) for name, graph in graphs.items()]

    def around(self, table: AbstractTable, block: Block) -> AbstractTable:
        """Return the columns of all nodes."""
        return columns_of(column_of(table, block.columns[0].name).graph, table.source)

    def check(self, subject: Subject, block: Block, keys: Any) -> NodeCheck:
        """Return the checks of the graph."""
        return NodeCheck(subject, block)

    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: NodeKeys) -> NodeEncoder:
        """Learn mean and standard deviation of dense features from training nodes."""
        return NodeEncoder.fit(table, block.columns[0].name, rows, neighbors=keys.neighbors)

    def restore(self, stored: dict[str, Any], place: str) -> NodeEncoder:
        """Return the encoder in an artifact's JSON."""
        check_encoder(stored, place)
        return NodeEncoder.from_json(stored)

    def settle(self, keys: NodeKeys, learned: Learned) -> NodeKeys:
        """Return the keys with what was found of the graph."""
        return dataclasses.replace(keys, neighbors=learned.encoder.neighbors)

    def choose(self, situation: Situation) -> Choice:
        """Return a graph convolution and its training keys."""
        return choose.choose(situation)

    def sections(self, outcome: Outcome, block: Block, encoder: NodeEncoder) -> list[Section]:
        """Return facts of the graph, the nodes that were answered worst, and a map."""
        from lamina.modalities.node.sections import node_sections

        return node_sections(outcome, block.columns[0].name)


def _words(graph: NodeGraph) -> str:
    """Return the size of a graph.

    Example:
        >>> _words(NodeGraph(2, np.array([[0, 1]]), weights=np.ones(1)))
        '1 edge with weights, 0 features a node'
    """
    weights = "" if graph.weights is None else " with weights"
    return f"{counted(len(graph.edges), 'edge')}{weights}, {counted(graph.width, 'feature')} a node"


MODALITIES.add(NODE, NodeModality())
