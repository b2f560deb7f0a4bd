"""Graph convolution: the mean of the neighbors, weighted by degrees."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.initializers import glorot_uniform
from lamina.nn.linear import Linear, aligned
from lamina.ops.edges import degrees, edge_sum, scatter_sum


class GCNConv(AbstractGraphLayer):
    """y_i = Σ_j w_ij · W·x_j / √(d_i · d_j) + b over the node i itself and the senders of its edges.

    w_ij is the weight of the edge from j to i, 1 where the graph has none; each node has an edge to itself
    of weight 1. d_i is the sum of the weights of all edges that lead to i, that one among them.

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, out_features). O(nodes · in · out + edges · out)

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn.graph.graph import Graph
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> GCNConv(3, 2, key=0)(jnp.ones((1, 2, 3)), Graph(jnp.ones((1, 2), bool), *edges)).shape
        (1, 2, 2)

    References:
        Kipf, Welling. Semi-supervised classification with graph convolutional networks. ICLR 2017.
    """

    lin: Linear
    bias: Float[Array, " o"]

    def __init__(self, in_features: int, out_features: int, *, key: Any):
        self.lin = Linear(in_features, out_features, bias=False, initializer=glorot_uniform, key=key)
        self.bias = np.zeros((out_features,), np.float32)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        y = self.lin(x)
        if graph.weights is None:
            weight, degree = None, degrees(graph.receivers, graph.nodes)[..., None]
        else:
            weight = graph.weights[..., None].astype(y.dtype)
            degree = scatter_sum(graph.weights[..., None], graph.receivers, graph.nodes)
        root = jax.lax.rsqrt(1 + degree).astype(y.dtype)
        near = edge_sum(y * root, graph.senders, graph.receivers, weight) * root
        return near + y * root**2 + aligned(self.bias, y)
