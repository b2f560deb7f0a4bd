"""An edge from each node to itself."""

from __future__ import annotations

import jax.numpy as jnp

from lamina.nn.graph.graph import Graph
from lamina.ops.edges import degrees, scatter_sum


def with_self_loops(graph: Graph) -> Graph:
    """Return the graph with exactly one edge from each node to itself, behind the others.

    Such edges that were there are left out. The new edges' features are the mean of those of the other edges
    that lead to the node, zeros where there are none; their weight is 1;
    relations have no kind for them and are left out.

    Args:
        graph: with or without such edges.

    Example:
        >>> graph = Graph(jnp.ones((1, 2), bool), jnp.array([[0, 1]]), jnp.array([[1, 1]]))
        >>> with_self_loops(graph).senders.tolist(), with_self_loops(graph).receivers.tolist()
        ([[0, -1, 0, 1]], [[1, -1, 0, 1]])
    """
    is_loop = graph.senders == graph.receivers
    senders, receivers = (jnp.where(is_loop, -1, ends) for ends in (graph.senders, graph.receivers))
    nodes = jnp.arange(graph.nodes, dtype=senders.dtype)[None]
    loops = jnp.where(graph.mask, nodes, -1).astype(senders.dtype)
    features = graph.features
    if features is not None:
        count = jnp.maximum(degrees(receivers, graph.nodes), 1)[..., None].astype(features.dtype)
        means = scatter_sum(features, receivers, graph.nodes) / count
        features = jnp.concatenate([features, means], axis=1)
    weights = graph.weights
    if weights is not None:
        weights = jnp.concatenate([weights, jnp.ones(loops.shape, weights.dtype)], axis=1)
    senders, receivers = (jnp.concatenate([side, loops], axis=1) for side in (senders, receivers))
    return Graph(graph.mask, senders, receivers, features, weights=weights)
