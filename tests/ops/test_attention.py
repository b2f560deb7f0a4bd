"""Attention in float64, and against PyTorch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.attention import attention

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


def test_attention_in_float64():
    query, key, value = normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)
    mixed, weights = attention(query, key, value)
    q, k, v = (np.asarray(a, np.float64) for a in (query, key, value))
    scores = np.exp(q @ k.transpose(0, 1, 3, 2) / np.sqrt(8))
    expected = scores / scores.sum(-1, keepdims=True)
    np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mixed, expected @ v, rtol=1e-5, atol=1e-6)


def test_attention_does_not_overflow():
    big = jnp.full((1, 1, 2, 4), 300.0)
    mixed, weights = attention(big, big, big)
    np.testing.assert_allclose(weights, 0.5)
    np.testing.assert_allclose(mixed, 300.0)


def test_attention_against_pytorch():
    torch = pytest.importorskip("torch")
    query, key, value = normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(np.asarray(a)) for a in (query, key, value))
    )
    np.testing.assert_allclose(attention(query, key, value)[0], theirs, rtol=1e-5, atol=1e-6)
