"""What `lamina.ops.edges` is made of, each by a native kernel or by XLA as its size suits.

A kernel goes over the edges of one node after another, in the order that ``edge_order`` lists them in. XLA
finds equal lists in a program and makes them once, so all layers of a network share two: that of the
receivers, and for the gradients that of the senders.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.ops import dispatch
from lamina.ops.dispatch import by_members, differentiable
from lamina.ops.native import library

_call = functools.partial(library.call, vmap_method="expand_dims")


def suits_edges(members: int, ids: Any, width: int, *operands: Any) -> bool:
    """Return whether the kernels compute something of so many edges and members faster than XLA.

    Args:
        members: how many are computed together.
        ids: a node of each edge.
        width: numbers of an edge.
        operands: arrays that must have the kernels' type of numbers.
    """
    return dispatch.suits("edges", *operands, numbers=members * ids.size * width)


def _shape(array: Any, *sizes: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((array.shape[0], *sizes), array.dtype)


def _order(ids: Any, nodes: int) -> Any:
    """Return where the edges of each node begin in a list of all edges, and the list."""
    sizes = (ids.shape[0] * nodes + 1, ids.size)
    return _call("edge_order", [jax.ShapeDtypeStruct((size,), jnp.int32) for size in sizes], ids)


def _places(ids: Any, nodes: int) -> Any:
    """Return ids of which those that name no node are beyond all nodes."""
    return jnp.where((ids < 0) | (ids >= nodes), nodes, ids)


# Rows of nodes for each edge.


def plain_gather(x: Any, ids: Any) -> Any:
    """Return the rows as XLA gathers them."""
    one = lambda x, places: x.at[places].get(mode="fill", fill_value=0)  # noqa: E731
    return jax.vmap(one)(x, _places(ids, x.shape[1]))


def native_gather(x: Any, ids: Any) -> Any:
    """Return the rows as the kernel gathers them."""
    return _call("edge_gather", _shape(x, ids.shape[1], x.shape[2]), x, ids)


gathered = by_members(native_gather, plain_gather, lambda m, x, ids: suits_edges(m, ids, x.shape[2], x))


# Sums of numbers of edges for each node.


def plain_scatter(values: Any, ids: Any, *, nodes: int) -> Any:
    """Return the sums as XLA computes them."""

    def one(values: Any, places: Any) -> Any:
        return jnp.zeros((nodes, values.shape[-1]), values.dtype).at[places].add(values, mode="drop")

    return jax.vmap(one)(values, _places(ids, nodes))


def native_scatter(values: Any, ids: Any, *, nodes: int) -> Any:
    """Return the sums as the kernel computes them."""
    out = _shape(values, nodes, values.shape[2])
    return _call("edge_scatter_sum", out, values, *_order(ids, nodes))


@functools.cache
def scattered(nodes: int) -> Any:
    """Return the function of values and ids that sums for so many nodes."""
    native, plain = (functools.partial(f, nodes=nodes) for f in (native_scatter, plain_scatter))
    return by_members(native, plain, lambda m, values, ids: suits_edges(m, ids, values.shape[2], values))


# Weighted sums of rows of senders.


def plain_sum(x: Any, senders: Any, receivers: Any, *weight: Any) -> Any:
    """Return the weighted sums as XLA computes them."""
    values = plain_gather(x, senders)
    if weight:
        batch, edges, heads = weight[0].shape
        wide = values.reshape(batch, edges, heads, x.shape[-1] // heads) * weight[0][..., None]
        values = wide.reshape(values.shape)
    return plain_scatter(values, receivers, nodes=x.shape[1])


def native_sum(x: Any, senders: Any, receivers: Any, *weight: Any) -> Any:
    """Return the weighted sums as the kernel computes them."""
    return _call("edge_sum", _shape(x, *x.shape[1:]), x, senders, *_order(receivers, x.shape[1]), *weight)


def _suits_sum(members: int, x: Any, senders: Any, receivers: Any, *weight: Any) -> bool:
    return suits_edges(members, senders, x.shape[2], x, *weight)


summed = by_members(native_sum, plain_sum, _suits_sum)


# Products of the rows of both ends of each edge, summed over the features of each head.


def plain_dots(a: Any, b: Any, a_ids: Any, b_ids: Any, *, heads: int) -> Any:
    """Return the sums of products as XLA computes them."""
    products = plain_gather(a, a_ids) * plain_gather(b, b_ids)
    return products.reshape(*a_ids.shape, heads, a.shape[2] // heads).sum(-1)


def native_dots(a: Any, b: Any, a_ids: Any, b_ids: Any, *, heads: int) -> Any:
    """Return the sums of products as the kernel computes them."""
    return _call("edge_dots", _shape(a, a_ids.shape[1], heads), a, b, a_ids, b_ids)


@functools.cache
def dots(heads: int) -> Any:
    """Return the function of two arrays of nodes and the ends of the edges for so many heads."""
    native, plain = (functools.partial(f, heads=heads) for f in (native_dots, plain_dots))
    return by_members(native, plain, lambda m, a, b, i, j: suits_edges(m, i, a.shape[2], a, b))


# Maxima, and what the first edge that has one gets of a change.


def plain_max(values: Any, ids: Any, *, nodes: int) -> Any:
    """Return the maxima and the first edge that has each, -1 where there is none, as XLA computes them."""

    def one(values: Any, places: Any) -> Any:
        edges = values.shape[0]
        lowest = jnp.full((nodes, values.shape[-1]), -jnp.inf, values.dtype)
        found = lowest.at[places].max(values, mode="drop")
        is_largest = values == found.at[places].get(mode="fill", fill_value=jnp.inf)
        numbers = jnp.where(is_largest, jnp.arange(edges, dtype=jnp.int32)[:, None], edges)
        first = jnp.full(found.shape, edges, jnp.int32).at[places].min(numbers, mode="drop")
        is_there = ~jnp.isneginf(found)
        return jnp.where(is_there, found, 0), jnp.where(is_there & (first < edges), first, -1)

    return jax.vmap(one)(values, _places(ids, nodes))


def native_max(values: Any, ids: Any, *, nodes: int) -> Any:
    """Return the maxima and the first edge that has each as the kernel computes them."""
    out = _shape(values, nodes, values.shape[2])
    both = [out, jax.ShapeDtypeStruct(out.shape, jnp.int32)]
    return tuple(_call("edge_scatter_max", both, values, *_order(ids, nodes)))


@functools.cache
def maxima(nodes: int) -> Any:
    """Return the function of values and ids that finds the maxima of so many nodes."""
    native, plain = (functools.partial(f, nodes=nodes) for f in (native_max, plain_max))
    return by_members(native, plain, lambda m, values, ids: suits_edges(m, ids, values.shape[2], values))


def plain_max_gradient(change: Any, winners: Any, ids: Any) -> Any:
    """Return of each edge the changes of the maxima that it is, zeros else, as XLA computes them."""
    edges = jnp.arange(ids.shape[1], dtype=jnp.int32)[None, :, None]
    there = ((ids >= 0) & (ids < change.shape[1]))[..., None]
    return jnp.where(there & (plain_gather(winners, ids) == edges), plain_gather(change, ids), 0)


def native_max_gradient(change: Any, winners: Any, ids: Any) -> Any:
    """Return of each edge the changes of the maxima that it is as the kernel computes them."""
    out = _shape(change, ids.shape[1], change.shape[2])
    return _call("edge_scatter_max_gradient", out, change, winners, ids)


max_gradient = differentiable(
    by_members(native_max_gradient, plain_max_gradient, lambda m, c, w, i: suits_edges(m, i, c.shape[2], c)),
    plain_max_gradient,
)


# Softmax over the edges of each node.


def plain_softmax(scores: Any, ids: Any, *, nodes: int) -> Any:
    """Return the softmax as XLA computes it."""
    there = ((ids >= 0) & (ids < nodes))[..., None]
    largest = plain_gather(plain_max(scores, ids, nodes=nodes)[0], ids)
    powers = jnp.where(there, jnp.exp(jnp.where(there, scores - largest, 0)), 0)
    total = plain_gather(plain_scatter(powers, ids, nodes=nodes), ids)
    return powers / jnp.where(there, total, 1)


def native_softmax(scores: Any, ids: Any, *, nodes: int) -> Any:
    """Return the softmax as the kernel computes it."""
    return _call("edge_softmax", _shape(scores, *scores.shape[1:]), scores, *_order(ids, nodes))


@functools.cache
def softmax(nodes: int) -> Any:
    """Return the function of scores and ids that computes the softmax for so many nodes."""
    native, plain = (functools.partial(f, nodes=nodes) for f in (native_softmax, plain_softmax))
    return by_members(native, plain, lambda m, scores, ids: suits_edges(m, ids, scores.shape[2], scores))


def softmax_gradient(weights: Any, change: Any, ids: Any, nodes: int) -> Any:
    """Return the change of the scores; by XLA, since it has little to do for so few numbers an edge."""
    means = plain_scatter(weights * change, ids, nodes=nodes)
    return weights * (change - plain_gather(means, ids))
