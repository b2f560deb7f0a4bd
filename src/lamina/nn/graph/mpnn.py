"""Messages by a matrix that a network makes of each edge, with or without a gated update."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.activation import relu
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.linear import Linear, aligned
from lamina.nn.recurrent import GRU
from lamina.nn.recurrent_step import gru_step
from lamina.nn.stack import Sequential
from lamina.ops.edges import gather_nodes, scatter_sum


class NNConv(AbstractGraphLayer):
    """y_i = W·x_i + Σ_{j → i} nn(e_ij)ᵀ · x_j + b, where ``nn`` makes a matrix of each edge's features.

    For few kinds of edges with rich features, such as bonds. O(edges · in · out · hidden): the matrices are
    what takes time and memory.

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave.
        nn: a module, edge_features → in_features · out_features.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, out_features); ``lin.weight``
        (out_features, in_features), ``bias`` (out_features,)

    Raises:
        ConfigError: the graph has no features of edges.

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges, features=jnp.ones((1, 2, 5)))
        >>> NNConv(3, 2, Linear(5, 6, key=0), key=1)(jnp.ones((1, 2, 3)), graph).shape
        (1, 2, 2)

    References:
        Gilmer et al. Neural message passing for quantum chemistry. ICML 2017, section 5 ("edge network").
    """

    nn: Module
    lin: Linear
    bias: Float[Array, " o"]
    inputs: int = static()

    def __init__(self, in_features: int, out_features: int, nn: Module, *, key: Any):
        self.nn, self.inputs = nn, in_features
        self.lin = Linear(in_features, out_features, bias=False, key=key)
        self.bias = np.zeros((out_features,), np.float32)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        return self.passed(x, graph, self.matrices(graph, key=key, train=train))

    def matrices(self, graph: Graph, *, key: Any = None, train: bool = False) -> Float[Array, "b e f o"]:
        """Return the matrix of each edge."""
        found = self.nn(graph.edge_features(self.path), key=key, train=train)
        return found.reshape(*found.shape[:2], self.inputs, -1)

    def passed(
        self, x: Float[Array, "b n f"], graph: Graph, matrices: Float[Array, "b e f o"]
    ) -> Float[Array, "b n o"]:
        """Return what the nodes get by matrices that were made before."""
        messages = jnp.einsum("bei,beio->beo", gather_nodes(x, graph.senders), matrices)
        found = scatter_sum(messages, graph.receivers, graph.nodes) + self.lin(x)
        return found + aligned(self.bias, found)


class GatedNNConv(AbstractGraphLayer):
    """Several steps of messages by one `NNConv`; a GRU writes them into the nodes' states.

    h⁰ = x;  m_i = relu(NNConv(hᵗ)_i);  hᵗ⁺¹_i = GRU(m_i, hᵗ_i). The matrices of the edges are made once.
    O(edges · width² · (hidden + steps)).

    Args:
        width: numbers of a node.
        edge_features: numbers of an edge.
        hidden: numbers between the two weighted sums that make the matrices.
        steps: how far messages go.
        key: random key or seed.

    Shapes:
        x (batch, nodes, width), graph → the same

    Raises:
        ConfigError: ``steps`` is below 1, or the graph has no features of edges.

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges, features=jnp.ones((1, 2, 5)))
        >>> GatedNNConv(4, 5, key=0)(jnp.ones((1, 2, 4)), graph).shape
        (1, 2, 4)

    References:
        Gilmer et al. Neural message passing for quantum chemistry. ICML 2017. Li et al. Gated graph sequence
        neural networks. ICLR 2016: the update.
    """

    conv: NNConv
    gru: GRU
    steps: int = static()

    def __init__(self, width: int, edge_features: int, *, hidden: int = 128, steps: int = 3, key: Any):
        if steps < 1:
            raise ConfigError("steps is out of range", expected=">= 1", received=steps)
        keys = split(key, 4)
        matrices = [
            Linear(edge_features, hidden, key=keys[0]), relu, Linear(hidden, width * width, key=keys[1])
        ]  # fmt: skip
        self.conv = NNConv(width, width, Sequential(matrices), key=keys[2])
        self.gru, self.steps = GRU(width, width, key=keys[3]), steps

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n f"]:
        matrices = self.conv.matrices(graph, key=key, train=train)
        for _ in range(self.steps):
            messages = jax.nn.relu(self.conv.passed(x, graph, matrices))
            x = gru_step(self.gru, messages, x)
        return x
