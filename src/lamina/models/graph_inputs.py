"""The front of every network over graphs: the arrays of nodes and edges in, features out."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs.graph import GraphInputs, NodeInputs
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.nn.dropout import Dropout
from lamina.nn.graph.graph import Graph
from lamina.nn.initializers import Initializer, glorot_uniform
from lamina.nn.linear import Linear, aligned
from lamina.ops.embedding_bag import embedding_bag

TAKES = (GraphInputs, NodeInputs)


def graph_inputs(inputs: Any) -> tuple[GraphInputs, bool]:
    """Return what is known of the graphs, and whether single nodes of one graph are the examples.

    Args:
        inputs: `GraphInputs` or `NodeInputs`.

    Raises:
        ConfigError: they are of another kind, or nodes have neither numbers nor symbols.
    """
    graph = inputs.graph if isinstance(inputs, NodeInputs) else inputs
    if not isinstance(graph, GraphInputs):
        raise ConfigError("the inputs are no graphs", expected="GraphInputs or NodeInputs", received=inputs)
    if not graph.numbers and not graph.symbols:
        raise ConfigError("nodes have neither numbers nor symbols", received=graph)
    return graph, isinstance(inputs, NodeInputs)


def sampled(inputs: Any) -> tuple[int, ...]:
    """Return how many neighbors of a node are drawn, round by round; none where a graph is seen whole.

    Args:
        inputs: `GraphInputs` or `NodeInputs`.
    """
    return inputs.neighbors if isinstance(inputs, NodeInputs) else ()


def edges_of(x: dict[str, Any], features: Array | None = None) -> Graph:
    """Return what layers are told about the graphs of a batch.

    Args:
        x: the arrays that `GraphInputs` names; edges may stand in several axes.
        features: of the edges, (batch, edges, g).
    """
    edges = jnp.asarray(x["edges"])
    flat = edges.reshape(edges.shape[0], -1, 2)
    weights = x.get("edge_weight")
    weights = None if weights is None else jnp.asarray(weights).reshape(flat.shape[:2])
    return Graph(jnp.asarray(x["mask"]), flat[..., 0], flat[..., 1], features, weights=weights)


class Entry(Module):
    """A weighted sum of numbers and symbols: y = W·numbers + Σ_t scale_t · E[symbol_t].

    One matrix over numbers and the symbols' indicators side by side, of which only what stands there is
    computed. O(n · numbers · width + n · symbols of one · width)

    Args:
        numbers: how many come.
        symbols: how many different ones there are; ids are below it.
        width: numbers that leave.
        prefix: of the arrays' names: ``"edge_"`` for those of edges.
        dropout: probability in [0, 1) that a number or symbol is left out in training.
        initializer: of the whole matrix.
        key: random key or seed.

    Shapes:
        ``{prefix + "numbers": (b, …, numbers), prefix + "symbols": (b, …, t)}`` → (b, all of …, width)
    """

    numbers: Linear | None
    symbols: Float[Array, "v d"] | None
    dropout: Dropout
    prefix: str = static()
    width: int = static()

    def __init__(
        self,
        numbers: int,
        symbols: int,
        width: int,
        *,
        prefix: str = "",
        dropout: float = 0.0,
        initializer: Initializer = glorot_uniform,
        key: Any,
    ):
        weight: Any = initializer(key, (width, numbers + symbols))
        self.numbers = None
        if numbers:
            self.numbers = Linear(
                numbers, width, bias=False, initializer=_given(weight[:, :numbers]), key=key
            )
        self.symbols = np.ascontiguousarray(weight[:, numbers:].T) if symbols else None
        self.dropout, self.prefix, self.width = Dropout(dropout), prefix, width

    def __call__(self, x: dict[str, Any], *, key: Any = None, train: bool = False) -> Float[Array, "b n d"]:
        number_key, symbol_key = self.dropout.keys(key, 2, train=train)
        found = []
        if self.numbers is not None:
            numbers = jnp.asarray(x[f"{self.prefix}numbers"])
            numbers = numbers.reshape(numbers.shape[0], -1, numbers.shape[-1])
            found.append(self.numbers(self.dropout(numbers, key=number_key, train=train)))
        if self.symbols is not None:
            found.append(self._of_symbols(x, symbol_key, train=train))
        return found[0] if len(found) == 1 else found[0] + found[1].astype(found[0].dtype)

    def _of_symbols(self, x: dict[str, Any], key: Any, *, train: bool) -> Array:
        ids, scale = jnp.asarray(x[f"{self.prefix}symbols"]), x.get(f"{self.prefix}scale")
        flat = ids.reshape(-1, ids.shape[-1])
        weight: Any = self.symbols
        kept = jnp.ones(flat.shape, weight.dtype) if scale is None else jnp.asarray(scale).reshape(flat.shape)
        kept = self.dropout(kept, key=key, train=train)
        found = embedding_bag(jnp.asarray(weight), flat, kept).astype(kept.dtype)
        return found.reshape(ids.shape[0], math.prod(ids.shape[1:-1]), self.width)


class Columns(Module):
    """Some of the features, shifted: y = x[start:stop] + b.

    It stands where a layer has a matrix of its own, when that matrix was applied before: the first layer of a
    network over sparse features.

    Args:
        start: first of the features.
        stop: behind the last one.
        bias: whether b is learned.
    """

    bias: Float[Array, " d"] | None
    start: int = static()
    stop: int = static()

    def __init__(self, start: int, stop: int, *, bias: bool = False):
        self.start, self.stop = start, stop
        self.bias = np.zeros(stop - start, np.float32) if bias else None

    def __call__(
        self, x: Float[Array, "*b f"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        y = x[..., self.start : self.stop]
        return y if self.bias is None else y + aligned(self.bias, y)


def _given(weight: Any) -> Initializer:
    return lambda key, shape: np.ascontiguousarray(weight)
