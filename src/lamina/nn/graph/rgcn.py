"""Relational graph convolution: every kind of edge has a matrix of its own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.initializers import glorot_uniform
from lamina.nn.linear import aligned
from lamina.ops.edges import degrees, edge_sum, gather_nodes


class RGCNConv(AbstractGraphLayer):
    """y_i = x_i · W_0 + Σ_r 1/c_ir Σ_{j → i of kind r} x_j · W_r + b.

    c_ir is how many edges of kind r lead to i; where edges have weights, these stand in place of 1/c_ir.
    With ``bases`` W_r = Σ_k comp_rk · V_k: few matrices, which all kinds share, so that rare kinds have not
    too many weights. O(nodes · in · out · matrices + edges · out · matrices).

    Args:
        in_features: numbers of a node that enter.
        out_features: … that leave.
        relations: how many kinds of edges there are.
        bases: how many matrices are shared; None: one a relation.
        key: random key or seed.

    Shapes:
        x (batch, nodes, in_features), graph → (batch, nodes, out_features); ``weight``
        (bases or relations, in_features, out_features), ``comp`` (relations, bases), ``root``
        (in_features, out_features), ``bias`` (out_features,)

    Raises:
        ConfigError: the graph has no kinds of edges.

    Example:
        >>> edges = jnp.array([[0, 1]]), jnp.array([[1, 0]])
        >>> graph = Graph(jnp.ones((1, 2), bool), *edges, kinds=jnp.array([[0, 4]]))
        >>> RGCNConv(3, 2, relations=5, bases=2, key=0)(jnp.ones((1, 2, 3)), graph).shape
        (1, 2, 2)

    References:
        Schlichtkrull et al. Modeling relational data with graph convolutional networks. ESWC 2018.
    """

    weight: Float[Array, "r i o"]
    comp: Float[Array, "r k"] | None
    root: Float[Array, "i o"]
    bias: Float[Array, " o"]
    relations: int = static()

    def __init__(
        self, in_features: int, out_features: int, *, relations: int, bases: int | None = None, key: Any
    ):
        keys, self.relations = split(key, 3), relations
        shape = (relations if bases is None else bases, in_features, out_features)
        self.weight = glorot_uniform(keys[0], (shape[0] * in_features, out_features)).reshape(shape)
        self.comp = None if bases is None else glorot_uniform(keys[1], (relations, bases))
        self.root = glorot_uniform(keys[2], (in_features, out_features))
        self.bias = np.zeros((out_features,), np.float32)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        kinds = graph.edge_kinds(self.path)
        weights = 1 / self._counts(kinds, graph) if graph.weights is None else jnp.asarray(graph.weights)
        share = weights.astype(x.dtype)
        near = self._by_relations if self.comp is None else self._by_bases
        return near(x, kinds, share, graph) + x @ self.root.astype(x.dtype) + aligned(self.bias, x)

    def _counts(self, kinds: Int[Array, "b e"], graph: Graph) -> Float[Array, "b e"]:
        """Return of each edge how many of its kind lead to its receiver."""
        is_edge = (graph.receivers >= 0) & (graph.senders >= 0)
        cells = jnp.where(is_edge, graph.receivers * self.relations + kinds, -1)
        count = degrees(cells, graph.nodes * self.relations)[..., None]
        return jnp.maximum(gather_nodes(count, cells)[..., 0], 1)

    def _by_bases(self, x: Array, kinds: Array, share: Array, graph: Graph) -> Array:
        """Sum what each shared matrix makes of the neighbors, with the weight that the kind gives it."""
        comp = jnp.asarray(self.comp, x.dtype)[jnp.maximum(kinds, 0)]
        bases, inputs, outputs = self.weight.shape
        wide = x @ jnp.moveaxis(self.weight, 0, 1).reshape(inputs, bases * outputs).astype(x.dtype)
        found = edge_sum(wide, graph.senders, graph.receivers, comp * share[..., None])
        return found.reshape(*x.shape[:2], bases, outputs).sum(2)

    def _by_relations(self, x: Array, kinds: Array, share: Array, graph: Graph) -> Array:
        """Go over the relations one after another, so that x · W_r never lies in memory for all of them."""

        def add(total: Array, one: tuple[Array, Array]) -> tuple[Array, None]:
            relation, weight = one
            own = jnp.where(kinds == relation, share, 0)[..., None]
            return total + edge_sum(x @ weight.astype(x.dtype), graph.senders, graph.receivers, own), None

        start = jnp.zeros((*x.shape[:2], self.weight.shape[-1]), x.dtype)
        numbers = jnp.arange(self.relations, dtype=kinds.dtype)
        return jax.lax.scan(add, start, (numbers, self.weight))[0]
