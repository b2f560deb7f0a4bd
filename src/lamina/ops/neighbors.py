"""Neighbors of nodes, drawn in the compiled step, so that a step costs the same in a graph of any size."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, uniform_of
from lamina.core.shapes import Int

NOBODY = -1


def sample_neighbors(
    ids: Int[Array, "*b"],
    starts: Int[Array, " n"],
    degrees: Int[Array, " n"],
    senders: Int[Array, " e"],
    count: int,
    *,
    key: Any = None,
) -> Int[Array, "*b k"]:
    """Return senders of edges to each node, as `sample_edges` draws them; -1 where there is none.

    Args:
        ids: nodes; -1 is none, and has no neighbors.
        starts: where the edges to each node begin in ``senders``.
        degrees: how many there are.
        senders: of all edges, those to one node together.
        count: how many are drawn.
        key: random key; without, the middle of each stretch is taken.

    Returns:
        Nodes; int32.

    Example:
        >>> starts, degrees, senders = jnp.array([0, 1, 3]), jnp.array([1, 2, 0]), jnp.array([2, 0, 2])
        >>> sample_neighbors(jnp.array([1, 0, -1]), starts, degrees, senders, 2).tolist()
        [[0, 2], [2, -1], [-1, -1]]
    """
    places = sample_edges(ids, starts, degrees, count, key=key)
    return jnp.where(places >= 0, jnp.asarray(senders)[jnp.maximum(places, 0)], NOBODY).astype(jnp.int32)


def sample_edges(
    ids: Int[Array, "*b"],
    starts: Int[Array, " n"],
    degrees: Int[Array, " n"],
    count: int,
    *,
    key: Any = None,
) -> Int[Array, "*b k"]:
    """Return places of edges to each node, ``count`` of them, each edge at most once.

    A node with more edges has their ring cut into ``count`` stretches, as equal as can be, and one edge of
    each is drawn; the ring is turned at random, so that each edge has the same chance. None is drawn twice,
    whatever the degree. One with fewer has all of them, and -1 behind. O(nodes · count).

    Args:
        ids: nodes; -1 is none, and has no neighbors.
        starts: where the edges to each node begin, those to one node together.
        degrees: how many there are.
        count: how many are drawn.
        key: random key; without, the middle of each stretch is taken.

    Returns:
        Numbers of edges; int32.

    Example:
        >>> starts, degrees = jnp.array([0, 1, 3]), jnp.array([1, 2, 0])
        >>> sample_edges(jnp.array([1, 0, -1]), starts, degrees, 2).tolist()
        [[1, 2], [0, -1], [-1, -1]]

    References:
        Hamilton, Ying, Leskovec. Inductive representation learning on large graphs. NeurIPS 2017.
    """
    starts, degrees = jnp.asarray(starts), jnp.asarray(degrees)
    known = jnp.maximum(ids, 0)
    own = jnp.where(ids >= 0, degrees[known], 0)[..., None]
    shape = (*ids.shape, count)
    places = jnp.broadcast_to(jnp.arange(count, dtype=jnp.int32), shape)
    if key is None:
        drawn, turn = jnp.full(shape, 0.5, jnp.float32), jnp.zeros((*ids.shape, 1), jnp.float32)
    else:
        bits = uniform_of(hashed_bits(key, (*ids.shape, count + 1)))
        drawn, turn = bits[..., :count], bits[..., count:]
    low, high = places * own // count, (places + 1) * own // count
    chosen = low + jnp.floor(drawn * (high - low).astype(jnp.float32)).astype(jnp.int32)
    turned = chosen + jnp.floor(turn * own.astype(jnp.float32)).astype(jnp.int32)
    offsets = jnp.where(own > count, turned % jnp.maximum(own, 1), places)
    return jnp.where(offsets < own, starts[known][..., None] + offsets, NOBODY).astype(jnp.int32)
