"""What the networks over graphs share: layers over nodes, and outputs for each graph or for single nodes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.neighbor_trees import trees
from lamina.nn.dropout import Dropout
from lamina.nn.graph.graph import Graph
from lamina.nn.graph.layer import AbstractGraphLayer
from lamina.nn.graph.norm import GraphNorm, NodeBatchNorm
from lamina.nn.graph.readout import NodeMax, NodeMean, NodeSum
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm

NORMS: dict[str, type[Module]] = {"batch": NodeBatchNorm, "each": GraphNorm, "layer": LayerNorm}
READOUTS: dict[str, type[AbstractGraphLayer]] = {"sum": NodeSum, "mean": NodeMean, "max": NodeMax}


class GraphNetwork(Module):
    """Outputs of whole graphs: y = head(dropout(read-out of trunk(x))).

    Args:
        trunk: ``trunk(x, key=, train=) -> (features of nodes, Graph)``.
        readout: ``readout(features, graph, key=, train=) -> one vector a graph``.
        head: the last weighted sum.
        dropout: probability in [0, 1) that a value of the vector is switched off in training.

    Shapes:
        the arrays of `GraphInputs` → (batch, outputs)
    """

    trunk: Module
    readout: Module
    dropout: Dropout
    head: Module

    def __init__(self, trunk: Module, *, readout: Module, head: Module, dropout: float = 0.0):
        self.trunk, self.readout, self.head = trunk, readout, head
        self.dropout = Dropout(dropout)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        trunk_key, read_key, own_key = (None,) * 3 if key is None else hashed_keys(key, 3)
        h, graph = self.trunk(x, key=trunk_key, train=train)
        vector = self.tap(FEATURES, self.readout(h, graph, key=read_key, train=train))
        return self.head(self.dropout(vector, key=own_key, train=train))


class NodeNetwork(Module):
    """Outputs of single nodes of one graph: y = head(trunk(common))[at].

    Args:
        trunk: ``trunk(x, key=, train=) -> (features of nodes, Graph)``.
        head: ``head(features, graph, key=, train=)``, a layer over graphs.
        neighbors: how many neighbors of a node are drawn, round by round; empty: the graph is seen whole.

    Shapes:
        ``{"at": (*batch,), "common": the arrays of GraphInputs, batch 1}`` → (*batch, outputs)
    """

    trunk: Module
    head: Module
    neighbors: tuple[int, ...] = static()

    def __init__(self, trunk: Module, *, head: Module, neighbors: tuple[int, ...] = ()):
        self.trunk, self.head, self.neighbors = trunk, head, neighbors

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "*b o"]:
        keys = [None] * 3 if key is None else list(hashed_keys(key, 3))
        at, arrays = jnp.asarray(x["at"]), x["common"]
        if self.neighbors:
            arrays = trees(at.reshape(-1), arrays, self.neighbors, key=keys[2])
        h, graph = self.trunk(arrays, key=keys[0], train=train)
        if self.is_heard(FEATURES):
            self.tap(FEATURES, self._meant(h, at))
        return self._meant(self.head(h, graph, key=keys[1], train=train), at)

    def _meant(self, values: Array, at: Array) -> Array:
        """Return the values of the nodes that are meant: roots of their trees, or nodes of the only graph."""
        if self.neighbors:
            return values[:, 0].reshape(*at.shape, -1)
        return jnp.take(values[0], at, axis=0)


class LinearHead(AbstractGraphLayer):
    """The weighted sum of each node by itself, called as a layer over graphs.

    Args:
        inputs: features of a node.
        outputs: numbers that leave.
        dropout: probability in [0, 1) that a feature is switched off in training.
        key: random key or seed.
    """

    lin: Linear
    dropout: Dropout

    def __init__(self, inputs: int, outputs: int, *, dropout: float = 0.0, key: Any):
        self.lin, self.dropout = Linear(inputs, outputs, key=key), Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        return self.lin(self.dropout(x, key=key, train=train))


class LayerHead(AbstractGraphLayer):
    """A layer over the graph whose outputs are those of the network, as the last one of GCN.

    Args:
        layer: over graphs.
        dropout: probability in [0, 1) that a feature is switched off in training.
    """

    layer: Module
    dropout: Dropout

    def __init__(self, layer: Module, *, dropout: float = 0.0):
        self.layer, self.dropout = layer, Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b n f"], graph: Graph, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b n o"]:
        first, second = (None, None) if key is None else hashed_keys(key, 2)
        return self.layer(self.dropout(x, key=first, train=train), graph, key=second, train=train)


def norm_of(name: str, width: int) -> list[Module]:
    """Return the normalization of that name as a list, which is empty for ``"none"``.

    Args:
        name: ``"none"``, or a name in `NORMS`.
        width: features of a node.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == "none":
        return []
    if name not in NORMS:
        expected = ", ".join(("none", *NORMS))
        raise ConfigError("unknown normalization of nodes", expected=expected, received=name)
    return [NORMS[name](width)]


def readout_of(name: str) -> AbstractGraphLayer:
    """Return the read-out of that name.

    Args:
        name: in `READOUTS`.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in READOUTS:
        raise ConfigError("unknown read-out", expected=", ".join(READOUTS), received=name)
    return READOUTS[name]()
