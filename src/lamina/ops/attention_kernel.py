"""Attention of any length by the native kernels, with its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.ops import dispatch
from lamina.ops.blocked_attention import blocked_attention
from lamina.ops.dispatch import differentiable
from lamina.ops.native import library
from lamina.ops.reach import Reach


def suits_kernel(query: Any, key: Any) -> bool:
    """Return whether the kernel computes sequences of these shapes faster than XLA; bfloat16 in float32."""
    if query.dtype not in (jnp.float32, jnp.bfloat16):
        return False
    batch, time, heads, width = query.shape
    work = batch * heads * time * key.shape[1] * width
    return dispatch.suits("causal_attention", multiplications=work)


def native_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b s g k"],
    value: Float[Array, "b s g k"],
    *,
    reach: Reach,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
) -> Any:
    """Return what `lamina.ops.causal_attention.attend` does as the kernel computes it.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
    """
    batch, heads = query.shape[0], query.shape[2]
    bias = falls = jnp.zeros((batch, 0), jnp.float32)  # nothing is added to the scores
    if present is not None:
        bias = jnp.where(present, 0.0, -jnp.inf).astype(jnp.float32)
    if slopes is not None:
        falls = jnp.broadcast_to(slopes.astype(jnp.float32)[None], (batch, heads))
    sides = [array.astype(jnp.float32) for array in (query, key, value)]
    mixed: Any = _attention(reach, *sides, bias, falls)
    return mixed.astype(query.dtype)


def suits_cache_kernel(query: Any, key: Any, reach: Reach) -> bool:
    """Return whether the kernel reads a cache of these shapes faster than XLA.

    Args:
        query: of the positions that ask, (b, t, h, k).
        key: room of the cache, (b, g, s, k).
        reach: which positions each one sees.
    """
    work = query.size * key.shape[2]
    return reach.after == 0 and dispatch.suits("cached_attention", query, key, multiplications=work)


def native_cached_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b g s k"],
    value: Float[Array, "b g s k"],
    *,
    reach: Reach,
    slopes: Float[Array, " h"] | None = None,
    first: Any = 0,
) -> Any:
    """Return what `lamina.ops.causal_attention.cached_attention` does as the kernel computes it.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked; those behind the last query are not read.
        value: what they give.
        reach: which positions each one sees, none of them later ones.
        slopes: of each head, how much a score falls with the distance.
        first: position of the first query among the keys; may be traced.
    """
    falls = jnp.zeros(0, jnp.float32) if slopes is None else slopes.astype(jnp.float32)
    return library.call(
        "cached_attention",
        jax.ShapeDtypeStruct(query.shape, query.dtype),
        query,
        key,
        value,
        jnp.asarray(first, jnp.int32),
        falls,
        before=[reach.bounds()[0]],
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attention(reach: Reach, *operands: Any) -> Any:
    return _mixed_and_statistics(reach)(*operands)[0]


def _forward(reach: Reach, *operands: Any) -> tuple[Any, tuple[Any, ...]]:
    mixed, statistics = _mixed_and_statistics(reach)(*operands)
    return mixed, (mixed, statistics, *operands)


def _backward(reach: Reach, saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    bias, slopes = saved[-2:]
    return *_gradient(reach)(change, *saved), jnp.zeros_like(bias), jnp.zeros_like(slopes)


_attention.defvjp(_forward, _backward)


@functools.cache
def _mixed_and_statistics(reach: Reach) -> Callable[..., Any]:
    """Return the kernel that gives what is mixed, and for each row the statistic of the backward pass."""

    def native(query: Any, *others: Any) -> Any:
        batch, time, heads, _ = query.shape
        shapes = (query.shape, (batch, heads, time))
        out = [jax.ShapeDtypeStruct(shape, query.dtype) for shape in shapes]
        return library.call(
            "causal_attention", out, query, *others, vmap_method="broadcast_all", reach=reach.bounds()
        )

    def plain(query: Any, *others: Any) -> Any:
        batch, time, heads, _ = query.shape
        unused = jnp.zeros((batch, heads, time), query.dtype)  # `plain_gradient` does not depend on it
        return [_plain(reach, query, *others), unused]

    return differentiable(native, plain)


@functools.cache
def _gradient(reach: Reach) -> Callable[..., Any]:
    """Return the kernel of the gradients of queries, keys and values."""

    def native(change: Any, mixed: Any, statistics: Any, *operands: Any) -> Any:
        out = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in operands[:3]]
        of = (change, mixed, statistics, *operands)
        return library.call(
            "causal_attention_gradient", out, *of, vmap_method="broadcast_all", reach=reach.bounds()
        )

    def plain(change: Any, _mixed: Any, _statistics: Any, *operands: Any) -> Any:
        fixed = operands[3:]
        return list(jax.vjp(lambda *sides: _plain(reach, *sides, *fixed), *operands[:3])[1](change))

    return differentiable(native, plain)


def _plain(reach: Reach, query: Any, key: Any, value: Any, bias: Any, slopes: Any) -> Any:
    present = bias == 0.0 if bias.shape[-1] else None
    falls = slopes[0] if slopes.shape[-1] else None
    return blocked_attention(query, key, value, reach=reach, present=present, slopes=falls)
