"""Weighted sums of vectors that ids name, with the gradient of the vectors.

On CPU large sums are computed by native kernels (`lamina.ops.dispatch`). XLA's way goes over the entries in
chunks, so that the vectors of all entries never lie in memory together.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float, Int
from lamina.ops import dispatch
from lamina.ops.dispatch import by_members
from lamina.ops.native import library

CHUNK = 1 << 20  # numbers that XLA gathers at a time: 4 MiB


def embedding_bag(
    weight: Float[Array, "v d"], ids: Int[Array, "b t"], scale: Float[Array, "b t"]
) -> Float[Array, "b d"]:
    """Return y_b = Σ_t scale_bt · weight[ids_bt].

    Entries whose id is negative are padding, wherever they stand, and ids from v on are left out like them
    (the data room refuses such ids on the host). A row of padding alone gives zeros. Only ``weight`` has a
    gradient: ids and scale are data, and a gradient with respect to scale is zero. Each number is summed in
    the order of the entries, so that results do not depend on the number of threads.

    Args:
        weight: one vector a symbol.
        ids: which vectors each row sums.
        scale: the factor of each: 1/√n of a row's n entries, say, or a frequency's weight.

    Returns:
        One vector a row, of the type of ``weight``. O(entries · d); the gradient O(entries · d + v · d).

    Example:
        >>> weight = jnp.array([[1.0, 2.0], [10.0, 20.0]])
        >>> embedding_bag(weight, jnp.array([[0, 1, -1]]), jnp.array([[1.0, 0.5, 7.0]])).tolist()
        [[6.0, 12.0]]
    """
    found: Any = _embedding_bag(weight, jnp.asarray(ids).astype(jnp.int32), scale)
    return found


@jax.custom_vjp
def _embedding_bag(weight: Any, ids: Any, scale: Any) -> Any:
    return _sums(weight, ids, jnp.asarray(scale).astype(jnp.float32))


def _forward(weight: Any, ids: Any, scale: Any) -> tuple[Any, tuple[Any, ...]]:
    # Slicing away the numbers of the weight leaves how many rows it has, which the gradient needs.
    return _embedding_bag(weight, ids, scale), (weight[:, :0], ids, scale)


def _backward(saved: tuple[Any, ...], change: Any) -> tuple[Any, None, None]:
    weight, ids, scale = saved
    return _gradient(weight.shape[0], change, ids, scale), None, None


_embedding_bag.defvjp(_forward, _backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gradient(symbols: int, change: Any, ids: Any, scale: Any) -> Any:
    return _scattered(symbols)(change, ids, jnp.asarray(scale).astype(jnp.float32))


# The gradient is linear in what comes back, and its own gradient is the sum again.
_gradient.defvjp(
    lambda symbols, change, ids, scale: (_gradient(symbols, change, ids, scale), (ids, scale)),
    lambda _, saved, change: (_embedding_bag(change, *saved), None, None),
)


def suits_kernel(members: int, vectors: Any, ids: Any, scale: Any) -> bool:
    """Return whether the kernels compute the sums of so many members faster than XLA.

    Args:
        members: how many are computed together.
        vectors: the weight, or the change of each sum.
        ids: of the entries.
        scale: of the entries.
    """
    return dispatch.suits("embedding_bag", vectors, scale, numbers=members * ids.size * vectors.shape[-1])


def native_sums(weight: Any, ids: Any, scale: Any) -> Any:
    """Return the sums as the kernel computes them."""
    out = jax.ShapeDtypeStruct((ids.shape[0], weight.shape[1]), weight.dtype)
    return library.call("embedding_bag", out, weight, ids, scale, vmap_method="expand_dims")


def native_gradient(change: Any, ids: Any, scale: Any, *, symbols: int) -> Any:
    """Return the gradient of the weight as the kernel computes it."""
    out = jax.ShapeDtypeStruct((symbols, change.shape[1]), change.dtype)
    return library.call("embedding_bag_gradient", out, change, ids, scale, vmap_method="expand_dims")


def plain_sums(weight: Any, ids: Any, scale: Any) -> Any:
    """Return the sums as XLA computes them, in float32."""

    def add(total: Any, ids: Any, scale: Any) -> Any:
        vectors = jnp.take(weight, ids, axis=0, mode="fill", fill_value=0).astype(jnp.float32)
        return total + jnp.einsum("bt,btd->bd", scale, vectors)

    start = jnp.zeros((ids.shape[0], weight.shape[1]), jnp.float32)
    return _over_chunks(add, start, ids, scale, weight.shape[0]).astype(weight.dtype)


def plain_gradient(change: Any, ids: Any, scale: Any, *, symbols: int) -> Any:
    """Return the gradient of the weight as XLA computes it, in float32."""
    wide = change.astype(jnp.float32)[:, None]

    def add(total: Any, ids: Any, scale: Any) -> Any:
        return total.at[ids].add(scale[..., None] * wide, mode="drop")

    start = jnp.zeros((symbols, change.shape[1]), jnp.float32)
    return _over_chunks(add, start, ids, scale, symbols).astype(change.dtype)


def _over_chunks(add: Any, start: Any, ids: Any, scale: Any, symbols: int) -> Any:
    """Return the total after `add(total, ids, scale)` for some entries of all rows at a time."""
    is_symbol = (ids >= 0) & (ids < symbols)
    ids, scale = jnp.where(is_symbol, ids, symbols), jnp.where(is_symbol, scale, 0)
    rows, entries = ids.shape
    size = max(1, CHUNK // max(1, rows * start.shape[1]))
    if entries <= size:
        return add(start, ids, scale)
    count = -(-entries // size)
    space = ((0, 0), (0, count * size - entries))
    ids, scale = jnp.pad(ids, space, constant_values=symbols), jnp.pad(scale, space)

    def step(i: Any, total: Any) -> Any:
        return add(total, *(jax.lax.dynamic_slice_in_dim(a, i * size, size, 1) for a in (ids, scale)))

    return jax.lax.fori_loop(0, count, step, start)


_sums = by_members(native_sums, plain_sums, suits_kernel)


@functools.cache
def _scattered(symbols: int) -> Any:
    native, plain = (functools.partial(f, symbols=symbols) for f in (native_gradient, plain_gradient))
    return by_members(native, plain, suits_kernel)
