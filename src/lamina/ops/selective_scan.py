"""The selective scan of Mamba (S6): a linear recurrence whose decay, input and output follow the sequence.

The states of all positions are n times as large as the sequence itself. They are never stored: time is cut
into chunks, the state at the start of each is kept, and the backward pass computes those inside a chunk
once more. On CPU a native kernel (`lamina.ops.dispatch`) keeps the states of 16 features at a time in
registers and cache.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops import dispatch
from lamina.ops.dispatch import differentiable
from lamina.ops.linear_recurrence import associative_states
from lamina.ops.native import library

CHUNK = 64  # positions whose states the backward pass holds at once; at least the usual 16 of a state
FEATURES = 16  # of a block of the kernel


def selective_scan(
    x: Float[Array, "b t d"],
    delta: Float[Array, "b t d"],
    state_matrix: Float[Array, "n d"],
    input_matrix: Float[Array, "b t n"],
    output_matrix: Float[Array, "b t n"],
    feedthrough: Float[Array, " d"],
    *,
    initial: Float[Array, "b n d"] | None = None,
) -> tuple[Float[Array, "b t d"], Float[Array, "b n d"]]:
    """Compute h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_t and y_t = C_t h_t + D x_t, a state of n a feature.

    A long step Δ_t forgets the state and takes x_t in, a short one keeps the state: the input decides.

    Args:
        x: the sequence.
        delta: Δ > 0, length of each step.
        state_matrix: A < 0, the diagonal of each feature's matrix.
        input_matrix: B, how an input enters the state.
        output_matrix: C, how the state leaves it.
        feedthrough: D, how much of the input passes by the state.
        initial: h_0; zeros without.

    Returns:
        y in the type of ``x``, and the last state in float32. O(b·t·d·n) operations, and O(b·t·d) memory for
        the gradient.

    Example:
        >>> one = jnp.ones((1, 3, 1))
        >>> y, state = selective_scan(one, one, -jnp.ones((2, 1)), *[jnp.ones((1, 3, 2))] * 2, jnp.zeros(1))
        >>> [round(value, 3) for value in y[0, :, 0].tolist()], state.shape
        ([2.0, 2.736, 3.006], (1, 2, 1))

    References:
        Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023, algorithm 2; B is
        discretized by Euler's rule, as in the paper's code.
    """
    state = jnp.zeros((x.shape[0], *state_matrix.shape), jnp.float32) if initial is None else initial
    operands = (x, delta, state_matrix.astype(jnp.float32), input_matrix, output_matrix)
    if suits_kernel(x, state_matrix):
        y, state = native_scan(*_wide(operands), state.astype(jnp.float32))
    else:
        y, state = plain_scan(*operands, state.astype(jnp.float32))
    passed = x.astype(jnp.float32) * feedthrough.astype(jnp.float32)[None, None]
    return (y + passed).astype(x.dtype), state


def suits_kernel(x: Any, state_matrix: Any) -> bool:
    """Return whether the kernel computes a scan faster than XLA; it does so in float32."""
    state = state_matrix.shape[0]
    return dispatch.suits("selective_scan", numbers=math.prod(x.shape) * state, state=state)


@jax.custom_vjp
def plain_scan(x: Any, delta: Any, a: Any, b: Any, c: Any, initial: Any) -> Any:
    """Return outputs without feedthrough, and the last state, as XLA computes them; both in float32."""
    return _plain(x, delta, a, b, c, initial)[:2]


def _plain(x: Any, delta: Any, a: Any, b: Any, c: Any, initial: Any) -> tuple[Any, Any, Any]:
    """Return outputs, the last state, and the states at the start of each chunk, (batch, chunks, n, d)."""

    def chunk(state: Any, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, Any]]:
        after, y = jax.lax.platform_dependent(
            a, state, inputs, cpu=_sequential_chunk, default=_associative_chunk
        )
        return after, (y, state)

    state, (y, starts) = jax.lax.scan(chunk, initial, _cut((x, delta, b, c)))
    return _joined(y, x.shape[1]), state, jnp.moveaxis(starts, 0, 1)


def _forward(*operands: Any) -> tuple[Any, tuple[Any, ...]]:
    *found, starts = _plain(*operands)
    return tuple(found), (*operands[:5], starts)


def _backward(saved: tuple[Any, ...], change: tuple[Any, Any]) -> tuple[Any, ...]:
    x, delta, a, b, c, starts = saved
    return _plain_gradient(x, delta, a, b, c, starts, *change)


def _plain_gradient(
    x: Any, delta: Any, a: Any, b: Any, c: Any, starts: Any, of_y: Any, of_state: Any
) -> tuple[Any, ...]:
    """Return the gradients, from the last chunk to the first; the states inside are computed again."""

    def chunk(carry: tuple[Any, Any], at: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any], Any]:
        of_a, of_state = carry
        found = jax.lax.platform_dependent(
            a, *at, of_state, cpu=_sequential_gradient, default=_associative_gradient
        )
        return (of_a + found[0], found[1]), found[2]

    cut = (jnp.moveaxis(starts, 1, 0), _cut((x, delta, b, c)), _cut((of_y,))[0])
    (of_a, of_state), slopes = jax.lax.scan(chunk, (jnp.zeros_like(a), of_state), cut, reverse=True)
    of_x, of_delta, of_b, of_c = (
        _joined(slope, x.shape[1]).astype(array.dtype)
        for slope, array in zip(slopes, (x, delta, b, c), strict=True)
    )
    return of_x, of_delta, of_a, of_b, of_c, of_state


plain_scan.defvjp(_forward, _backward)


@jax.custom_vjp
def native_scan(x: Any, delta: Any, a: Any, b: Any, c: Any, initial: Any) -> Any:
    """Return the same as `plain_scan` as the kernel computes it, everything in float32."""
    out = _float32(x.shape, initial.shape)
    return tuple(_call("selective_scan", out, x, delta, a, b, c, initial))


def _native(x: Any, delta: Any, a: Any, b: Any, c: Any, initial: Any) -> tuple[Any, ...]:
    """Return the same as `_plain`."""
    starts = (x.shape[0], -(-x.shape[1] // CHUNK), *initial.shape[1:])
    out = _float32(x.shape, initial.shape, starts)
    return tuple(_call("selective_scan", out, x, delta, a, b, c, initial))


def _native_gradient(
    x: Any, delta: Any, a: Any, b: Any, c: Any, starts: Any, of_y: Any, of_state: Any
) -> tuple[Any, ...]:
    """Return the same as `_plain_gradient`; sums over rows and blocks of features are left to XLA."""
    batch, time, features = x.shape
    state, blocks = a.shape[0], -(-features // FEATURES)
    sums = (batch, blocks, time, state)
    of_states = (batch, state, features)
    out = _float32(x.shape, x.shape, of_states, sums, sums, of_states)
    operands = (x, delta, a, b, c, starts, of_y, of_state)
    of_x, of_delta, of_a, of_b, of_c, of_state = _call("selective_scan_gradient", out, *operands)
    return of_x, of_delta, of_a.sum(0), of_b.sum(1), of_c.sum(1), of_state


def _call(name: str, out: Any, *operands: Any) -> Any:
    return library.call(name, out, *operands, vmap_method="broadcast_all", chunk=[CHUNK])


def _float32(*shapes: tuple[int, ...]) -> list[Any]:
    return [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]


_scanned = differentiable(_native, _plain)
_slopes = differentiable(_native_gradient, _plain_gradient)


def _native_forward(*operands: Any) -> tuple[Any, tuple[Any, ...]]:
    *found, starts = _scanned(*operands)
    return tuple(found), (*operands[:5], starts)


native_scan.defvjp(_native_forward, lambda saved, change: _slopes(*saved, *change))


def _cut(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return (batch, time, …) as (chunks, time of one, batch, …); steps of length zero fill up the last."""
    time = arrays[0].shape[1]
    size = min(CHUNK, time)
    more = -time % size

    def one(array: Any) -> Any:
        padded = jnp.pad(array, ((0, 0), (0, more), (0, 0))) if more else array
        return jnp.moveaxis(padded, 1, 0).reshape(-1, size, array.shape[0], array.shape[2])

    return tuple(map(one, arrays))


def _joined(cut: Any, time: int) -> Any:
    """Return (chunks, time of one, batch, …) as (batch, time, …)."""
    return jnp.moveaxis(cut.reshape(-1, *cut.shape[2:])[:time], 0, 1)


def _advanced(a: Any, state: Any, x: Any, delta: Any, b: Any) -> Any:
    """Return the state after one step."""
    return jnp.exp(delta[:, None] * a[None]) * state + b[:, :, None] * (delta * x)[:, None]


def _wide(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(array.astype(jnp.float32) for array in arrays)


def _sequential_chunk(a: Any, state: Any, inputs: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the state after a chunk and its outputs, one step after another."""

    def step(state: Any, at: tuple[Any, ...]) -> tuple[Any, Any]:
        x, delta, b, c = _wide(at)
        state = _advanced(a, state, x, delta, b)
        return state, (c[:, :, None] * state).sum(1)

    return jax.lax.scan(step, state, inputs)


def _sequential_gradient(
    a: Any, start: Any, inputs: tuple[Any, ...], of_y: Any, of_state: Any
) -> tuple[Any, Any, tuple[Any, ...]]:
    """Return the gradients of A, of the state before a chunk, and of its inputs.

    With g the gradient of a state, from its output and from the next state, e = exp(Δ A) and q = g·e·h_{t-1}:
    dA = Σ Δ q, dΔ = Σ A q + x Σ g B, dx = Δ Σ g B, dB = Σ g Δ x, dC = Σ dy h.
    """

    def again(state: Any, at: tuple[Any, ...]) -> tuple[Any, Any]:
        x, delta, b = _wide(at)
        return _advanced(a, state, x, delta, b), state

    def back(carry: tuple[Any, Any], at: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any], tuple[Any, ...]]:
        (of_a, slope), (inputs, of_y, before) = carry, at
        x, delta, b, c = _wide(inputs)
        decay, entered = jnp.exp(delta[:, None] * a[None]), delta * x
        kept = decay * before
        after = kept + b[:, :, None] * entered[:, None]
        slope = slope + c[:, :, None] * of_y[:, None]
        of_exponent, of_entered = slope * kept, (slope * b[:, :, None]).sum(1)
        of_delta = (of_exponent * a[None]).sum(1) + x * of_entered
        of_b, of_c = (slope * entered[:, None]).sum(2), (after * of_y[:, None]).sum(2)
        of_a = of_a + of_exponent * delta[:, None]
        return (of_a, decay * slope), (delta * of_entered, of_delta, of_b, of_c)

    before = jax.lax.scan(again, start, inputs[:3])[1]
    (of_a, of_state), slopes = jax.lax.scan(
        back, (jnp.zeros_like(start), of_state), (inputs, of_y, before), reverse=True
    )
    return of_a.sum(0), of_state, slopes


def _associative_chunk(a: Any, state: Any, inputs: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the state after a chunk and its outputs by an associative scan over all its states."""
    x, delta, b, c = _wide(inputs)
    decay = jnp.exp(delta[:, :, None] * a[None, None])
    entered = b[..., None] * (delta * x)[:, :, None]
    states = jnp.moveaxis(
        associative_states(jnp.moveaxis(decay, 0, 1), jnp.moveaxis(entered, 0, 1), state), 1, 0
    )
    return states[-1], jnp.einsum("tbn,tbnd->tbd", c, states)


def _associative_gradient(
    a: Any, start: Any, inputs: tuple[Any, ...], of_y: Any, of_state: Any
) -> tuple[Any, Any, tuple[Any, ...]]:
    """Return the same as `_sequential_gradient` by differentiating the associative scan."""
    back = jax.vjp(_associative_chunk, a, start, _wide(inputs))[1]
    return back((of_state, of_y))
