"""What layers over graphs share, and layers in a row."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, static
from lamina.nn.graph.graph import Graph


class AbstractGraphLayer(Module):
    """A layer that is told the graph: ``layer(x, graph, *, key=None, train=False)``.

    What a layer leaves for a node that is not there is no result and may be anything: nobody may read it.
    """

    @abc.abstractmethod
    def __call__(self, x: Any, graph: Graph, *, key: Any = None, train: bool = False) -> Any:
        """Return the features that leave."""


def apply(layer: Module, x: Array, graph: Graph, *, key: Any = None, train: bool = False) -> Any:
    """Return what a layer makes of the nodes, whether it is one over graphs or treats each node by itself.

    Args:
        layer: any module.
        x: features of nodes.
        graph: given to layers over graphs.
        key: random key or seed.
        train: whether this is training.
    """
    told = (graph,) if isinstance(layer, AbstractGraphLayer) else ()
    return layer(x, *told, key=key, train=train)


class GraphSequential(AbstractGraphLayer):
    """Apply layers one after another; those over graphs are told the graph, each gets its own random key.

    Args:
        layers: modules, or plain functions of one array.

    Shapes:
        those of the first layer's input, graph → those of the last layer's output

    Example:
        >>> import jax.numpy as jnp
        >>> from lamina.nn import GCNConv, Graph, GraphSequential, NodeMean, relu
        >>> net = GraphSequential([GCNConv(3, 4, key=0), relu, GCNConv(4, 2, key=1), NodeMean()])
        >>> graph = Graph(jnp.ones((1, 2), bool), jnp.array([[0, 1]]), jnp.array([[1, 0]]))
        >>> net(jnp.ones((1, 2, 3)), graph).shape
        (1, 2)
    """

    layers: list[Module]
    functions: tuple[Callable[..., Any] | None, ...] = static()

    def __init__(self, layers: Sequence[Callable[..., Any]]):
        self.layers = [layer for layer in layers if isinstance(layer, Module)]
        self.functions = tuple(None if isinstance(layer, Module) else layer for layer in layers)

    def __call__(self, x: Any, graph: Graph, *, key: Any = None, train: bool = False) -> Any:
        count = len(self.layers)
        modules = zip(self.layers, [None] * count if key is None else hashed_keys(key, count), strict=True)
        for function in self.functions:
            if function is None:
                layer, own = next(modules)
                x = apply(layer, x, graph, key=own, train=train)
            else:
                x = function(x)
        return x
