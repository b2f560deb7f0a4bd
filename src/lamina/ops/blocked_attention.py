"""Attention by blocks of queries, for long sequences where there is no kernel.

How it works: for each block of queries only the keys that it sees are multiplied, so a causal mask halves the
work; the blocks are known while compiling. The backward pass keeps one number a row, L = ln Σ e^score, and
computes the weights of a block again as P = e^(score - L). With D the gradient of the output O and
δ = rowsum(D ⊙ O): dV += Pᵀ·D, dS = P ⊙ (D·Vᵀ - δ), dQ = dS·K, dK += dSᵀ·Q.

References:
    Dao et al. FlashAttention: fast and memory-efficient exact attention with IO-awareness. NeurIPS 2022.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.ops.grouped import by_group, from_groups, grouped_product
from lamina.ops.reach import CAUSAL, Reach
from lamina.ops.scores import masked_scores

BLOCK = 256  # queries: the scores of a head of 64 features and 2,048 keys take 2 MB


def blocked_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b s g k"],
    value: Float[Array, "b s g k"],
    *,
    reach: Reach = CAUSAL,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
    block: int = BLOCK,
) -> Float[Array, "b t h k"]:
    """Return what `lamina.ops.causal_attention.attend` does, a block of queries at a time.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
        block: queries at a time.

    Returns:
        The mixtures. O(b·h·t·s·k) time, O(b·h·block·s) memory.

    Example:
        >>> blocked_attention(*[jnp.ones((1, 5, 2, 4))] * 3, block=2).shape
        (1, 5, 2, 4)
    """
    return _blocked((reach, block), query, key, value, present, slopes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _blocked(fixed: tuple[Reach, int], query: Any, key: Any, value: Any, present: Any, slopes: Any) -> Any:
    return _forward(fixed, query, key, value, present, slopes)[0]


def _forward(
    fixed: tuple[Reach, int], query: Any, key: Any, value: Any, present: Any, slopes: Any
) -> tuple[Any, tuple[Any, ...]]:
    groups = key.shape[2]
    q, k, v = by_group(query, groups), by_group(key, groups)[:, :, 0], by_group(value, groups)[:, :, 0]
    mixed, statistics = [], []
    for first, last, low, high in _blocks(fixed, query.shape[1], key.shape[1]):
        scores, seen = _scores(fixed[0], q, k, present, slopes, (first, last, low, high))
        most = scores.max(-1, keepdims=True)
        weights = jnp.where(seen, jnp.exp(scores - most), 0.0)
        total = weights.sum(-1, keepdims=True)
        sums = grouped_product(weights.astype(v.dtype), v[:, :, low:high], (False, False))
        mixed.append(sums / jnp.where(total == 0.0, 1.0, total))
        statistics.append(most + jnp.log(jnp.where(total == 0.0, 1.0, total)))
    out = from_groups(jnp.concatenate(mixed, 3).astype(query.dtype))
    return out, (query, key, value, present, slopes, out, jnp.concatenate(statistics, 3))


def _backward(fixed: tuple[Reach, int], saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    query, key, value, present, slopes, out, statistics = saved
    groups, scale = key.shape[2], _scale(query)
    q, d = by_group(query, groups), by_group(change, groups)
    k, v = by_group(key, groups)[:, :, 0], by_group(value, groups)[:, :, 0]
    delta = by_group(change.astype(jnp.float32) * out.astype(jnp.float32), groups).sum(-1, keepdims=True)
    dk, dv, dq = jnp.zeros(k.shape, jnp.float32), jnp.zeros(v.shape, jnp.float32), []
    for first, last, low, high in _blocks(fixed, query.shape[1], key.shape[1]):
        rows, keys = slice(first, last), slice(low, high)
        scores, seen = _scores(fixed[0], q, k, present, slopes, (first, last, low, high))
        weights = jnp.where(seen, jnp.exp(scores - statistics[:, :, :, rows]), 0.0)
        change_of_weights = grouped_product(d[:, :, :, rows], v[:, :, keys], (False, True))
        slope = (scale * weights * (change_of_weights - delta[:, :, :, rows])).astype(q.dtype)
        dq.append(grouped_product(slope, k[:, :, keys], (False, False)))
        dk = dk.at[:, :, keys].add(grouped_product(slope, q[:, :, :, rows], (True, False)))
        dv = dv.at[:, :, keys].add(grouped_product(weights.astype(d.dtype), d[:, :, :, rows], (True, False)))
    found = from_groups(jnp.concatenate(dq, 3).astype(query.dtype))
    dkey, dvalue = (from_groups(a.astype(key.dtype)[:, :, None]) for a in (dk, dv))
    return found, dkey, dvalue, None, None


_blocked.defvjp(_forward, _backward)


def _blocks(fixed: tuple[Reach, int], queries: int, keys: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield for each block its first query and one behind the last, and the same of the keys it sees."""
    reach, block = fixed
    for first in range(0, queries, block):
        last = min(queries, first + block)
        low, high = reach.span(first, last, keys)
        low = min(low, keys - 1)  # queries behind all keys see none; a product of nothing is no product
        yield first, last, low, max(high, low + 1)


def _scores(
    reach: Reach, q: Any, k: Any, present: Any, slopes: Any, block: tuple[int, int, int, int]
) -> tuple[Any, Any]:
    """Return the scores (b, g, r, t, s) of a block and which of its keys are seen."""
    first, last, low, high = block
    return masked_scores(
        q[:, :, :, first:last],
        k[:, :, low:high],
        reach=reach,
        present=None if present is None else present[:, low:high],
        slopes=slopes,
        queries=jnp.arange(first, last),
        keys=jnp.arange(low, high),
    )


def _scale(query: Any) -> float:
    return 1.0 / math.sqrt(query.shape[-1])
