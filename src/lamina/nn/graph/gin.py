"""Graph isomorphism networks: a sum of neighbors before a network for each node."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer, apply
from lamina.nn.linear import Linear, aligned
from lamina.ops.edges import edge_sum, gather_nodes, scatter_sum


class GINConv(AbstractGraphLayer):
    """y_i = nn((1 + ε) · x_i + Σ_{j → i} x_j).

    A sum, unlike a mean or a maximum, keeps which neighbors there are and how often; so no network of
    messages tells more graphs apart. O(edges · in) and what ``nn`` takes.

    Args:
        nn: a module over features of nodes, mostly two weighted sums; it may be one over graphs, such as a
            `GraphSequential` with a `NodeBatchNorm`.
        eps: ε at the beginning.
        learned: whether ε is trained.

    Shapes:
        x (batch, nodes, features), graph → those of ``nn``; ``eps`` (1,), where it is learned

    Example:
        >>> import jax.numpy as jnp
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> layer = GINConv(Linear(3, 2, key=0), learned=True)
        >>> layer(jnp.ones((1, 2, 3)), Graph(jnp.ones((1, 2), bool), *edges)).shape
        (1, 2, 2)

    References:
        Xu, Hu, Leskovec, Jegelka. How powerful are graph neural networks? ICLR 2019.
    """

    nn: Module
    eps: Float[Array, " 1"] | None
    fixed: float = static()

    def __init__(self, nn: Module, *, eps: float = 0.0, learned: bool = False):
        self.nn, self.fixed = nn, float(eps)
        self.eps = np.full((1,), eps, np.float32) if learned else None

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        near = edge_sum(x, graph.senders, graph.receivers)
        return apply(self.nn, near + _itself(x, self.eps, self.fixed), graph, key=key, train=train)


class GINEConv(AbstractGraphLayer):
    """y_i = nn((1 + ε) · x_i + Σ_{j → i} relu(x_j + W·e_ij + b)): `GINConv` with features of edges.

    O(edges · in · edge_features) and what ``nn`` takes.

    Args:
        in_features: numbers of a node that enter.
        edge_features: numbers of an edge.
        nn: a module over features of nodes, or one over graphs.
        eps: ε at the beginning.
        learned: whether ε is trained.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → those of ``nn``; ``lin.weight`` (in_features, edge_features),
        ``eps`` (1,), where it is learned

    Example:
        >>> import jax.numpy as jnp
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges, features=jnp.ones((1, 2, 5)))
        >>> GINEConv(3, 5, Linear(3, 2, key=0), key=1)(jnp.ones((1, 2, 3)), graph).shape
        (1, 2, 2)

    References:
        Hu et al. Strategies for pre-training graph neural networks. ICLR 2020.
    """

    nn: Module
    lin: Linear
    eps: Float[Array, " 1"] | None
    fixed: float = static()

    def __init__(
        self,
        in_features: int,
        edge_features: int,
        nn: Module,
        *,
        eps: float = 0.0,
        learned: bool = False,
        key: Any,
    ):
        self.nn, self.fixed, self.lin = nn, float(eps), Linear(edge_features, in_features, key=key)
        self.eps = np.full((1,), eps, np.float32) if learned else None

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        messages = jax.nn.relu(gather_nodes(x, graph.senders) + self.lin(graph.edge_features(self.path)))
        near = scatter_sum(messages, graph.receivers, graph.nodes)
        return apply(self.nn, near + _itself(x, self.eps, self.fixed), graph, key=key, train=train)


def _itself(x: Array, eps: Array | None, fixed: float) -> Array:
    return x * (1.0 + fixed) if eps is None else x * aligned(eps + 1.0, x)
