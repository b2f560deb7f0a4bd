"""What a layer is told about the graphs of a batch."""

from __future__ import annotations

from typing import NamedTuple

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float, Int


class Graph(NamedTuple):
    """The edges of a batch of graphs, which are filled up to the same numbers of nodes and edges.

    Args:
        mask: which nodes are there, (batch, nodes).
        senders: the node that each edge begins at, (batch, edges); -1 where there is no edge.
        receivers: the node that it leads to, -1 where there is none. An edge without direction stands twice.
        features: of each edge, (batch, edges, g), or None.
        kinds: number of each edge's relation, (batch, edges), or None.
    """

    mask: Bool[Array, "b n"]
    senders: Int[Array, "b e"]
    receivers: Int[Array, "b e"]
    features: Float[Array, "b e g"] | None = None
    kinds: Int[Array, "b e"] | None = None

    @property
    def nodes(self) -> int:
        """Nodes of each graph, those that fill up among them."""
        return self.mask.shape[1]
