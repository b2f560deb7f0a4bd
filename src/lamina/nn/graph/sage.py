"""GraphSAGE: a node beside what its neighbors say together."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.module import static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.graph.aggregators import AGGREGATORS
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.linear import Linear
from lamina.ops.edges import degrees, edge_sum, gather_nodes, scatter_sum


class SAGEConv(AbstractGraphLayer):
    """y_i = W_l · aggregate_{j → i} x_j + b + W_r · x_i.

    Unlike `GCNConv` the node itself has weights of its own, so that it is not lost among many neighbors.
    Where edges have weights the mean is Σ_j w_ij · x_j / Σ_j w_ij; other aggregators leave them aside.
    O(nodes · in · out + edges · in).

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave.
        aggregator: ``"mean"``, ``"max"`` or another name in `lamina.nn.graph.aggregators.AGGREGATORS`.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, out_features); ``lin_l.weight`` and
        ``lin_r.weight`` (out_features, in_features), ``lin_l.bias`` (out_features,)

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> SAGEConv(3, 2, key=0)(jnp.ones((1, 2, 3)), Graph(jnp.ones((1, 2), bool), *edges)).shape
        (1, 2, 2)

    References:
        Hamilton, Ying, Leskovec. Inductive representation learning on large graphs. NeurIPS 2017.
    """

    lin_l: Linear
    lin_r: Linear
    aggregator: str = static()

    def __init__(self, in_features: int, out_features: int, *, aggregator: str = "mean", key: Any):
        near_key, own_key = split(key, 2)
        self.lin_l = Linear(in_features, out_features, key=near_key)
        self.lin_r = Linear(in_features, out_features, bias=False, key=own_key)
        AGGREGATORS[aggregator]  # refuses names that are none
        self.aggregator = aggregator

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        if self.aggregator == "mean" and graph.weights is not None:
            weight = graph.weights[..., None].astype(x.dtype)
            total = scatter_sum(weight, graph.receivers, graph.nodes)
            near = edge_sum(x, graph.senders, graph.receivers, weight) / jnp.where(total > 0, total, 1)
        elif self.aggregator == "mean":  # the same without forming a message for each edge
            count = jnp.maximum(degrees(graph.receivers, graph.nodes), 1)[..., None]
            near = edge_sum(x, graph.senders, graph.receivers) / count.astype(x.dtype)
        else:
            messages = gather_nodes(x, graph.senders)
            near = AGGREGATORS[self.aggregator](messages, graph.receivers, graph.nodes)
        return self.lin_l(near) + self.lin_r(x)
