"""Sums, maxima and softmax over the edges of graphs, with their gradients.

Graphs of a batch are filled up to the same numbers of nodes and edges: an edge whose nodes are -1 is none. It
adds nothing, and what is gathered for it is zero. On CPU large graphs are computed by native kernels
(`lamina.ops.dispatch`), which add each node's edges in their order: results do not depend on the number of
threads.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float, Int
from lamina.ops import edge_kernels as kernels


def gather_nodes(x: Float[Array, "b n f"], ids: Int[Array, "b e"]) -> Float[Array, "b e f"]:
    """Return the features of the node at one end of each edge: y_e = x[ids_e], zeros where it is -1.

    Args:
        x: features of nodes.
        ids: one node an edge.

    Example:
        >>> gather_nodes(jnp.array([[[1.0], [2.0]]]), jnp.array([[1, 0, 1, -1]]))[0, :, 0].tolist()
        [2.0, 1.0, 2.0, 0.0]
    """
    found: Any = _gather(x, _whole(ids))
    return found


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
    found: Any = _scatter(nodes, values, _whole(ids))
    return found


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
    found: Any = _max(nodes, values, _whole(ids))
    return found[0]


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
    ends = _whole(senders), _whole(receivers)
    found: Any = _sum(x, *ends) if weight is None else _weighted(x, *ends, weight)
    return found


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
    found: Any = _softmax(nodes, scores, _whole(receivers))
    return found


def degrees(receivers: Int[Array, "b e"], nodes: int) -> Float[Array, "b n"]:
    """Return how many edges lead to each node.

    Args:
        receivers: where each edge ends; -1 where there is none.
        nodes: how many there are.

    Example:
        >>> degrees(jnp.array([[0, 1, 1, -1]]), 3).tolist()
        [[1.0, 2.0, 0.0]]
    """
    ones = jnp.ones((*receivers.shape, 1), jnp.float32)
    return jax.lax.stop_gradient(scatter_sum(ones, receivers, nodes))[..., 0]


def present(mask: Bool[Array, "b n"], x: Float[Array, "b n f"]) -> Float[Array, "b n f"]:
    """Return features with zeros for the nodes that only fill up.

    Args:
        mask: which nodes are there.
        x: features of nodes.
    """
    return jnp.where(mask[..., None], x, 0)


def _whole(ids: Any) -> Any:
    return jnp.asarray(ids).astype(jnp.int32)


# Each gradient is another of these functions, so that further derivatives take the kernels too.


@jax.custom_vjp
def _gather(x: Any, ids: Any) -> Any:
    return kernels.gathered(x, ids)


# Slicing away the features leaves how many nodes there are, which the gradient needs.
_gather.defvjp(
    lambda x, ids: (_gather(x, ids), (x[..., :0], ids)),
    lambda saved, change: (_scatter(saved[0].shape[1], change, saved[1]), None),
)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _scatter(nodes: int, values: Any, ids: Any) -> Any:
    return kernels.scattered(nodes)(values, ids)


_scatter.defvjp(
    lambda nodes, values, ids: (_scatter(nodes, values, ids), ids),
    lambda nodes, ids, change: (_gather(change, ids), None),
)


@jax.custom_vjp
def _sum(x: Any, senders: Any, receivers: Any) -> Any:
    return kernels.summed(x, senders, receivers)


_sum.defvjp(
    lambda x, senders, receivers: (_sum(x, senders, receivers), (senders, receivers)),
    lambda ends, change: (_sum(change, *ends[::-1]), None, None),
)


@jax.custom_vjp
def _weighted(x: Any, senders: Any, receivers: Any, weight: Any) -> Any:
    return kernels.summed(x, senders, receivers, weight)


def _weighted_back(saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    x, senders, receivers, weight = saved
    of_weight = _dots(weight.shape[2], change, x, receivers, senders)
    return _weighted(change, receivers, senders, weight), None, None, of_weight


_weighted.defvjp(lambda *operands: (_weighted(*operands), operands), _weighted_back)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _dots(heads: int, a: Any, b: Any, a_ids: Any, b_ids: Any) -> Any:
    return kernels.dots(heads)(a, b, a_ids, b_ids)


def _dots_back(_heads: int, saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    a, b, a_ids, b_ids = saved
    return _weighted(b, b_ids, a_ids, change), _weighted(a, a_ids, b_ids, change), None, None


_dots.defvjp(lambda heads, *operands: (_dots(heads, *operands), operands), _dots_back)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _max(nodes: int, values: Any, ids: Any) -> Any:
    return kernels.maxima(nodes)(values, ids)


def _max_forward(nodes: int, values: Any, ids: Any) -> tuple[Any, tuple[Any, Any]]:
    found: Any = _max(nodes, values, ids)
    return found, (found[1], ids)


_max.defvjp(_max_forward, lambda _, saved, change: (kernels.max_gradient(change[0], *saved), None))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _softmax(nodes: int, scores: Any, ids: Any) -> Any:
    return kernels.softmax(nodes)(scores, ids)


def _softmax_forward(nodes: int, scores: Any, ids: Any) -> tuple[Any, tuple[Any, Any]]:
    found = _softmax(nodes, scores, ids)
    return found, (found, ids)


def _softmax_back(nodes: int, saved: tuple[Any, Any], change: Any) -> tuple[Any, None]:
    weights, ids = saved
    return kernels.softmax_gradient(weights, change, ids, nodes), None


_softmax.defvjp(_softmax_forward, _softmax_back)
