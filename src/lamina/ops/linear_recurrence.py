"""First-order linear recurrences: the state of every linear state-space model and of gated averages.

On CPU the states are computed one after another; on accelerators by an associative scan, which takes log₂ t
passes over all of them.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array


def linear_recurrence(decay: Array, inputs: Array, initial: Array | None = None) -> Any:
    """Return all states of h_t = a_t · h_{t-1} + b_t, number by number, real or complex.

    Its gradient is the same recurrence backward in time, g_t = dh_t + a_{t+1} · g_{t+1}, with db_t = g_t and
    da_t = g_t · h_{t-1}: it keeps the decays and the states, nothing else.

    Args:
        decay: a, (batch, time, *state). An axis of length one holds for all of the batch, time or state.
        inputs: b, (batch, time, *state).
        initial: h_0, (batch, *state); zeros without.

    Returns:
        The states, (batch, time, *state), float32 or complex64. O(batch · time · state).

    Example:
        >>> linear_recurrence(jnp.full((1, 1, 1), 0.5), jnp.ones((1, 4, 1)))[0, :, 0].tolist()
        [1.0, 1.5, 1.75, 1.875]

    References:
        Martin, Cundy. Parallelizing linear recurrent neural nets over sequence length. ICLR 2018. Blelloch.
        Prefix sums and their applications. 1990.
    """
    is_complex = any(jnp.iscomplexobj(array) for array in (decay, inputs, initial) if array is not None)
    dtype = jnp.complex64 if is_complex else jnp.float32
    start = jnp.zeros((inputs.shape[0], *inputs.shape[2:]), dtype) if initial is None else initial
    return _states(decay.astype(dtype), inputs.astype(dtype), start.astype(dtype), False)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def _states(decay: Any, inputs: Any, initial: Any, reverse: bool) -> Any:
    return jax.lax.platform_dependent(
        decay,
        inputs,
        initial,
        cpu=functools.partial(sequential_states, reverse=reverse),
        default=functools.partial(associative_states, reverse=reverse),
    )


def _forward(decay: Any, inputs: Any, initial: Any, reverse: bool) -> tuple[Any, tuple[Any, Any, Any]]:
    states = _states(decay, inputs, initial, reverse)
    return states, (decay, states, initial)


def _backward(reverse: bool, saved: tuple[Any, Any, Any], change: Any) -> tuple[Any, Any, Any]:
    decay, states, initial = saved
    slope: Any = _states(_shifted(decay, not reverse), change, jnp.zeros_like(initial), not reverse)
    start = initial[:, None]
    before = [states[:, 1:], start] if reverse else [start, states[:, :-1]]
    of_decay = _summed(slope * jnp.concatenate(before, axis=1), decay.shape)
    first = slice(-1, None) if reverse else slice(0, 1)
    at_first = decay[:, first] if decay.shape[1] > 1 else decay
    return of_decay, slope, (at_first * slope[:, first])[:, 0]


_states.defvjp(_forward, _backward)


def _shifted(decay: Any, is_later: bool) -> Any:
    """Return at each position the decay of the next one, or of the one before; the border's is not used."""
    return decay if decay.shape[1] == 1 else jnp.roll(decay, -1 if is_later else 1, axis=1)


def _summed(array: Any, shape: tuple[int, ...]) -> Any:
    """Return the sum over the axes that have length one in ``shape``."""
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return array.sum(axes, keepdims=True)


def sequential_states(decay: Any, inputs: Any, initial: Any, *, reverse: bool = False) -> Any:
    """Return the states by a loop over time; the arguments are those of `linear_recurrence`."""
    is_constant = decay.shape[1] == 1
    moved = None if is_constant else jnp.moveaxis(decay, 1, 0)

    def step(state: Any, at: tuple[Any, Any]) -> tuple[Any, Any]:
        factor, added = at
        state = (decay[:, 0] if is_constant else factor) * state + added
        return state, state

    states = jax.lax.scan(step, initial, (moved, jnp.moveaxis(inputs, 1, 0)), reverse=reverse)[1]
    return jnp.moveaxis(states, 0, 1)


def associative_states(decay: Any, inputs: Any, initial: Any, *, reverse: bool = False) -> Any:
    """Return the states by an associative scan; the arguments are those of `linear_recurrence`.

    Two steps are one, (a₁, b₁) then (a₂, b₂) being (a₁·a₂, a₂·b₁ + b₂), so they combine as a tree.
    """
    first = inputs.shape[1] - 1 if reverse else 0
    decay = jnp.broadcast_to(decay, (decay.shape[0], inputs.shape[1], *decay.shape[2:]))
    inputs = inputs.at[:, first].add(decay[:, first] * initial)

    def both(one: tuple[Any, Any], two: tuple[Any, Any]) -> tuple[Any, Any]:
        return one[0] * two[0], two[0] * one[1] + two[1]

    return jax.lax.associative_scan(both, (decay, inputs), axis=1, reverse=reverse)[1]
