"""State space duality in chunks against the recurrence written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.chunked_ssd import chunked_ssd

BATCH, HEADS, WIDTH, STATE = 2, 4, 5, 3


def operands(time: int, groups: int) -> tuple[Any, ...]:
    """x, Δ, A, B, C, D and the first state."""
    random = np.random.default_rng(time)

    def normal(*shape: int) -> Any:
        return jnp.asarray(random.normal(size=shape), jnp.float32)

    inside = [normal(BATCH, time, groups, STATE) for _ in range(2)]
    delta = jnp.logaddexp(normal(BATCH, time, HEADS) - 1.0, 0.0)
    x, rates = normal(BATCH, time, HEADS, WIDTH), -jnp.exp(normal(HEADS))
    return x, delta, rates, *inside, normal(HEADS), normal(BATCH, HEADS, STATE, WIDTH)


def written_out(x: Any, delta: Any, a: Any, b: Any, c: Any, d: Any, state: Any) -> tuple[Any, Any]:
    """The recurrence, position by position."""
    b, c = (jnp.repeat(array, HEADS // array.shape[2], axis=2) for array in (b, c))

    def step(state: Any, at: tuple[Any, ...]) -> tuple[Any, Any]:
        x, delta, b, c = at
        state = jnp.exp(delta * a[None])[..., None, None] * state
        state = state + b[..., None] * (delta[..., None] * x)[:, :, None]
        return state, (c[..., None] * state).sum(2) + d[None, :, None] * x

    state, y = jax.lax.scan(step, state, tuple(jnp.moveaxis(one, 1, 0) for one in (x, delta, b, c)))
    return jnp.moveaxis(y, 0, 1), state


def in_chunks(*operands: Any) -> tuple[Any, Any]:
    *others, initial = operands
    return chunked_ssd(*others, initial=initial, chunk=4)


def value_and_gradients(function: Callable, *operands: Any) -> list[Any]:
    def all_of(*operands: Any) -> tuple[Any, ...]:
        (y, state), back = jax.vjp(function, *operands)
        return y, state, *back((jnp.cos(y), jnp.sin(state)))

    return list(jax.jit(all_of)(*operands))


@pytest.mark.parametrize(("time", "groups"), [(8, 2), (10, 1)])
def test_values_and_gradients_are_those_of_the_formula(time: int, groups: int):
    found = value_and_gradients(in_chunks, *operands(time, groups))
    wanted = value_and_gradients(written_out, *operands(time, groups))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=5e-5, atol=5e-5)


def test_long_steps_give_finite_gradients():
    x, delta, a, b, c, d, state = operands(10, 1)
    found = value_and_gradients(in_chunks, x, 1000 * delta, a, b, c, d, state)
    assert all(bool(jnp.isfinite(array).all()) for array in found)


def test_in_pieces_is_as_a_whole():
    x, delta, a, b, c, d, start = operands(9, 2)

    @jax.jit
    def in_pieces() -> tuple[Any, Any]:
        pieces, state = [], start
        for begin, end in [(0, 5), (5, 9)]:
            cut, inside = ([array[:, begin:end] for array in pair] for pair in ((x, delta), (b, c)))
            y, state = in_chunks(*cut, a, *inside, d, state)
            pieces.append(y)
        return jnp.concatenate(pieces, axis=1), state

    whole, last = jax.jit(in_chunks)(x, delta, a, b, c, d, start)
    found, state = in_pieces()
    np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(state, last, rtol=1e-5, atol=1e-5)


def test_low_precision_keeps_states_in_float32():
    x, delta, a, b, c, d, _ = operands(16, 1)
    low = [array.astype(jnp.bfloat16) for array in (x, b, c)]
    run = jax.jit(lambda x, b, c: chunked_ssd(x, delta, a, b, c, d, chunk=4))
    y, state = run(*low)
    wanted, last = run(*(array.astype(jnp.float32) for array in low))
    assert (y.dtype, state.dtype) == (jnp.bfloat16, jnp.float32)
    scale = float(jnp.abs(wanted).max())
    np.testing.assert_allclose(y.astype(jnp.float32), wanted, atol=2e-2 * scale)
    np.testing.assert_allclose(state, last, atol=2e-2 * float(jnp.abs(last).max()))
