"""Random graphs of unlike sizes, as a filled-up batch, and one layer of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina import nn
from lamina.core.module import Module
from lamina.nn import Graph

SIZES = ((7, 19), (5, 0), (9, 30))  # nodes and edges; the second graph has no edge
WIDTH, EDGE, KINDS = 4, 3, 5
HISTOGRAM = (2, 5, 7, 4, 1)


def batch(seed: int = 0, *, loops: bool = False) -> tuple[Any, Graph]:
    """Features of nodes, and the graphs; edges in any order, some of them twice."""
    random = np.random.default_rng(seed)
    nodes, edges = (max(size[i] for size in SIZES) for i in (0, 1))
    x = np.full((len(SIZES), nodes, WIDTH), 9.0, np.float32)  # whatever fills up
    mask = np.arange(nodes) < np.array([[size] for size, _ in SIZES])
    ends = np.full((2, len(SIZES), edges), -1, np.int32)
    for i, (size, count) in enumerate(SIZES):
        x[i, :size] = random.normal(size=(size, WIDTH))
        senders = random.integers(0, size - 1, count)  # nothing leads away from the last node
        steps = random.integers(0 if loops else 1, size, count)
        ends[:, i, :count] = senders, (senders + steps) % size
    features = random.normal(size=(*ends.shape[1:], EDGE)).astype(np.float32)
    kinds = np.where(ends[0] < 0, -1, random.integers(0, KINDS, ends.shape[1:])).astype(np.int32)
    weights = np.maximum(random.uniform(-1, 3, ends.shape[1:]), 0).astype(np.float32)
    return jnp.asarray(x), Graph(*map(jnp.asarray, (mask, *ends, features, kinds, weights)))


def network(inputs: int, outputs: int, seed: int) -> Module:
    return nn.Sequential([nn.Linear(inputs, 6, key=seed), nn.relu, nn.Linear(6, outputs, key=seed + 1)])


LAYERS: dict[str, Callable[[int], Module]] = {
    "GCN": lambda key: nn.GCNConv(WIDTH, 3, key=key),
    "SAGE mean": lambda key: nn.SAGEConv(WIDTH, 3, key=key),
    "SAGE max": lambda key: nn.SAGEConv(WIDTH, 3, aggregator="max", key=key),
    "GAT": lambda key: nn.GATConv(WIDTH, 3, heads=2, key=key),
    "GAT with edges, mean": lambda key: nn.GATConv(
        WIDTH, 3, heads=2, concat=False, edge_features=EDGE, key=key
    ),
    "GATv2": lambda key: nn.GATv2Conv(WIDTH, 3, heads=2, key=key),
    "GATv2 with edges, mean": lambda key: nn.GATv2Conv(
        WIDTH, 3, heads=2, concat=False, edge_features=EDGE, key=key
    ),
    "GIN": lambda key: nn.GINConv(network(WIDTH, 3, key), eps=0.3),
    "GIN learned": lambda key: nn.GINConv(network(WIDTH, 3, key), eps=0.3, learned=True),
    "GINE": lambda key: nn.GINEConv(WIDTH, EDGE, network(WIDTH, 3, key), learned=True, key=key),
    "NNConv": lambda key: nn.NNConv(WIDTH, 3, network(EDGE, WIDTH * 3, key), key=key),
    "GatedNNConv": lambda key: nn.GatedNNConv(WIDTH, EDGE, hidden=6, key=key),
    "PNA": lambda key: nn.PNAConv(WIDTH, 6, degree_histogram=HISTOGRAM, key=key),
    "PNA with edges": lambda key: nn.PNAConv(
        WIDTH,
        6,
        degree_histogram=HISTOGRAM,
        aggregators=("sum", "var", "max"),
        scalers=("linear", "inverse_linear", "identity"),
        edge_features=EDGE,
        towers=2,
        key=key,
    ),
    "RGCN": lambda key: nn.RGCNConv(WIDTH, 3, relations=KINDS, key=key),
    "RGCN with bases": lambda key: nn.RGCNConv(WIDTH, 3, relations=KINDS, bases=2, key=key),
    "GPS": lambda key: nn.GPSBlock(WIDTH, nn.GINConv(network(WIDTH, WIDTH, key)), heads=2, key=key),
    "GraphNorm": lambda key: nn.GraphNorm(WIDTH),
    "NodeBatchNorm": lambda key: nn.NodeBatchNorm(WIDTH),
    "GraphSequential": lambda key: nn.GraphSequential(
        [nn.Linear(WIDTH, 3, key=key), nn.NodeBatchNorm(3), nn.relu, nn.GCNConv(3, 2, key=key)]
    ),
}
READOUTS: dict[str, Callable[[int], Module]] = {
    "sum": lambda key: nn.NodeSum(),
    "mean": lambda key: nn.NodeMean(),
    "max": lambda key: nn.NodeMax(),
    "attention": lambda key: nn.NodeAttention(network(WIDTH, 1, key), network(WIDTH, 3, key)),
    "Set2Set": lambda key: nn.Set2Set(WIDTH, key=key),
}
EVERY = {**LAYERS, **READOUTS}
