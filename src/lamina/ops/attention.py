"""Scaled dot-product attention.

On CPU self-attention over few positions is computed by a native kernel (`lamina.ops.dispatch`): all heads in
one call that reads the projections in place.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops import dispatch
from lamina.ops.dense import Sides, product
from lamina.ops.dispatch import differentiable
from lamina.ops.native import library


def attention_weights(
    query: Float[Array, "b h t k"], key: Float[Array, "b h s k"]
) -> Float[Array, "b h t s"]:
    """Return how much of each asked position an asking one takes: softmax(Q Kᵀ / √k), rows that sum to one.

    O(b·h·t·s·k).

    Args:
        query: one row a position that asks.
        key: one row a position that is asked.

    Example:
        >>> attention_weights(*[jnp.ones((1, 1, 2, 4))] * 2)[0, 0, 0].tolist()
        [0.5, 0.5]

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.2.1.
    """
    scores = _products(query * (1.0 / math.sqrt(query.shape[-1])), key, (False, True))
    return jax.nn.softmax(scores.astype(jnp.float32), axis=-1).astype(query.dtype)


def mixture(weights: Float[Array, "b h t s"], value: Float[Array, "b h s k"]) -> Float[Array, "b h t k"]:
    """Return the values mixed by the weights: W · V, attention where these are of queries and keys.

    O(b·h·t·s·k).

    Args:
        weights: what each position takes of the others.
        value: what they give.

    Example:
        >>> mixture(jnp.ones((1, 1, 2, 3)), jnp.ones((1, 1, 3, 4)))[0, 0, 0].tolist()
        [3.0, 3.0, 3.0, 3.0]
    """
    return _products(weights, value, (False, False))


def self_attention(projections: Float[Array, "b t 3 h k"]) -> Float[Array, "b t h k"]:
    """Mix the values of every position by how well their keys match its query.

    Args:
        projections: queries, keys and values of all heads, a row a position, as one projection gives them.

    Returns:
        The mixtures, heads beside one another. O(b·h·t²·k).

    Example:
        >>> self_attention(jnp.ones((1, 5, 3, 2, 4))).shape
        (1, 5, 2, 4)
    """
    return (
        native_self_attention(projections) if suits_kernel(projections) else plain_self_attention(projections)
    )


def suits_kernel(projections: Any) -> bool:
    """Return whether the kernel computes these projections faster than XLA."""
    batch, time, three, heads, width = projections.shape
    work = batch * heads * time**2 * width
    return three == 3 and dispatch.suits("attention", projections, multiplications=work, positions=time)


def plain_self_attention(projections: Any) -> Any:
    """Return the mixtures as XLA computes them."""
    return _plain(projections)[0]


@jax.custom_vjp
def native_self_attention(projections: Any) -> Any:
    """Return the mixtures as the kernel computes them."""
    return library.call("attention", _outputs(projections)[0], projections, vmap_method="broadcast_all")


def _forward(projections: Any) -> tuple[Any, tuple[Any, Any]]:
    mixed, weights = _mixed_and_weights(projections)
    return mixed, (projections, weights)


def _backward(saved: tuple[Any, Any], change: Any) -> tuple[Any]:
    return (_gradient(change, *saved),)


native_self_attention.defvjp(_forward, _backward)


def _native(projections: Any) -> tuple[Any, Any]:
    """Return the mixtures, and the weights for the backward pass."""
    mixed, weights = library.call(
        "attention", list(_outputs(projections)), projections, vmap_method="broadcast_all"
    )
    return mixed, weights


def _plain(projections: Any) -> tuple[Any, Any]:
    query, key, value = projections.transpose(2, 0, 3, 1, 4)
    weights = attention_weights(query, key)
    return mixture(weights, value).transpose(0, 2, 1, 3), weights


def _outputs(projections: Any) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
    batch, time, _, heads, width = projections.shape
    mixed, weights = (batch, time, heads, width), (batch, heads, time, time)
    return jax.ShapeDtypeStruct(mixed, projections.dtype), jax.ShapeDtypeStruct(weights, projections.dtype)


def _native_gradient(change: Any, projections: Any, weights: Any) -> Any:
    out = jax.ShapeDtypeStruct(projections.shape, projections.dtype)
    return library.call("attention_gradient", out, change, projections, weights, vmap_method="broadcast_all")


def _plain_gradient(change: Any, projections: Any, weights: Any) -> Any:
    return jax.vjp(plain_self_attention, projections)[1](change)[0]


_mixed_and_weights = differentiable(_native, _plain)
_gradient = differentiable(_native_gradient, _plain_gradient)


def _products(left: Array, right: Array, transposed: Sides) -> Any:
    """Return a product for every row of the batch and head: many small ones, as of a population."""
    flat = [array.reshape(-1, *array.shape[-2:]) for array in (left, right)]
    found: Any = jax.vmap(lambda a, b: product(a, b, transposed))(*flat)
    return found.reshape(*left.shape[:-2], *found.shape[-2:])
