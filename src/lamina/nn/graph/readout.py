"""Read-outs: one vector of each graph from those of its nodes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.shapes import Bool, Float
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer, apply
from lamina.nn.recurrent import LSTM
from lamina.nn.recurrent_step import lstm_step
from lamina.ops.edges import present


class NodeSum(AbstractGraphLayer):
    """y = Σ_i x_i: for what grows with the graph, such as an energy. O(size).

    Shapes:
        x (batch, nodes, features), graph → (batch, features)

    Example:
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.array([[True, True, False]]), none, none)
        >>> NodeSum()(jnp.array([[[1.0], [3.0], [9.0]]]), graph).tolist()
        [[4.0]]

    References:
        Xu, Hu, Leskovec, Jegelka. How powerful are graph neural networks? ICLR 2019, section 4.2.
    """

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b f"]:
        return present(graph.mask, x).sum(1)


class NodeMean(AbstractGraphLayer):
    """y = mean_i x_i: for what does not grow with the graph; zeros of a graph without nodes. O(size).

    Shapes:
        x (batch, nodes, features), graph → (batch, features)

    Example:
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.array([[True, True, False]]), none, none)
        >>> NodeMean()(jnp.array([[[1.0], [3.0], [9.0]]]), graph).tolist()
        [[2.0]]

    References:
        Kipf, Welling. Semi-supervised classification with graph convolutional networks. ICLR 2017.
    """

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b f"]:
        count = jnp.maximum(graph.mask.sum(1, keepdims=True, dtype=jnp.float32), 1)
        return present(graph.mask, x).sum(1) / count.astype(x.dtype)


class NodeMax(AbstractGraphLayer):
    """y = max_i x_i, feature by feature: whether something is there at all; zeros of a graph without nodes.

    O(size).

    Shapes:
        x (batch, nodes, features), graph → (batch, features)

    Example:
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.array([[True, True, False]]), none, none)
        >>> NodeMax()(jnp.array([[[1.0], [3.0], [9.0]]]), graph).tolist()
        [[3.0]]

    References:
        Hamilton, Ying, Leskovec. Inductive representation learning on large graphs. NeurIPS 2017.
    """

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b f"]:
        found = jnp.where(graph.mask[..., None], x, -jnp.inf).max(1)
        return jnp.where(graph.mask.any(1, keepdims=True), found, 0)


class NodeAttention(AbstractGraphLayer):
    """y = Σ_i softmax_i(gate(x_i)) · value(x_i): the nodes that matter, as learned. O(size) and both modules.

    Args:
        gate_nn: a module, features → 1, or → as many as ``nn`` gives.
        nn: a module over features of nodes; None takes them as they are.

    Shapes:
        x (batch, nodes, features), graph → (batch, features of ``nn``)

    Example:
        >>> from lamina.nn import Linear
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> graph = Graph(jnp.ones((1, 2), bool), none, none)
        >>> NodeAttention(Linear(3, 1, key=0))(jnp.ones((1, 2, 3)), graph).shape
        (1, 3)

    References:
        Li et al. Gated graph sequence neural networks. ICLR 2016, equation 7.
    """

    gate_nn: Module
    nn: Module | None

    def __init__(self, gate_nn: Module, nn: Module | None = None):
        self.gate_nn, self.nn = gate_nn, nn

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b o"]:
        weights = _softmax(apply(self.gate_nn, x, graph, key=key, train=train), graph.mask)
        values = x if self.nn is None else apply(self.nn, x, graph, key=key, train=train)
        return (weights * present(graph.mask, values)).sum(1)


class Set2Set(AbstractGraphLayer):
    """Several looks at the nodes, each of which asks by what the last one found.

    q_t = LSTM(q*_{t-1}),  r_t = Σ_i softmax_i(q_t · x_i) · x_i,  q*_t = (q_t, r_t).

    The order of the nodes changes nothing. O(steps · (size + width²)).

    Args:
        width: numbers of a node.
        steps: how many looks.
        key: random key or seed.

    Shapes:
        x (batch, nodes, width), graph → (batch, 2 · width); ``lstm`` is one of 2 · width → width

    Raises:
        ConfigError: ``steps`` is below 1.

    Example:
        >>> none = jnp.zeros((1, 0), jnp.int32)
        >>> Set2Set(3, key=0)(jnp.ones((1, 2, 3)), Graph(jnp.ones((1, 2), bool), none, none)).shape
        (1, 6)

    References:
        Vinyals, Bengio, Kudlur. Order matters: sequence to sequence for sets. ICLR 2016.
    """

    lstm: LSTM
    steps: int = static()

    def __init__(self, width: int, *, steps: int = 3, key: Any):
        if steps < 1:
            raise ConfigError("steps is out of range", expected=">= 1", received=steps)
        self.lstm, self.steps = LSTM(2 * width, width, key=key), steps

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b o"]:
        batch, _, width = x.shape
        x, found = present(graph.mask, x), jnp.zeros((batch, 2 * width), x.dtype)
        states = jnp.zeros((batch, width), x.dtype), jnp.zeros((batch, width), x.dtype)
        for _ in range(self.steps):
            states = lstm_step(self.lstm, found, states)
            weights = _softmax(jnp.einsum("bnf,bf->bn", x, states[0])[..., None], graph.mask)
            found = jnp.concatenate([states[0], (weights * x).sum(1)], axis=-1)
        return found


def _softmax(scores: Float[Array, "b n h"], mask: Bool[Array, "b n"]) -> Float[Array, "b n h"]:
    """Return weights that sum to one over the nodes that are there; zeros where there are none."""
    is_there = mask[..., None]
    largest = jnp.where(is_there, scores, -jnp.inf).max(1, keepdims=True)
    largest = jnp.where(jnp.isfinite(largest), largest, 0)
    powers = jnp.where(is_there, jnp.exp(jnp.where(is_there, scores - largest, 0)), 0)
    total = powers.sum(1, keepdims=True)
    return powers / jnp.where(total > 0, total, 1)
