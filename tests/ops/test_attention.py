"""Attention in float64, against PyTorch, and the kernel against XLA."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.attention import (
    attention_weights,
    mixture,
    plain_self_attention,
    self_attention,
    suits_kernel,
)
from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.native import library

SetLimit = Callable[..., None]
needs_kernel = pytest.mark.skipif(
    not library.has_kernels("attention", "float32"), reason="no C++ compiler here"
)
RANDOM = np.random.default_rng(0)
weigh, mix = jax.jit(attention_weights), jax.jit(mixture)


def normal(*shape: int) -> jax.Array:
    return jax.device_put(RANDOM.normal(size=shape).astype(np.float32))


def in_float64(query: jax.Array, key: jax.Array, value: jax.Array) -> tuple[np.ndarray, np.ndarray]:
    q, k, v = (np.asarray(a, np.float64) for a in (query, key, value))
    scores = np.exp(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]))
    weights = scores / scores.sum(-1, keepdims=True)
    return weights @ v, weights


def test_attention_in_float64():
    query, key, value = normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)
    mixed, weights = in_float64(query, key, value)
    found = weigh(query, key)
    np.testing.assert_allclose(found, weights, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mix(found, value), mixed, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mix(weights.astype(np.float32), value), mixed, rtol=1e-5, atol=1e-6)


def test_attention_does_not_overflow():
    big = np.full((1, 1, 2, 4), 300.0, np.float32)
    np.testing.assert_allclose(weigh(big, big), 0.5)
    np.testing.assert_allclose(mix(weigh(big, big), big), 300.0)


def test_attention_against_pytorch():
    torch = pytest.importorskip("torch")
    query, key, value = normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(np.asarray(a)) for a in (query, key, value))
    )
    np.testing.assert_allclose(mix(weigh(query, key), value), theirs, rtol=1e-5, atol=1e-6)


@needs_kernel
@pytest.mark.parametrize(
    ("batch", "time", "heads", "width"),
    [(1, 1, 1, 1), (2, 3, 1, 5), (1, 8, 2, 8), (3, 17, 3, 20), (2, 65, 3, 64), (1, 130, 2, 33)],
)
def test_the_kernel_agrees_with_xla(batch: int, time: int, heads: int, width: int, set_limit: SetLimit):
    set_limit("attention", multiplications=Limit())
    parts, goal = normal(batch, time, 3, heads, width), normal(batch, time, heads, width)
    assert suits_kernel(parts)

    def of(attention: Callable) -> tuple[jax.Array, ...]:
        def values_and_slope(parts: jax.Array, goal: jax.Array) -> tuple[jax.Array, ...]:
            value, back = jax.vjp(attention, parts)
            return value, attention(parts), back(goal)[0]  # where nobody differentiates no weights are kept

        return jax.jit(values_and_slope)(parts, goal)

    (found, alone, slope), (expected, _, plain_slope) = of(self_attention), of(plain_self_attention)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(alone, found, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(slope, plain_slope, rtol=1e-4, atol=1e-5)
    in_double = in_float64(*np.asarray(parts).transpose(2, 0, 3, 1, 4))[0].transpose(0, 2, 1, 3)
    np.testing.assert_allclose(found, in_double, rtol=1e-5, atol=2e-6)


@needs_kernel
def test_a_population_is_a_loop_over_members():
    several = np.asarray(normal(3, 8, 33, 3, 2, 64))
    assert suits_kernel(several[0])

    def loss(parts: jax.Array) -> jax.Array:
        return (self_attention(parts) ** 2).sum()

    one, together = jax.jit(jax.grad(loss)), jax.jit(jax.vmap(jax.grad(loss)))
    alone = np.stack([one(parts) for parts in several])
    np.testing.assert_allclose(together(several), alone, rtol=1e-5, atol=1e-6)


@needs_kernel
def test_large_scores_do_not_overflow_and_what_is_no_number_stays_so():
    parts = np.full((2, 64, 3, 2, 64), 300.0, np.float32)
    parts[1, 5, 1, 0, 3] = np.nan
    parts = jnp.array(parts)
    assert suits_kernel(parts)
    found = np.asarray(self_attention(parts))
    np.testing.assert_allclose(found[0], 300.0, rtol=1e-6)
    assert np.isnan(found[1, :, 0]).all()
    np.testing.assert_allclose(found[1, :, 1], 300.0, rtol=1e-6)


@needs_kernel
def test_second_derivatives_are_computed_by_xla():
    parts = normal(2, 64, 3, 2, 64)
    assert suits_kernel(parts)

    def slope(attention):
        first = jax.grad(lambda q: (attention(q) ** 2).sum())
        return jax.jit(jax.grad(lambda p: (first(p) ** 2).sum()))(parts)

    found, expected = slope(self_attention), slope(plain_self_attention)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_long_and_small_ones_are_computed_by_xla():
    def shape(*sizes: int, dtype: type = jnp.float32) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(sizes, dtype)

    assert not suits_kernel(shape(1, 4, 3, 1, 8))
    assert not suits_kernel(shape(1, TABLE["attention"].limits["positions"].at_most + 1, 3, 8, 64))
    assert not suits_kernel(shape(64, 64, 3, 8, 64, dtype=jnp.bfloat16))
