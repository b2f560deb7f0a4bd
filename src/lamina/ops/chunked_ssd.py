"""Mamba-2's state space duality: a selective recurrence as masked attention inside chunks of the sequence.

One decay a head instead of one a number makes the product of decays between two positions a matrix, so
inside a chunk the outputs are products of matrices, which processors are best at; between chunks there is a
recurrence over their states.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.dense import Sides, product
from lamina.ops.linear_recurrence import linear_recurrence

CHUNK = 64


def chunked_ssd(
    x: Float[Array, "b t h k"],
    delta: Float[Array, "b t h"],
    state_matrix: Float[Array, " h"],
    input_matrix: Float[Array, "b t g n"],
    output_matrix: Float[Array, "b t g n"],
    feedthrough: Float[Array, " h"],
    *,
    initial: Float[Array, "b h n k"] | None = None,
    chunk: int = CHUNK,
) -> tuple[Float[Array, "b t h k"], Float[Array, "b h n k"]]:
    """Compute h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_tᵀ and y_t = C_tᵀ h_t + D x_t, a state (n, k) a head.

    Inside a chunk y = (L ∘ C Bᵀ) (Δ x) with L_ts = exp(Σ_{s<r≤t} Δ_r A): causal attention without softmax.
    The gradient computes these matrices once more instead of keeping them.

    Args:
        x: the sequence, heads of width k.
        delta: Δ > 0, length of each step.
        state_matrix: A < 0, one number a head.
        input_matrix: B, how an input enters the state; h / g heads share one.
        output_matrix: C, how the state leaves it.
        feedthrough: D, how much of the input passes by the state.
        initial: h_0; zeros without.
        chunk: positions of a chunk; longer ones do more arithmetic in larger products.

    Returns:
        y in the type of ``x``, and the last state in float32. O(b·t·h·(chunk·(n + k) + n·k)).

    Example:
        >>> one = jnp.ones((1, 3, 1))
        >>> y, state = chunked_ssd(
        ...     one[..., None], one, -jnp.ones(1), *[jnp.ones((1, 3, 1, 2))] * 2, jnp.zeros(1)
        ... )
        >>> [round(value, 3) for value in y[0, :, 0, 0].tolist()], state.shape
        ([2.0, 2.736, 3.006], (1, 1, 2, 1))

    References:
        Dao, Gu. Transformers are SSMs: generalized models and efficient algorithms through structured state
        space duality. ICML 2024, section 6.
    """
    (batch, time, heads, width), (groups, size) = x.shape, input_matrix.shape[2:]
    wide = delta.astype(jnp.float32)
    state = jnp.zeros((batch, heads, size, width), jnp.float32) if initial is None else initial
    entered = (x.astype(jnp.float32) * wide[..., None]).astype(x.dtype)
    exponent = wide * state_matrix.astype(jnp.float32)[None, None]
    grouped, length = (groups, heads // groups), min(chunk, time)
    y, state = _outputs(
        _chunks(entered.reshape(batch, time, *grouped, width), length),
        _chunks(exponent.reshape(batch, time, *grouped), length),
        _chunks(input_matrix.astype(x.dtype), length),
        _chunks(output_matrix.astype(x.dtype), length),
        jnp.moveaxis(state.astype(jnp.float32).reshape(batch, *grouped, size, width), 2, 3),
    )
    y = jnp.moveaxis(y, 2, 3).reshape(batch, -1, heads, width)[:, :time]
    passed = x.astype(jnp.float32) * feedthrough.astype(jnp.float32)[None, None, :, None]
    return (y + passed).astype(x.dtype), jnp.moveaxis(state, 3, 2).reshape(batch, heads, size, width)


def _chunks(array: Any, size: int) -> Any:
    """Return (batch, time, group, …) as (batch, chunks, group, time of one, …).

    Zeros fill up the last chunk; they leave the state as it is.
    """
    more = -array.shape[1] % size
    if more:
        array = jnp.pad(array, ((0, 0), (0, more), *((0, 0),) * (array.ndim - 2)))
    return jnp.moveaxis(array.reshape(array.shape[0], -1, size, *array.shape[2:]), 2, 3)


def _outputs(x: Any, exponent: Any, b: Any, c: Any, initial: Any) -> tuple[Any, Any]:
    """Return y (batch, chunk, group, time, head, width) and the last state (batch, group, n, head, width)."""
    passed = jnp.cumsum(exponent, axis=3)  # Σ Δ A from the start of the chunk
    remaining = jnp.exp(passed[:, :, :, -1:] - passed)[..., None].astype(x.dtype)
    added = _product(b, _joined(x * remaining), (True, False))
    heads = (*added.shape[:4], *x.shape[4:])
    decay = jnp.exp(passed[:, :, :, -1])[:, :, :, None, :, None]
    states = linear_recurrence(decay, added.reshape(heads), initial)
    before = jnp.concatenate([initial[:, None], states[:, :-1]], axis=1)
    from_before = _product(c, _joined(before).astype(x.dtype), (False, False)).reshape(x.shape)
    return _within(x, passed, b, c) + from_before * jnp.exp(passed)[..., None], states[:, -1]


@jax.checkpoint
def _within(x: Any, passed: Any, b: Any, c: Any) -> Any:
    """Return what positions of the same chunk give to y."""
    length = x.shape[3]
    is_before = jnp.tril(jnp.ones((length, length), bool))[None, None, None, None]
    sums = jnp.moveaxis(passed, 3, 4)
    # Masked before the exponential, which would overflow behind the diagonal and give NaN gradients.
    decay = jnp.exp(jnp.where(is_before, sums[..., :, None] - sums[..., None, :], -jnp.inf))
    scores = _product(c, b, (False, True))[:, :, :, None] * decay
    return jnp.moveaxis(_product(scores.astype(x.dtype), jnp.moveaxis(x, 3, 4), (False, False)), 4, 3)


def _joined(array: Any) -> Any:
    """Return heads and their widths as one axis."""
    return array.reshape(*array.shape[:-2], -1)


def _product(left: Any, right: Any, transposed: Sides) -> Any:
    """Return the products over the last two axes in float32, all of them in one call."""
    flat = [array.reshape(-1, *array.shape[-2:]) for array in (left, right)]
    found: Any = jax.vmap(lambda one, other: product(one, other, transposed))(*flat)
    return found.reshape(*left.shape[:-2], *found.shape[-2:]).astype(jnp.float32)
