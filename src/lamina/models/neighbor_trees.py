"""Trees of sampled neighbors as small graphs: what a network sees of a graph too large to be seen whole."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.hashing import hashed_keys
from lamina.ops.neighbors import NOBODY, sample_edges

_OF_NODES = ("numbers", "symbols", "scale")
WEIGHT = "edge_weight"


def tree_edges(neighbors: Sequence[int]) -> np.ndarray:
    """Return the edges of a full tree, child → parent, the root at place 0, round after round.

    Args:
        neighbors: children of a node, round by round.

    Example:
        >>> tree_edges((2, 1)).tolist()
        [[1, 0], [2, 0], [3, 1], [4, 2]]
    """
    sizes = list(itertools.accumulate(neighbors, lambda size, count: size * count, initial=1))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    edges = []
    for number, count in enumerate(neighbors):
        children = np.arange(sizes[number + 1]) + starts[number + 1]
        parents = np.repeat(np.arange(sizes[number]) + starts[number], count)
        edges.append(np.stack([children, parents], axis=1))
    return np.concatenate(edges).astype(np.int32)


def trees(at: Any, graph: Mapping[str, Any], neighbors: Sequence[int], *, key: Any = None) -> dict[str, Any]:
    """Return a small graph for each node: itself at place 0, sampled neighbors, and theirs.

    A node that is met twice stands there twice.

    Args:
        at: nodes, (batch,).
        graph: ``starts``, ``degrees`` and ``senders`` of the edges, as
            `lamina.ops.neighbors.sample_edges` takes them, and the features of all nodes; one graph.
        neighbors: how many are drawn, round by round.
        key: random key; without, always the same ones.

    Returns:
        The arrays that `lamina.core.inputs.graph.GraphInputs` names, one graph a node.
    """
    starts, degrees, senders = (jnp.asarray(graph[name])[0] for name in ("starts", "degrees", "senders"))
    keys = [None] * len(neighbors) if key is None else list(hashed_keys(key, len(neighbors)))
    rounds, places = [at[:, None]], []
    for count, own in zip(neighbors, keys, strict=True):
        found = sample_edges(rounds[-1], starts, degrees, count, key=own).reshape(len(at), -1)
        places.append(found)
        rounds.append(jnp.where(found >= 0, senders[jnp.maximum(found, 0)], NOBODY).astype(jnp.int32))
    ids = jnp.concatenate(rounds, axis=1)
    edges = jnp.asarray(tree_edges(neighbors))[None]
    is_there = (ids[:, edges[0, :, 0]] >= 0)[..., None]
    arrays = {"mask": ids >= 0, "edges": jnp.where(is_there, edges, NOBODY)}
    known = jnp.maximum(ids, 0)
    for name in _OF_NODES:
        if name in graph:
            arrays[name] = jnp.asarray(graph[name])[0][known]
    if WEIGHT in graph:
        drawn = jnp.maximum(jnp.concatenate(places, axis=1), 0)
        arrays[WEIGHT] = jnp.asarray(graph[WEIGHT])[0][drawn]
    return arrays
