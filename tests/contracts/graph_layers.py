"""One of each layer over graphs for the contract of layers, with the graph that it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina import nn
from lamina.core.module import Module
from lamina.nn import Graph
from lamina.ops.edges import edge_sum

SENDERS = np.array([[0, 1, 2, 2, 4, -1], [3, 1, 0, 0, -1, -1]], np.int32)
RECEIVERS = np.array([[1, 0, 1, 3, 2, -1], [1, 3, 1, 2, -1, -1]], np.int32)
MASK = np.array([[True] * 5, [True] * 4 + [False]])
KINDS = np.array([[0, 1, 2, 0, 1, -1], [2, 1, 0, 0, -1, -1]], np.int32)
FEATURES = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)


class OnGraph(Module):
    """A layer with a fixed graph of five nodes and one of four."""

    layer: Module

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        ends = map(jnp.asarray, (MASK, SENDERS, RECEIVERS))
        graph = Graph(*ends, jnp.asarray(FEATURES, x.dtype), jnp.asarray(KINDS))
        if isinstance(self.layer, nn.DropEdge):
            dropped = self.layer(graph, key=key, train=train)
            return edge_sum(x, dropped.senders, dropped.receivers)
        return self.layer(x, graph, key=key, train=train)


def mlp(inputs: int, outputs: int, key: Any) -> Module:
    return nn.Sequential([nn.Linear(inputs, 5, key=key), nn.tanh, nn.Linear(5, outputs, key=key)])


# name -> (make from a key, numbers that leave; a string for those of each graph instead of each node)
MADE: dict[str, tuple[Callable[[Any], Module], int | str]] = {
    "GCNConv": (lambda key: nn.GCNConv(4, 3, key=key), 3),
    "SAGEConv": (lambda key: nn.SAGEConv(4, 3, key=key), 3),
    "GATConv": (lambda key: nn.GATConv(4, 3, heads=2, rate=0.2, edge_features=3, key=key), 6),
    "GATv2Conv": (lambda key: nn.GATv2Conv(4, 3, heads=2, rate=0.2, edge_features=3, key=key), 6),
    "GINConv": (lambda key: nn.GINConv(mlp(4, 3, key), learned=True), 3),
    "GINEConv": (lambda key: nn.GINEConv(4, 3, mlp(4, 3, key), learned=True, key=key), 3),
    "NNConv": (lambda key: nn.NNConv(4, 3, mlp(3, 12, key), key=key), 3),
    "GatedNNConv": (lambda key: nn.GatedNNConv(4, 3, hidden=5, steps=2, key=key), 4),
    "PNAConv": (
        lambda key: nn.PNAConv(4, 6, degree_histogram=(2, 5, 3), edge_features=3, towers=2, key=key),
        6,
    ),
    "RGCNConv": (lambda key: nn.RGCNConv(4, 3, relations=3, bases=2, key=key), 3),
    "GPSBlock": (lambda key: nn.GPSBlock(4, nn.GCNConv(4, 4, key=key), heads=2, key=key), 4),
    "GraphSequential": (lambda key: nn.GraphSequential([nn.Linear(4, 3, key=key), nn.GraphNorm(3)]), 3),
    "GraphNorm": (lambda key: nn.GraphNorm(4), 4),
    "NodeBatchNorm": (lambda key: nn.NodeBatchNorm(4), 4),
    "NodeSum": (lambda key: nn.NodeSum(), "4"),
    "NodeMean": (lambda key: nn.NodeMean(), "4"),
    "NodeMax": (lambda key: nn.NodeMax(), "4"),
    "NodeAttention": (lambda key: nn.NodeAttention(mlp(4, 1, key), mlp(4, 3, key)), "3"),
    "Set2Set": (lambda key: nn.Set2Set(4, key=key), "8"),
    "DropEdge": (lambda key: nn.DropEdge(0.3), 4),
}
GRAPH_LAYERS: dict[str, tuple[Callable[[Any], Module], tuple[int, ...], tuple[int, ...]]] = {
    name: (
        lambda key, make=make: OnGraph(make(key)),
        (2, 5, 4),
        (2, 5, out) if isinstance(out, int) else (2, int(out)),
    )
    for name, (make, out) in MADE.items()
}
