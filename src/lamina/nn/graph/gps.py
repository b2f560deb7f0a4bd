"""GPS: messages along the edges beside attention among all nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.dropout import Dropout
from lamina.nn.feed_forward import FeedForward
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer, apply
from lamina.nn.graph.norm import NodeBatchNorm


class GPSBlock(AbstractGraphLayer):
    """y = norm₃(z + ff(z)),  z = norm₁(x + local(x)) + norm₂(x + attention(x)).

    The local layer knows the edges, attention reaches every node of the same graph in one step. Attention
    does not see the edges: give the nodes positions (`lamina.data.graph_positions`). O(edges · width + nodes²
    · width) for each graph.

    Args:
        width: numbers of a node.
        conv: the local layer, width → width; dropout comes behind it.
        heads: subspaces of attention.
        rate: dropout on each of the three branches.
        norm: builds a normalization of ``width`` numbers, over graphs or not.
        activation: of the feed-forward branch, a name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        x (batch, nodes, width), graph → the same

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import GCNConv
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> block = GPSBlock(4, GCNConv(4, 4, key=0), heads=2, key=1)
        >>> block(jnp.ones((1, 2, 4)), Graph(jnp.ones((1, 2), bool), *edges)).shape
        (1, 2, 4)

    References:
        Rampášek et al. Recipe for a general, powerful, scalable graph transformer. NeurIPS 2022. Dropout
        inside the feed-forward branch is left out.
    """

    conv: Module
    attn: MultiHeadAttention
    mlp: FeedForward
    norm1: Module
    norm2: Module
    norm3: Module
    dropout: Dropout

    def __init__(
        self,
        width: int,
        conv: Module,
        *,
        heads: int,
        rate: float = 0.0,
        norm: Callable[[int], Module] = NodeBatchNorm,
        activation: str = "relu",
        key: Any,
    ):
        attention_key, forward_key = split(key, 2)
        self.conv, self.dropout = conv, Dropout(rate)
        self.attn = MultiHeadAttention(width, heads=heads, rate=rate, key=attention_key)
        self.mlp = FeedForward(width, hidden=2 * width, activation=activation, rate=rate, key=forward_key)
        self.norm1, self.norm2, self.norm3 = norm(width), norm(width), norm(width)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n f"]:
        keys = (None,) * 4 if key is None else hashed_keys(key, 4)
        local = apply(self.conv, x, graph, key=keys[0], train=train)
        local = x + self.dropout(local, key=keys[1], train=train)
        wide = x + self.attn(x, present=graph.mask, key=keys[2], train=train)
        both = apply(self.norm1, local, graph, train=train) + apply(self.norm2, wide, graph, train=train)
        return apply(self.norm3, both + self.mlp(both, key=keys[3], train=train), graph, train=train)
