"""Attention of any length: causal, sliding window or all, fewer heads of keys than of queries, distances.

Position i of the queries stands beside position i of the keys. No matrix of times × times is kept for long
sequences: on CPU a native kernel (`lamina.ops.dispatch`) or blocks of queries (`ops.blocked_attention`)
compute the scores of a block, and again in the backward pass; on GPU cuDNN does where it takes the types.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core import runtime
from lamina.core.arrays import Array
from lamina.core.errors import ShapeError
from lamina.core.shapes import Bool, Float
from lamina.ops.attention_kernel import (
    native_attention,
    native_cached_attention,
    suits_cache_kernel,
    suits_kernel,
)
from lamina.ops.blocked_attention import blocked_attention
from lamina.ops.dispatch import differentiable
from lamina.ops.grouped import by_group, from_groups, grouped_product
from lamina.ops.reach import CAUSAL, Reach
from lamina.ops.scores import masked_scores

SHORT = 256  # queries up to which the scores of all are formed at once, where there is no kernel


def attend(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b s g k"],
    value: Float[Array, "b s g k"],
    *,
    reach: Reach = CAUSAL,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
) -> Float[Array, "b t h k"]:
    """Mix the values of the positions that each one sees by how well their keys match its query.

    y_i = Σ_j softmax_j(q_i · k_j / √k - slope·|i - j|) v_j over the j that i sees. Head h of the queries asks
    head h·g/h of the keys: multi-head attention for g = h, grouped-query for fewer, multi-query for one.
    A position that sees none gives zeros. O(b·h·t·s·k), half of it where it is causal.

    Args:
        query: of the positions that ask, one row a head.
        key: of the positions that are asked; g divides h.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance (ALiBi); none without.

    Returns:
        The mixtures, heads beside one another.

    Raises:
        ShapeError: the heads of the queries are no multiple of those of the keys.

    Example:
        >>> attend(jnp.ones((1, 5, 4, 8)), jnp.ones((1, 5, 2, 8)), jnp.ones((1, 5, 2, 8))).shape
        (1, 5, 4, 8)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017. Ainslie et al. GQA. EMNLP 2023.
        Press, Smith, Lewis. Train short, test long. ICLR 2022. Dao et al. FlashAttention. NeurIPS 2022.
    """
    if query.shape[2] % key.shape[2]:
        raise ShapeError(
            "heads of queries are no multiple of the heads of keys",
            expected=f"a multiple of {key.shape[2]}",
            received=query.shape[2],
        )
    adds = present is not None or slopes is not None
    if suits_kernel(query, key):
        form = native_attention
    elif runtime.has_cudnn() and suits_cudnn(query, key, reach, adds=adds):
        form = functools.partial(fused_attention, implementation="cudnn")
    else:
        form = plain_attention if query.shape[1] <= SHORT else blocked_attention
    return form(query, key, value, reach=reach, present=present, slopes=slopes)


def suits_cudnn(query: Any, key: Any, reach: Reach, *, adds: bool) -> bool:
    """Return whether cuDNN's kernel takes sequences of these shapes, forward and backward.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked.
        reach: which positions each one sees.
        adds: whether padding or slopes are added to the scores.
    """
    width, is_even = query.shape[-1], query.shape[1] % 2 == 0 and key.shape[1] % 2 == 0
    return (
        query.dtype in (jnp.bfloat16, jnp.float16)
        and width <= 128
        and width % 8 == 0
        and (reach.is_everything or reach.after == 0)
        and (is_even or not adds)
    )


def plain_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b s g k"],
    value: Float[Array, "b s g k"],
    *,
    reach: Reach = CAUSAL,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
    first: Any = 0,
    watch: Callable[[Any], Any] = lambda weights: weights,
) -> Float[Array, "b t h k"]:
    """Return what `attend` does with the weights of all positions formed at once.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
        first: position of the first query among the keys, as behind those of a cache; may be traced.
        watch: is shown the weights (b, h, t, s), and says which are used.

    Returns:
        The mixtures. O(b·h·t·s·k) time, O(b·h·t·s) memory.

    Example:
        >>> x = jnp.arange(3.0).reshape(1, 3, 1, 1)
        >>> plain_attention(0 * x, x, x).ravel().tolist()
        [0.0, 0.5, 1.0]
    """
    sides = (by_group(array, key.shape[2])[:, :, 0] for array in (key, value))
    return plain_cached_attention(
        query, *sides, reach=reach, present=present, slopes=slopes, first=first, watch=watch
    )


def cached_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b g s k"],
    value: Float[Array, "b g s k"],
    *,
    reach: Reach = CAUSAL,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
    first: Any = 0,
) -> Float[Array, "b t h k"]:
    """Return what `plain_attention` does, of keys and values that lie head by head, as in a cache.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked, heads before positions: none is moved in memory.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
        first: position of the first query among the keys; may be traced.

    Returns:
        The mixtures. O(b·h·t·s·k); of the kernel, s are the keys that are written.

    Example:
        >>> cached_attention(jnp.ones((1, 1, 4, 8)), *[jnp.ones((1, 2, 16, 8))] * 2, first=3).shape
        (1, 1, 4, 8)
    """
    if present is not None or not suits_cache_kernel(query, key, reach):
        return plain_cached_attention(
            query, key, value, reach=reach, present=present, slopes=slopes, first=first
        )
    native, plain = (
        lambda query, key, value, first, form=form: form(
            query, key, value, reach=reach, slopes=slopes, first=first
        )
        for form in (native_cached_attention, plain_cached_attention)
    )
    return differentiable(native, plain)(query, key, value, jnp.asarray(first, jnp.int32))


def plain_cached_attention(
    query: Float[Array, "b t h k"],
    key: Float[Array, "b g s k"],
    value: Float[Array, "b g s k"],
    *,
    reach: Reach = CAUSAL,
    present: Bool[Array, "b s"] | None = None,
    slopes: Float[Array, " h"] | None = None,
    first: Any = 0,
    watch: Callable[[Any], Any] = lambda weights: weights,
) -> Float[Array, "b t h k"]:
    """Return what `cached_attention` does with the weights of all positions formed at once.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked, heads before positions: none is moved in memory.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
        first: position of the first query among the keys; may be traced.
        watch: is shown the weights (b, h, t, s), and says which are used.

    Returns:
        The mixtures. O(b·h·t·s·k) time, O(b·h·t·s) memory.

    Example:
        >>> plain_cached_attention(jnp.ones((1, 1, 4, 8)), *[jnp.ones((1, 2, 16, 8))] * 2, first=3).shape
        (1, 1, 4, 8)
    """
    batch, time, heads, _ = query.shape
    groups, keys = key.shape[1:3]
    scores, seen = masked_scores(
        by_group(query, groups),
        key,
        reach=reach,
        present=present,
        slopes=slopes,
        queries=jnp.arange(time) + first,
        keys=jnp.arange(keys),
    )
    weights = jnp.where(seen, jax.nn.softmax(scores, axis=-1), 0.0).astype(query.dtype)
    weights = watch(weights.reshape(batch, heads, time, keys))
    of_groups = weights.reshape(batch, groups, heads // groups, time, keys)
    mixed = grouped_product(of_groups, value, (False, False))
    return from_groups(mixed.astype(query.dtype))


def fused_attention(
    query: Any,
    key: Any,
    value: Any,
    *,
    reach: Reach = CAUSAL,
    present: Any = None,
    slopes: Any = None,
    implementation: str,
) -> Any:
    """Return what `attend` does by `jax.nn.dot_product_attention`.

    Args:
        query: of the positions that ask.
        key: of the positions that are asked.
        value: what they give.
        reach: which positions each one sees.
        present: which of the asked positions are there; all without.
        slopes: of each head, how much a score falls with the distance.
        implementation: ``"cudnn"``, for what `suits_cudnn`, or ``"xla"``, which forms all weights.

    Returns:
        The mixtures.

    Example:
        >>> fused_attention(*[jnp.ones((1, 5, 2, 4))] * 3, implementation="xla").shape
        (1, 5, 2, 4)
    """
    bias, times, keys = None, query.shape[1], key.shape[1]
    if slopes is not None:
        far = jnp.abs(jnp.arange(times)[:, None] - jnp.arange(keys)[None, :]).astype(jnp.float32)
        bias = -(slopes.astype(jnp.float32)[:, None, None] * far[None])[None].astype(query.dtype)
    # A mask is formed only where nothing else says the same: cuDNN is slower with one.
    window = None if reach.before is None and reach.after in (None, 0) else reach
    mask = None if present is None else present[:, None, None, :]
    options: Any = {"bias": bias, "mask": mask, "implementation": implementation}
    if window is not None:
        options["local_window_size"] = _window(window, times, keys)
    with jax.numpy_dtype_promotion("standard"):  # it adds float32 to bfloat16 inside
        mixed = jax.nn.dot_product_attention(query, key, value, is_causal=reach.after == 0, **options)
    if present is None and times <= keys:
        return mixed  # each sees itself at least
    visible = reach.visible(jnp.arange(times), jnp.arange(keys))[None]
    seen = visible if present is None else visible & present[:, None, :]
    return jnp.where(jnp.any(seen, axis=-1)[:, :, None, None], mixed, jnp.zeros((), mixed.dtype))


def _window(reach: Reach, times: int, keys: int) -> tuple[int, int]:
    farthest = max(times, keys)
    before, after = reach.bounds()
    return min(before, farthest), min(after, farthest)
