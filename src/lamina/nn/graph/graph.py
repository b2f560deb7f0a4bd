"""What a layer is told about the graphs of a batch."""

from __future__ import annotations

from typing import NamedTuple

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.shapes import Bool, Float, Int


class Graph(NamedTuple):
    """The edges of a batch of graphs, which are filled up to the same numbers of nodes and edges.

    Args:
        mask: which nodes are there, (batch, nodes).
        senders: the node that each edge begins at, (batch, edges); -1 where there is no edge.
        receivers: the node that it leads to, -1 where there is none. An edge without direction stands twice.
        features: of each edge, (batch, edges, g), or None.
        kinds: number of each edge's relation, (batch, edges), or None.
        weights: of each edge, (batch, edges), not below 0, or None where all count alike.
    """

    mask: Bool[Array, "b n"]
    senders: Int[Array, "b e"]
    receivers: Int[Array, "b e"]
    features: Float[Array, "b e g"] | None = None
    kinds: Int[Array, "b e"] | None = None
    weights: Float[Array, "b e"] | None = None

    @property
    def nodes(self) -> int:
        """Nodes of each graph, those that fill up among them."""
        return self.mask.shape[1]

    def edge_features(self, where: str = "") -> Float[Array, "b e g"]:
        """Return the features of the edges.

        Args:
            where: path of the layer that needs them.

        Raises:
            ConfigError: there are none.
        """
        if self.features is None:
            raise ConfigError(
                "the graph has no features of edges",
                where=where,
                expected="numbers of each edge",
                received="none",
                fix="give the edges features, or take a layer that needs none, such as GINConv",
            )
        return self.features

    def edge_kinds(self, where: str = "") -> Int[Array, "b e"]:
        """Return the number of each edge's relation.

        Args:
            where: path of the layer that needs them.

        Raises:
            ConfigError: there are none.
        """
        if self.kinds is None:
            raise ConfigError(
                "the graph has no kinds of edges",
                where=where,
                expected="the number of each edge's relation",
                received="none",
                fix="give the edges kinds, or take a layer that needs none, such as GCNConv",
            )
        return self.kinds
