"""Graph attention: a node weighs its neighbors by what both of them are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.dropout import Dropout
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.graph.self_loops import with_self_loops
from lamina.nn.initializers import glorot_uniform
from lamina.nn.linear import Linear, aligned
from lamina.ops.edges import edge_softmax, edge_sum, gather_nodes

SLOPE = 0.2  # of leaky ReLU below zero: both papers


class GATConv(AbstractGraphLayer):
    """y_i = Σ_{j → i} α_ij · W·x_j + b over the node itself and the senders of its edges.

    α_ij = softmax_j leaky_relu(a_s · W·x_j + a_d · W·x_i + a_e · W_e·e_ij), in each head. Every node gets one
    edge to itself, of which the features are the mean of the others'. The ranking of the neighbors is the
    same for all nodes that have them; `GATv2Conv` lifts that. The weights are tapped as ``weights``. O(nodes
    · in · out + edges · out).

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave, a head.
        heads: how many ways of weighing there are.
        concat: whether the heads' results stand side by side; else their mean.
        rate: dropout on α.
        edge_features: numbers of an edge, if they are to be weighed too.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, heads · out_features), or out_features for the
        mean; ``lin.weight`` (heads · out_features, in_features), ``att_src``, ``att_dst`` and ``att_edge``
        (1, heads, out_features), ``lin_edge.weight`` (heads · out_features, edge_features)

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges)
        >>> GATConv(3, 2, heads=4, key=0)(jnp.ones((1, 2, 3)), graph).shape
        (1, 2, 8)

    References:
        Veličković et al. Graph attention networks. ICLR 2018; features of edges as PyTorch Geometric has
        them.
    """

    lin: Linear
    att_src: Float[Array, "1 h o"]
    att_dst: Float[Array, "1 h o"]
    lin_edge: Linear | None
    att_edge: Float[Array, "1 h o"] | None
    bias: Float[Array, " o"]
    dropout: Dropout
    heads: int = static()
    concat: bool = static()

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        heads: int = 1,
        concat: bool = True,
        rate: float = 0.0,
        edge_features: int | None = None,
        key: Any,
    ):
        keys, width, shape = split(key, 5), heads * out_features, (1, heads, out_features)
        self.lin = Linear(in_features, width, bias=False, initializer=glorot_uniform, key=keys[0])
        self.att_src, self.att_dst = (_glorot(own, shape) for own in (keys[1], keys[2]))
        self.lin_edge = self.att_edge = None
        if edge_features is not None:
            self.lin_edge = Linear(edge_features, width, bias=False, initializer=glorot_uniform, key=keys[3])
            self.att_edge = _glorot(keys[4], shape)
        self.bias = np.zeros((width if concat else out_features,), np.float32)
        self.dropout, self.heads, self.concat = Dropout(rate), heads, concat

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        graph = with_self_loops(graph)
        y = self.lin(x)
        scores = gather_nodes(_scores(y, self.att_src), graph.senders)
        scores += gather_nodes(_scores(y, self.att_dst), graph.receivers)
        if self.lin_edge is not None and self.att_edge is not None and graph.features is not None:
            scores += _scores(self.lin_edge(graph.features), self.att_edge)
        weights = edge_softmax(jax.nn.leaky_relu(scores, SLOPE), graph.receivers, graph.nodes)
        weights = self.dropout(self.tap("weights", weights), key=key, train=train)
        return _mixed(y, weights, graph, self.bias, self.heads, self.concat)


class GATv2Conv(AbstractGraphLayer):
    """y_i = Σ_{j → i} α_ij · W_l·x_j + b over the node itself and the senders of its edges.

    α_ij = softmax_j a · leaky_relu(W_l·x_j + W_r·x_i + W_e·e_ij), in each head: the activation stands between
    two weighted sums, so that nodes may rank the same neighbors differently. Edges of nodes to themselves as
    in `GATConv`. The weights are tapped as ``weights``. O(nodes · in · out + edges · out).

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave, a head.
        heads: how many ways of weighing there are.
        concat: whether the heads' results stand side by side; else their mean.
        rate: dropout on α.
        edge_features: numbers of an edge, if they are to be weighed too.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, heads · out_features), or out_features for the
        mean; ``lin_l.weight`` and ``lin_r.weight`` (heads · out_features, in_features), ``att``
        (1, heads, out_features), ``lin_edge.weight`` (heads · out_features, edge_features)

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges)
        >>> GATv2Conv(3, 2, heads=4, concat=False, key=0)(jnp.ones((1, 2, 3)), graph).shape
        (1, 2, 2)

    References:
        Brody, Alon, Yahav. How attentive are graph attention networks? ICLR 2022.
    """

    lin_l: Linear
    lin_r: Linear
    att: Float[Array, "1 h o"]
    lin_edge: Linear | None
    bias: Float[Array, " o"]
    dropout: Dropout
    heads: int = static()
    concat: bool = static()

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        heads: int = 1,
        concat: bool = True,
        rate: float = 0.0,
        edge_features: int | None = None,
        key: Any,
    ):
        keys, width = split(key, 4), heads * out_features
        self.lin_l = Linear(in_features, width, initializer=glorot_uniform, key=keys[0])
        self.lin_r = Linear(in_features, width, initializer=glorot_uniform, key=keys[1])
        self.att = _glorot(keys[2], (1, heads, out_features))
        self.lin_edge = None
        if edge_features is not None:
            self.lin_edge = Linear(edge_features, width, bias=False, initializer=glorot_uniform, key=keys[3])
        self.bias = np.zeros((width if concat else out_features,), np.float32)
        self.dropout, self.heads, self.concat = Dropout(rate), heads, concat

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        graph = with_self_loops(graph)
        y = self.lin_l(x)
        both = gather_nodes(y, graph.senders) + gather_nodes(self.lin_r(x), graph.receivers)
        if self.lin_edge is not None and graph.features is not None:
            both += self.lin_edge(graph.features)
        scores = _scores(jax.nn.leaky_relu(both, SLOPE), self.att)
        weights = edge_softmax(scores, graph.receivers, graph.nodes)
        weights = self.dropout(self.tap("weights", weights), key=key, train=train)
        return _mixed(y, weights, graph, self.bias, self.heads, self.concat)


def _glorot(key: Any, shape: tuple[int, int, int]) -> Array:
    return glorot_uniform(key, shape[1:]).reshape(shape)


def _scores(y: Array, att: Array) -> Array:
    """Return one number a head: a · y_head."""
    _, heads, width = att.shape
    return jnp.einsum("bnho,ho->bnh", y.reshape(*y.shape[:2], heads, width), att[0].astype(y.dtype))


def _mixed(y: Array, weights: Array, graph: Graph, bias: Array, heads: int, concat: bool) -> Array:
    found = edge_sum(y, graph.senders, graph.receivers, weights)
    if not concat:
        found = found.reshape(*found.shape[:2], heads, -1).mean(2)
    return found + aligned(bias, found)
