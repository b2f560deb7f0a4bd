"""Sums, maxima and softmax over the edges of graphs, with their gradients.

Graphs of a batch are filled up to the same numbers of nodes and edges: an edge whose nodes are -1 is none. It
adds nothing, and what is gathered for it is zero.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float, Int


def gather_nodes(x: Float[Array, "b n f"], ids: Int[Array, "b e"]) -> Float[Array, "b e f"]:
    """Return the features of the node at one end of each edge: y_e = x[ids_e], zeros where it is -1.

    Args:
        x: features of nodes.
        ids: one node an edge.

    Example:
        >>> gather_nodes(jnp.array([[[1.0], [2.0]]]), jnp.array([[1, 0, 1, -1]]))[0, :, 0].tolist()
        [2.0, 1.0, 2.0, 0.0]
    """
    found = jnp.take_along_axis(x, jnp.maximum(ids, 0)[..., None], axis=1, mode="clip")
    return jnp.where((ids >= 0)[..., None], found, 0)


def scatter_sum(values: Float[Array, "b e f"], ids: Int[Array, "b e"], nodes: int) -> Float[Array, "b n f"]:
    """Return for each node the sum over its edges: y_i = Σ_{e: ids_e = i} values_e.

    Args:
        values: one vector an edge.
        ids: the node that each is added to; -1: none.
        nodes: how many there are.

    Example:
        >>> scatter_sum(jnp.array([[[1.0], [2.0], [4.0]]]), jnp.array([[1, 1, -1]]), 3)[0, :, 0].tolist()
        [0.0, 3.0, 0.0]
    """

    def one(values: Any, ids: Any) -> Any:
        places = jnp.where(ids < 0, nodes, ids)
        return jnp.zeros((nodes, values.shape[-1]), values.dtype).at[places].add(values, mode="drop")

    return jax.vmap(one)(values, ids)


def scatter_max(values: Float[Array, "b e f"], ids: Int[Array, "b e"], nodes: int) -> Float[Array, "b n f"]:
    """Return for each node the largest value over its edges, feature by feature; zero without an edge.

    The gradient goes to the first edge that has the largest value.

    Args:
        values: one vector an edge.
        ids: the node that each belongs to; -1: none.
        nodes: how many there are.

    Example:
        >>> scatter_max(jnp.array([[[-1.0], [-2.0]]]), jnp.array([[1, 1]]), 2)[0, :, 0].tolist()
        [0.0, -1.0]
    """
    found: Any = _scatter_max(nodes, values, ids)
    return found[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scatter_max(nodes: int, values: Any, ids: Any) -> tuple[Any, Any]:
    return plain_max(values, ids, nodes)


def _max_forward(nodes: int, values: Any, ids: Any) -> Any:
    found: Any = _scatter_max(nodes, values, ids)
    return found, (found[1], values[:, :, :0])


def _max_backward(nodes: int, saved: Any, change: Any) -> tuple[Any, None]:
    winners, values = saved
    return winner_sum(change[0], winners, values.shape[1]), None


_scatter_max.defvjp(_max_forward, _max_backward)


def plain_max(values: Any, ids: Any, nodes: int) -> tuple[Any, Any]:
    """Return the maxima and the first edge that has each, -1 where there is none."""

    def one(values: Any, ids: Any) -> Any:
        edges, places = values.shape[0], jnp.where(ids < 0, nodes, ids)
        lowest = jnp.full((nodes, values.shape[-1]), -jnp.inf, values.dtype)
        found = lowest.at[places].max(values, mode="drop")
        is_largest = values == found.at[places].get(mode="fill", fill_value=jnp.inf)
        numbers = jnp.where(is_largest, jnp.arange(edges, dtype=jnp.int32)[:, None], edges)
        first = jnp.full(found.shape, edges, jnp.int32).at[places].min(numbers, mode="drop")
        return jnp.where(jnp.isneginf(found), 0, found), jnp.where(first < edges, first, -1)

    return jax.vmap(one)(values, ids)


def winner_sum(change: Any, winners: Any, edges: int) -> Any:
    """Return of each edge the changes of the maxima that it is; zeros else."""

    def one(change: Any, winners: Any) -> Any:
        places = jnp.where(winners < 0, edges, winners)
        lanes = jnp.broadcast_to(jnp.arange(change.shape[1])[None], places.shape)
        start = jnp.zeros((edges, change.shape[1]), change.dtype)
        return start.at[places, lanes].add(change, mode="drop")

    return jax.vmap(one)(change, winners)


def edge_sum(
    x: Float[Array, "b n f"],
    senders: Int[Array, "b e"],
    receivers: Int[Array, "b e"],
    weight: Float[Array, "b e h"] | None = None,
) -> Float[Array, "b n f"]:
    """Return the weighted sum of the neighbors' features: y_i = Σ_{e: receivers_e = i} w_e · x[senders_e].

    Args:
        x: features of nodes.
        senders: where each edge begins; -1 where there is none.
        receivers: where it ends.
        weight: of each edge, one a head: the features are h heads, one after another; 1 without.

    Returns:
        One vector a node; O(edges · f).

    Example:
        >>> x = jnp.array([[[1.0], [10.0]]])
        >>> edge_sum(x, jnp.array([[0, 1, 1]]), jnp.array([[1, 0, 1]]))[0, :, 0].tolist()
        [10.0, 11.0]
    """
    values = gather_nodes(x, senders)
    if weight is not None:
        batch, edges, heads = weight.shape
        shape = (batch, edges, heads, x.shape[-1] // heads)
        values = (values.reshape(shape) * weight[..., None]).reshape(values.shape)
    return scatter_sum(values, receivers, x.shape[1])


def edge_softmax(
    scores: Float[Array, "b e h"], receivers: Int[Array, "b e"], nodes: int
) -> Float[Array, "b e h"]:
    """Return the softmax of scores over the edges of each node, head by head; zero where there is no edge.

    Args:
        scores: of each edge.
        receivers: the node that each edge leads to; -1: none.
        nodes: how many there are.

    Example:
        >>> edge_softmax(jnp.zeros((1, 3, 1)), jnp.array([[0, 0, 1]]), 2)[0, :, 0].tolist()
        [0.5, 0.5, 1.0]
    """
    largest = jax.lax.stop_gradient(scatter_max(scores, receivers, nodes))
    there = (receivers >= 0)[..., None]
    powers = jnp.where(there, jnp.exp(jnp.where(there, scores - gather_nodes(largest, receivers), 0)), 0)
    total = gather_nodes(scatter_sum(powers, receivers, nodes), receivers)
    return powers / jnp.where(there, total, 1)


def degrees(receivers: Int[Array, "b e"], nodes: int) -> Float[Array, "b n"]:
    """Return how many edges lead to each node.

    Args:
        receivers: where each edge ends; -1 where there is none.
        nodes: how many there are.

    Example:
        >>> degrees(jnp.array([[0, 1, 1, -1]]), 3).tolist()
        [[1.0, 2.0, 0.0]]
    """
    return scatter_sum(jnp.ones((*receivers.shape, 1), jnp.float32), receivers, nodes)[..., 0]


def present(mask: Bool[Array, "b n"], x: Float[Array, "b n f"]) -> Float[Array, "b n f"]:
    """Return features with zeros for the nodes that only fill up.

    Args:
        mask: which nodes are there.
        x: features of nodes.
    """
    return jnp.where(mask[..., None], x, 0)
