"""Linear recurrences against the formula written out, forward and backward, in both forms."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.linear_recurrence import associative_states, linear_recurrence

BATCH, TIME, STATE = 2, 7, 3
SHAPES = {"varying": (BATCH, TIME, STATE), "constant": (1, 1, STATE), "of a position": (BATCH, TIME, 1)}


def numbers(dtype: str, *shape: int, seed: int = 0) -> jax.Array:
    random = np.random.default_rng([seed, *shape])
    found = random.normal(size=shape)
    return jnp.asarray((found + 1j * random.normal(size=shape) if dtype == "complex64" else found), dtype)


def written_out(decay: jax.Array, inputs: jax.Array, state: jax.Array) -> jax.Array:
    def step(state: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        state = at[0] * state + at[1]
        return state, state

    decay = jnp.broadcast_to(decay, inputs.shape)
    states = jax.lax.scan(step, state, (jnp.moveaxis(decay, 1, 0), jnp.moveaxis(inputs, 1, 0)))[1]
    return jnp.moveaxis(states, 0, 1)


def value_and_gradients(recurrence: Callable, *operands: jax.Array) -> list[jax.Array]:
    def both(*operands: jax.Array) -> tuple:
        states, back = jax.vjp(recurrence, *operands)
        return states, *back(jnp.cos(states))

    return list(jax.jit(both)(*operands))


@pytest.mark.parametrize(
    ("kind", "dtype"), [("varying", "float32"), ("constant", "complex64"), ("of a position", "float32")]
)
def test_values_and_gradients_are_those_of_the_formula(kind: str, dtype: str):
    operands = (
        numbers(dtype, *SHAPES[kind]) * jnp.asarray(0.5, dtype),
        numbers(dtype, BATCH, TIME, STATE, seed=1),
        numbers(dtype, BATCH, STATE),
    )
    expected = value_and_gradients(written_out, *operands)
    for recurrence in (linear_recurrence, associative_states):
        for found, wanted in zip(value_and_gradients(recurrence, *operands), expected, strict=True):
            assert abs(np.asarray(found - wanted)).max() < 2e-6 * max(1, abs(np.asarray(wanted)).max())


def test_backward_in_time_is_forward_of_the_reversed():
    decay, inputs, state = (numbers("float32", *shape) for shape in [(2, 5, 3), (2, 5, 3), (2, 3)])
    wanted = jax.jit(written_out)(*(array[:, ::-1] for array in (decay, inputs)), state)[:, ::-1]
    found = jax.jit(functools.partial(associative_states, reverse=True))(decay, inputs, state)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_second_derivatives():
    decay, inputs = numbers("float32", 1, 4, 2) * 0.5, numbers("float32", 1, 4, 2, seed=1)

    def slope(recurrence: Callable) -> jax.Array:
        first = jax.grad(lambda a: (recurrence(a, inputs, jnp.zeros((1, 2))) ** 2).sum())
        return jax.jit(jax.grad(lambda a: (first(a) ** 2).sum()))(decay)

    np.testing.assert_allclose(slope(linear_recurrence), slope(written_out), rtol=1e-4)


def test_states_of_low_precision_are_summed_in_float32():
    ones = jnp.ones((1, 1000, 1), jnp.bfloat16)
    states = jax.jit(linear_recurrence)(ones[:, :1], ones)
    assert states.dtype == jnp.float32
    assert states[0, -1, 0] == 1000  # bfloat16 would stop at 256
